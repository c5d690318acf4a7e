"""`gwbot store`: from one kind of store to the other."""

import time
from pathlib import Path

import click

from bot.cli.options import chosen_tenant
from bot.domain.tenant import MAIN_TENANT
from bot.errors import StoreError
from bot.store.factory import SQLITE_PREFIX


@click.group()
def store() -> None:
    """The store as a whole."""


@store.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> None:
    """Copy a store to an empty one: sqlite:///PATH or postgresql://…, in either direction. Stop the bot first."""
    from bot.store.factory import open_store_at
    from bot.store.sqlite.backup import ensure_not_in_use

    stores_exist = [
        ensure_not_in_use(Path(url.removeprefix(SQLITE_PREFIX)))
        for url in (source, target)
        if url.startswith(SQLITE_PREFIX)
    ]
    if source.startswith(SQLITE_PREFIX) and not stores_exist[0]:
        raise StoreError(f"There is no store {source}.")
    tenant = chosen_tenant() or MAIN_TENANT
    source_store = open_store_at(source, time.time, tenant)
    target_store = open_store_at(target, time.time, tenant)
    try:
        counts = source_store.copy_to(target_store)
    finally:
        source_store.close()
        target_store.close()
    for table, rows in counts.items():
        if rows:
            click.echo(f"{rows:8}  {table}")
    click.echo(
        f"All that {source_store.address} holds is in {target_store.address}, and was compared. "
        "Name that in GW_DATABASE_URL, and delete the old one when all works: it holds personal data."
    )


COMMANDS = (store,)
