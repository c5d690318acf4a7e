"""`gwbot run` and what an operator needs beside it."""

import asyncio
import dataclasses
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from bot.app.tenants import is_enabled, list_tenant_names, load_tenant_settings
from bot.cli.options import chosen_settings
from bot.domain.tenant import MAIN_TENANT
from bot.errors import GwError, SettingsError
from bot.log import escape_control_chars, json_line
from bot.settings import Settings
from bot.store.factory import SQLITE_PREFIX

SECONDS_PER_DAY = 86_400  # seconds


@click.command()
@click.option(
    "--mode", type=click.Choice(["webhook", "polling"]), help="Default: webhook where GW_WEBHOOK_URL is set."
)
def run(mode: str | None) -> None:
    """The bots: by webhook or polling; without a token, the sandbox in the browser and on the terminal."""
    settings = chosen_settings()
    if not _has_bots(settings):
        from bot.cli.sandbox import run_sandbox

        run_sandbox(settings)
        return
    from bot.app.bootstrap import UpdateSource
    from bot.app.supervisor import run_all_bots
    from bot.log import configure_logging

    webhook = mode == "webhook" if mode else settings.webhook_url is not None
    if webhook and settings.webhook_url is None:
        raise SettingsError("GW_WEBHOOK_URL: needed for --mode webhook")
    configure_logging(settings.log_level, settings.log_format)
    asyncio.run(run_all_bots(settings, UpdateSource.WEBHOOK if webhook else UpdateSource.POLLING))


@click.command()
def worker() -> None:
    """Beside `gwbot run` on PostgreSQL: sends, reminds, deletes, and handles what others left; takes no updates."""
    from bot.app.bootstrap import UpdateSource
    from bot.app.supervisor import run_all_bots
    from bot.log import configure_logging

    settings = chosen_settings()
    if not _has_bots(settings):
        raise SettingsError("GW_TELEGRAM_TOKEN: needed for gwbot worker")
    if settings.store_url.startswith(SQLITE_PREFIX):
        raise SettingsError(
            "GW_DATABASE_URL: several processes need PostgreSQL; with SQLite there is `gwbot run` alone"
        )
    configure_logging(settings.log_level, settings.log_format)
    asyncio.run(run_all_bots(settings, UpdateSource.NONE))


def _has_bots(settings: Settings) -> bool:
    """Whether there is a bot to run with Telegram: this one, or tenants beside it, be they disabled."""
    return settings.telegram_token is not None or (
        settings.tenant_name == MAIN_TENANT and bool(list_tenant_names(settings))
    )


@click.group()
def requests() -> None:
    """Requests for advice."""


@requests.command(name="list")
@click.option("--all", "everything", is_flag=True, help="Closed ones too.")
def list_requests(everything: bool) -> None:
    """The open requests, the oldest first."""
    from bot.app.bootstrap import open_store_from_settings
    from prompts.dates import to_local_time

    store = open_store_from_settings(chosen_settings())
    listed = store.requests.all_requests() if everything else store.requests.active_requests()
    for request in listed:
        first_line = escape_control_chars(request.details.concern.partition("\n")[0][:60], "")
        created = to_local_time(request.created).isoformat(" ", "minutes")
        click.echo(f"{request.reference}  {created}  {request.status:6}  {first_line}")
    if not listed:
        click.echo("No request.", err=True)


@requests.command()
@click.argument("reference")
def show(reference: str) -> None:
    """One request, whole."""
    from bot.app.bootstrap import open_store_from_settings

    request = open_store_from_settings(chosen_settings()).requests.find_request(reference)
    if request is None:
        raise GwError(f"There is no request {reference}. `gwbot requests list --all` shows them all.")
    for field, value in _flatten_values(dataclasses.asdict(request)):
        click.echo(f"{field:20} {escape_control_chars(str(value), '')}")


