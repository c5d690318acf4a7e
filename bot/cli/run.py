"""`gwbot run` and what an operator needs beside it."""

import asyncio
import dataclasses
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from bot.app.tenants import is_enabled, names, tenant_settings
from bot.cli.options import chosen_settings
from bot.domain.tenant import MAIN
from bot.errors import GwError, SettingsError
from bot.printable import json_line, printable
from bot.settings import Settings
from bot.store.urls import SQLITE

DAY = 86_400  # seconds


@click.command()
@click.option(
    "--mode", type=click.Choice(["webhook", "polling"]), help="Default: webhook where GW_WEBHOOK_URL is set."
)
def run(mode: str | None) -> None:
    """The bots: by webhook or polling; without a token, the sandbox in the browser and on the terminal."""
    settings = chosen_settings()
    if not _has_bots(settings):
        from bot.cli.sandbox import play

        play(settings)
        return
    from bot.app.supervisor import serve
    from bot.log import configure

    webhook = mode == "webhook" if mode else settings.webhook_url is not None
    if webhook and settings.webhook_url is None:
        raise SettingsError("GW_WEBHOOK_URL: needed for --mode webhook")
    configure(settings.log_level, settings.log_format)
    asyncio.run(serve(settings, webhook=webhook))


@click.command()
def worker() -> None:
    """Beside `gwbot run` on PostgreSQL: sends, reminds, deletes, and handles what others left; takes no updates."""
    from bot.app.supervisor import serve
    from bot.log import configure

    settings = chosen_settings()
    if not _has_bots(settings):
        raise SettingsError("GW_TELEGRAM_TOKEN: needed for gwbot worker")
    if settings.store_url.startswith(SQLITE):
        raise SettingsError(
            "GW_DATABASE_URL: several processes need PostgreSQL; with SQLite there is `gwbot run` alone"
        )
    configure(settings.log_level, settings.log_format)
    asyncio.run(serve(settings, webhook=False, takes=False))


def _has_bots(settings: Settings) -> bool:
    """Whether there is a bot to run with Telegram: this one, or tenants beside it, be they disabled."""
    return settings.telegram_token is not None or (settings.tenant == MAIN and bool(names(settings)))


@click.group()
def requests() -> None:
    """Requests for advice."""


@requests.command(name="list")
@click.option("--all", "everything", is_flag=True, help="Closed ones too.")
def list_requests(everything: bool) -> None:
    """The open requests, the oldest first."""
    from bot.app.bootstrap import open_store
    from prompts.dates import local

    store = open_store(chosen_settings())
    found = store.requests() if everything else store.running()
    for request in found:
        first_line = printable(request.details.concern.partition("\n")[0][:60], "")
        since = local(request.created).isoformat(" ", "minutes")
        click.echo(f"{request.reference}  {since}  {request.status:6}  {first_line}")
    if not found:
        click.echo("No request.", err=True)


@requests.command()
@click.argument("reference")
def show(reference: str) -> None:
    """One request, whole."""
    from bot.app.bootstrap import open_store

    request = open_store(chosen_settings()).request(reference)
    if request is None:
        raise GwError(f"There is no request {reference}. `gwbot requests list --all` shows them all.")
    for field, value in _flat(dataclasses.asdict(request)):
        click.echo(f"{field:20} {printable(str(value), '')}")


def _flat(values: dict[str, Any], above: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{name}.")
        elif value not in ("", 0, None):
            yield f"{above}{name}", value


@requests.command()
def export() -> None:
    """All requests as JSON lines on standard output."""
    from bot.app.bootstrap import open_store

    for request in open_store(chosen_settings()).requests():
        click.echo(json_line(dataclasses.asdict(request)))


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Copy the store to FILE, also while the bot runs. It holds requests and personal data."""
    from bot.store.sqlite.about import describe, spoken
    from bot.store.sqlite.backup import backup as copy

    settings, now = chosen_settings(), time.time()
    copy(settings.database, file)
    parts = describe(file, now, settings.retention_days)
    click.echo(f"The store is in {file}. {spoken(parts, now, settings.retention_days)}")


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
    from bot.store.sqlite.backup import restore as put_back

    said = []

    def decide(waiting: int) -> bool:
        count = "1 message" if waiting == 1 else f"{waiting} messages"
        waited = f"{count} waited to be answered or sent when {file} was made."
        sends = again
        if sends is None and sys.stdin.isatty():
            click.echo(f"{waited} Most have probably been answered or sent since then.")
            sends = click.confirm("Send them all when the bot starts, some of them for the second time?")
        said.append(
            f"{waited} The bot answers or sends them when it starts, also those that have been since then."
            if sends
            else f"{waited} They are dropped, so that nothing is sent twice. If they are to be sent: "
            f"gwbot restore --send-waiting {file}, before the bot starts."
        )
        return bool(sends)

    kept = put_back(file, chosen_settings().database, decide)
    aside = f" The one before is kept as {kept}: delete it soon." if kept else ""
    click.echo("\n".join((f"The store is restored from {file}.{aside}", *said)))
    click.echo("Who had their data deleted since the backup is in it again: ask them to /loeschen once more.")


@click.command()
@click.option(
    "--force", is_flag=True, help="Also where everything is that old, as it seems where the clock is wrong."
)
def purge(force: bool) -> None:
    """Delete what is older than GW_RETENTION_DAYS, as the running bot does once a day."""
    from bot.app.bootstrap import open_store
    from bot.app.clock_guard import all_older

    settings = chosen_settings()
    store, before = open_store(settings), time.time() - settings.retention_days * DAY
    if all_older(store, before) and not force:
        raise GwError(
            f"All that the store holds is older than {settings.retention_days} days. Is the clock of this machine "
            "right? If so: gwbot purge --force"
        )
    rows = store.purge(before)
    click.echo(f"{rows} rows older than {settings.retention_days} days are deleted.")
    if old := [request.reference for request in store.running() if request.created < before]:
        click.echo(f"Older, but not closed, and therefore kept: {', '.join(old)}.")


@click.command()
def migrate() -> None:
    """Bring the store's schema up to date (the release step of a deployment)."""
    from bot.app.bootstrap import open_store

    store = open_store(chosen_settings())
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
    tenants = names(settings) if settings.tenant == MAIN else []
    results = [_line(*checkup.ENCODER, settings)]
    if settings.telegram_token is not None or not tenants:
        of_a_bot = checkup.OF_A_BOT if settings.tenant == MAIN else checkup.OF_A_TENANT
        results += [_line(name, check, settings) for name, check in of_a_bot]
    results += [_tenant_lines(settings, name) for name in tenants]
    sys.exit(0 if all(results) else 1)


def _tenant_lines(installation: Settings, tenant: str) -> bool:
    from bot.cli import checkup

    if not is_enabled(installation, tenant):
        click.echo(f"ok    {tenant}: disabled")
        return True
    try:
        settings = tenant_settings(installation, tenant)
    except SettingsError as error:
        click.echo(f"wrong {tenant}: {error}")
        return False
    results = [_line(f"{tenant} {name}", check, settings) for name, check in checkup.OF_A_TENANT]
    return all(results)


def _line(name: str, check: Callable[[Settings], str], settings: Settings) -> bool:
    try:
        click.echo(f"ok    {name}: {printable(check(settings))}")
    except GwError as error:
        click.echo(f"wrong {name}: {printable(str(error))}")
        return False
    return True


COMMANDS = (run, worker, requests, backup, restore, purge, migrate, doctor)
