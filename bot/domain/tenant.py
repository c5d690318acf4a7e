"""The name of an installation's own bot."""

MAIN_TENANT = "main"  # there may be tenants besides it
