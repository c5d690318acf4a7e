"""`gwbot store`: from one kind of store to the other."""

import time
from pathlib import Path

import click

from bot.cli.options import chosen_tenant
from bot.domain.tenant import MAIN
from bot.errors import StoreError
from bot.store.urls import SQLITE


@click.group()
def store() -> None:
    """The store as a whole."""


@store.command()
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="TO")
def copy(source: str, target: str) -> None:
    """Copy a store to an empty one: sqlite:///PATH or postgresql://…, in either direction. Stop the bot first."""
    from bot.store.factory import opened
    from bot.store.sqlite.backup import stopped

    there = [stopped(Path(url.removeprefix(SQLITE))) for url in (source, target) if url.startswith(SQLITE)]
    if source.startswith(SQLITE) and not there[0]:
        raise StoreError(f"There is no store {source}.")
    tenant = chosen_tenant() or MAIN
    first = opened(source, time.time, tenant)
    second = opened(target, time.time, tenant)
    try:
        counts = first.copy_to(second)
    finally:
        first.close()
        second.close()
    for table, rows in counts.items():
        if rows:
            click.echo(f"{rows:8}  {table}")
    click.echo(
        f"All that {first.address} holds is in {second.address}, and was compared. Name that in GW_DATABASE_URL, and "
        "delete the old one when all works: it holds personal data."
    )


COMMANDS = (store,)
