"""The tenants of an installation."""

MAIN = "main"  # the installation's own bot, beside which there may be tenants