def _flatten_values(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flatten_values(value, f"{prefix}{name}.")
        elif value not in ("", 0, None):
            yield f"{prefix}{name}", value


@requests.command()
def export() -> None:
    """All requests as JSON lines on standard output."""
    from bot.app.bootstrap import open_store_from_settings

    for request in open_store_from_settings(chosen_settings()).requests.all_requests():
        click.echo(json_line(dataclasses.asdict(request)))


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Copy the store to FILE, also while the bot runs. It holds requests and personal data."""
    from bot.store.sqlite.backup import backup_store as copy
    from bot.store.sqlite.backup import describe_backup, summary_text

    settings, now = chosen_settings(), time.time()
    copy(settings.sqlite_path, file)
    description = describe_backup(file, now, settings.retention_days)
    click.echo(f"The store is in {file}. {summary_text(description, now, settings.retention_days)}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--send-waiting/--drop-waiting",
    "again",
    default=None,
    help="Whether the bot answers and sends what waited when FILE was made. Default: on a terminal you are asked, "
    "elsewhere it is dropped, so that nothing is sent twice.",
)
def restore(file: Path, again: bool | None) -> None:
    """Put FILE in the store's place; the store before is kept beside it. Stop the bot first."""
    from bot.store.sqlite.backup import restore_store as put_back

    notices = []

    def decide_waiting(waiting_count: int) -> bool:
        count = "1 message" if waiting_count == 1 else f"{waiting_count} messages"
        notice = f"{count} waited to be answered or sent when {file} was made."
        send_waiting = again
        if send_waiting is None and sys.stdin.isatty():
            click.echo(f"{notice} Most have probably been answered or sent since then.")
            send_waiting = click.confirm("Send them all when the bot starts, some of them for the second time?")
        notices.append(
            f"{notice} The bot answers or sends them when it starts, also those that have been since then."
            if send_waiting
            else f"{notice} They are dropped, so that nothing is sent twice. If they are to be sent: "
            f"gwbot restore --send-waiting {file}, before the bot starts."
        )
        return bool(send_waiting)

    previous_store = put_back(file, chosen_settings().sqlite_path, decide_waiting)
    note = f" The one before is kept as {previous_store}: delete it soon." if previous_store else ""
    click.echo("\n".join((f"The store is restored from {file}.{note}", *notices)))
    click.echo("Who had their data deleted since the backup is in it again: ask them to /loeschen once more.")


@click.command()
@click.option(
    "--force", is_flag=True, help="Also where everything is that old, as it seems where the clock is wrong."
)
def purge(force: bool) -> None:
    """Delete what is older than GW_RETENTION_DAYS, as the running bot does once a day."""
    from bot.app.bootstrap import open_store_from_settings
    from bot.app.clock_guard import is_everything_older

    settings = chosen_settings()
    store, cutoff = open_store_from_settings(settings), time.time() - settings.retention_days * SECONDS_PER_DAY
    if is_everything_older(store, cutoff) and not force:
        raise GwError(
            f"All that the store holds is older than {settings.retention_days} days. Is the clock of this machine "
            "right? If so: gwbot purge --force"
        )
    rows = store.erasure.purge_expired(cutoff)
    click.echo(f"{rows} rows older than {settings.retention_days} days are deleted.")
    if overdue := [request.reference for request in store.requests.active_requests() if request.created < cutoff]:
        click.echo(f"Older, but not closed, and therefore kept: {', '.join(overdue)}.")


@click.command()
def migrate() -> None:
    """Bring the store's schema up to date (the release step of a deployment)."""
    from bot.app.bootstrap import open_store_from_settings

    store = open_store_from_settings(chosen_settings())
    store.close()
    click.echo(f"{store.address} is up to date.")


@click.command()
def doctor() -> None:
    """Check settings, encoder, index, store and Telegram, of each tenant too; one line each."""
    from bot.cli import checkup

    try:
        settings = chosen_settings()
    except SettingsError as error:
        raise GwError(f"settings  {error}") from None
    click.echo("ok    settings")
    tenants = list_tenant_names(settings) if settings.tenant_name == MAIN_TENANT else []
    results = [_run_check(*checkup.ENCODER_CHECK, settings)]
    if settings.telegram_token is not None or not tenants:
        bot_checks = checkup.BOT_CHECKS if settings.tenant_name == MAIN_TENANT else checkup.TENANT_CHECKS
        results += [_run_check(name, check, settings) for name, check in bot_checks]
    results += [_check_tenant(settings, name) for name in tenants]
    sys.exit(0 if all(results) else 1)


def _check_tenant(installation: Settings, tenant: str) -> bool:
    from bot.cli import checkup

    if not is_enabled(installation, tenant):
        click.echo(f"ok    {tenant}: disabled")
        return True
    try:
        settings = load_tenant_settings(installation, tenant)
    except SettingsError as error:
        click.echo(f"wrong {tenant}: {error}")
        return False
    results = [_run_check(f"{tenant} {name}", check, settings) for name, check in checkup.TENANT_CHECKS]
    return all(results)


def _run_check(name: str, check: Callable[[Settings], str], settings: Settings) -> bool:
    try:
        click.echo(f"ok    {name}: {escape_control_chars(check(settings))}")
    except GwError as error:
        click.echo(f"wrong {name}: {escape_control_chars(str(error))}")
        return False
    return True


COMMANDS = (run, worker, requests, backup, restore, purge, migrate, doctor)
