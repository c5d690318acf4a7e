"""`gwbot store`: move between SQLite and PostgreSQL."""

import time
from contextlib import closing
from pathlib import Path

import click

from bot.cli.options import chosen_tenant
from bot.errors import StoreError
from bot.store import SQLITE_PREFIX
from bot.store.records import MAIN_TENANT


@click.group()
def store() -> None:
    """Move the whole store."""


@store.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> None:
    """Copy a store to an empty one; each is sqlite:///PATH or postgresql://…. Stop the bot first."""
    from bot.store import open_store_at
    from bot.store.sqlite.backup import ensure_not_in_use

    stores_exist = [
        ensure_not_in_use(Path(url.removeprefix(SQLITE_PREFIX)))
        for url in (source, target)
        if url.startswith(SQLITE_PREFIX)
    ]
    if source.startswith(SQLITE_PREFIX) and not stores_exist[0]:
        raise StoreError(f"There is no store {source}.")
    tenant = chosen_tenant() or MAIN_TENANT
    with (
        closing(open_store_at(source, time.time, tenant)) as source_store,
        closing(open_store_at(target, time.time, tenant)) as target_store,
    ):
        counts = source_store.copy_to(target_store)
    for table, rows in counts.items():
        if rows:
            click.echo(f"{rows:8}  {table}")
    click.echo(
        f"All that {source_store.address} holds is in {target_store.address}, and was compared. "
        "Name that in GW_DATABASE_URL, and delete the old one when all works: it holds personal data."
    )


COMMANDS = (store,)
