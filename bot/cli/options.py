"""Whose settings a command works with: the installation's, or those of `gwbot --tenant NAME`."""

import click

from bot.app.tenants import load_tenant_settings
from bot.settings import Settings, load_settings


def chosen_settings() -> Settings:
    """The settings; raises SettingsError naming what is wrong."""
    installation, tenant = load_settings(), chosen_tenant()
    return load_tenant_settings(installation, tenant) if tenant else installation


def chosen_tenant() -> str | None:
    """The tenant named on the command line."""
    tenant: str | None = click.get_current_context().find_root().params.get("tenant")
    return tenant
