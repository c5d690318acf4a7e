"""`gwbot backup`, `restore`, `purge`, `migrate` and `store copy`: maintain the store."""

import sys
import time
from contextlib import closing
from pathlib import Path

import click

from bot.cli.options import chosen_settings, chosen_tenant, open_store
from bot.cli.terminal import WholeHelpGroup, describe_count, showing_progress
from bot.errors import GwError, StoreError
from bot.store import SQLITE_PREFIX
from bot.store.records import MAIN_TENANT

SECONDS_PER_DAY = 86_400


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
def backup(file: Path) -> None:
    """Copy the store, with requests and personal data, to FILE; safe while the bot runs."""
    from bot.store.sqlite.backup import backup_store, describe_backup, summary_text

    settings, now = chosen_settings(), time.time()
    backup_store(settings.sqlite_path, file)
    description = describe_backup(file, now, settings.retention_days)
    click.echo(f"The store is in {file}. {summary_text(description, now, settings.retention_days)}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--send-waiting/--drop-waiting",
    "again",
    default=None,
    help="Whether to answer and send what was pending when FILE was made. Default: ask on a terminal; "
    "otherwise drop it, so that nothing is sent twice.",
)
def restore(file: Path, again: bool | None) -> None:
    """Replace the store with FILE; the previous store is renamed, not deleted. Stop the bot first."""
    from bot.store.sqlite.backup import restore_store

    notices = []

    def decide_waiting(waiting_count: int) -> bool:
        count = "1 message" if waiting_count == 1 else f"{waiting_count} messages"
        notice = f"{count} waited to be answered or sent when {file} was made."
        send_waiting = again
        if send_waiting is None and sys.stdin.isatty():
            click.echo(f"{notice} Most have probably been answered or sent since then.")
            send_waiting = click.confirm("Send them all when the bot starts, some of them for the second time?")
        notices.append(
            f"{notice} The bot answers or sends them when it starts, even those it has dealt with since then."
            if send_waiting
            else f"{notice} They are dropped, so that nothing is sent twice. To send them, run "
            f"gwbot restore --send-waiting {file} before the bot starts."
        )
        return bool(send_waiting)

    previous_store = restore_store(file, chosen_settings().sqlite_path, decide_waiting)
    note = f" The previous store is now {previous_store}: delete it soon." if previous_store else ""
    click.echo("\n".join((f"The store is restored from {file}.{note}", *notices)))
    click.echo("Data that people deleted since the backup is back: ask them to send /loeschen again.")


@click.command()
@click.option(
    "--force", is_flag=True, help="Delete even if everything is that old, which suggests that the clock is wrong."
)
def purge(force: bool) -> None:
    """Delete data older than GW_RETENTION_DAYS, as the running bot does once a day."""
    from bot.app.clock_guard import is_everything_older

    settings = chosen_settings()
    cutoff = time.time() - settings.retention_days * SECONDS_PER_DAY
    with open_store(settings) as store:
        if is_everything_older(store, cutoff) and not force:
            raise GwError(
                f"Everything in the store is older than {settings.retention_days} days. "
                "Is this machine's clock right? If so: gwbot purge --force"
            )
        rows = store.erasure.purge_expired(cutoff)
        overdue = [request.reference for request in store.requests.active_requests() if request.created < cutoff]
    click.echo(f"{describe_count(rows, 'row', 'rows')} older than {settings.retention_days} days deleted.")
    if overdue:
        click.echo(f"Requests that are older but not closed were not deleted: {', '.join(overdue)}.")


@click.command()
def migrate() -> None:
    """Bring the store's schema up to date (the release step of a deployment)."""
    with open_store(chosen_settings()) as store:
        click.echo(f"{store.address} is up to date.")


@click.group(cls=WholeHelpGroup)
def store() -> None:
    """Move the whole store."""


@store.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> None:
    """Copy a store to an empty one; each is sqlite:///PATH or postgresql://…. Stop the bot first."""
    from bot.store import open_store_at
    from bot.store.sqlite.backup import ensure_not_in_use

    paths = [Path(url.removeprefix(SQLITE_PREFIX)) for url in (source, target) if url.startswith(SQLITE_PREFIX)]
    stores_exist = [ensure_not_in_use(path) for path in paths]
    if source.startswith(SQLITE_PREFIX) and not stores_exist[0]:
        raise StoreError(f"There is no store {source}.")
    tenant = chosen_tenant() or MAIN_TENANT
    with (
        closing(open_store_at(source, time.time, tenant)) as source_store,
        closing(open_store_at(target, time.time, tenant)) as target_store,
        showing_progress("tables") as progress,
    ):
        counts = source_store.copy_to(target_store, progress)
    for table, rows in counts.items():
        if rows:
            click.echo(f"{rows:8}  {table}")
    click.echo(
        f"{source_store.address} is copied to {target_store.address}, and the copy is verified. "
        "Set GW_DATABASE_URL to it. Once all works, delete the old store: it contains personal data."
    )


COMMANDS = (backup, restore, purge, migrate, store)
