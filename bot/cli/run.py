"""`gwbot run` and `gwbot worker`."""

import asyncio
import logging
from typing import TYPE_CHECKING

import click

from bot.app.tenants import list_tenant_names
from bot.cli.options import chosen_settings
from bot.errors import SettingsError
from bot.log import configure_logging
from bot.settings import Settings, describe_ineffective_settings
from bot.store import SQLITE_PREFIX
from bot.store.records import MAIN_TENANT

if TYPE_CHECKING:
    from bot.app.bootstrap import UpdateSource


log = logging.getLogger(__name__)


@click.command()
@click.option("--mode", type=click.Choice(["webhook", "polling"]), help="Default: webhook if GW_WEBHOOK_URL is set.")
@click.option("--no-open", is_flag=True, help="Do not open the sandbox's page in the browser.")
def run(mode: str | None, no_open: bool) -> None:
    """Run all bots, by webhook or polling; without a token, open the sandbox in the browser and a terminal chat.

    If there is no encoder or no index in the data folder, they are prepared first. The sandbox also replaces those of
    another version of the program; with a token these are an error that names the command to run.
    """
    settings = chosen_settings()
    for line in describe_ineffective_settings():
        click.echo(line, err=True)
    if not _has_bots(settings):
        if mode:
            raise SettingsError(f"GW_TELEGRAM_TOKEN: needed for --mode {mode}")
        from bot.cli.sandbox import run_sandbox

        run_sandbox(settings, opens_page=not no_open)
        return
    from bot.app.bootstrap import UpdateSource

    webhook = mode == "webhook" if mode else settings.webhook_url is not None
    if webhook and settings.webhook_url is None:
        raise SettingsError("GW_WEBHOOK_URL: needed for --mode webhook")
    _run_bots(settings, UpdateSource.WEBHOOK if webhook else UpdateSource.POLLING)


@click.command()
def worker() -> None:
    """Support `gwbot run` on PostgreSQL: send, remind, delete and handle pending updates, but receive none."""
    from bot.app.bootstrap import UpdateSource

    settings = chosen_settings()
    if not _has_bots(settings):
        raise SettingsError("GW_TELEGRAM_TOKEN: needed for gwbot worker")
    if settings.store_url.startswith(SQLITE_PREFIX):
        raise SettingsError("GW_DATABASE_URL: several processes need PostgreSQL; with SQLite, use `gwbot run` alone")
    _run_bots(settings, UpdateSource.NONE)


def _run_bots(settings: Settings, source: "UpdateSource") -> None:
    from bot.app.preparation import ensure_prepared
    from bot.app.supervisor import extend_start_timeout, run_all_bots

    def announce(text: str) -> None:
        log.warning("%s", text)
        extend_start_timeout()

    configure_logging("WARNING", settings.log_format)  # what takes long is logged at any GW_LOG_LEVEL
    ensure_prepared(settings, announce, sandbox=False)
    configure_logging(settings.log_level, settings.log_format)
    asyncio.run(run_all_bots(settings, source))


def _has_bots(settings: Settings) -> bool:
    """Whether there is a bot to run: this one if it has a token, or any tenant, even a disabled one."""
    return settings.telegram_token is not None or (
        settings.tenant_name == MAIN_TENANT and bool(list_tenant_names(settings))
    )


COMMANDS = (run, worker)
