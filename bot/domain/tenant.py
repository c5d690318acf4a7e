"""The tenants of an installation."""

MAIN_TENANT = "main"  # the installation's own bot, beside which there may be tenants
