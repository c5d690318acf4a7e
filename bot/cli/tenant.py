"""`gwbot tenant`: further bots in one installation, each with its own token, advisers and knowledge."""

import re
import shutil
import sys
import time
from pathlib import Path
from typing import TextIO

import click

from bot.app.tenants import OFF, checked, folder_of, is_enabled, names, tenant_settings, write
from bot.cli.options import chosen_tenant
from bot.errors import GwError, SettingsError
from bot.printable import printable
from bot.settings import Settings, load_settings
from bot.store.urls import SQLITE

FOUND = "a running `gwbot run` notices it within some seconds"


@click.group()
def tenant() -> None:
    """Several bots in one installation."""
    if chosen_tenant():
        raise click.UsageError("`gwbot tenant` takes the name as its argument, not by --tenant.")


@tenant.command()
@click.argument("name")
@click.option("--token-from", type=click.File(), help="File with the token, - for standard input; else it is asked.")
@click.option("--knowledge", type=click.Path(path_type=Path, file_okay=False), help="Folder of its knowledge.")
@click.option("--adviser-chat", type=int, help="Chat that receives its requests for advice.")
@click.option("--adviser-ids", help="Telegram user ids that may act as advisers, comma-separated.")
@click.option("--language", type=click.Choice(["de", "en"]), help="Language where Telegram names none of ours.")
@click.option("--retention-days", type=click.IntRange(1), help="Days until what is no longer needed is deleted.")
@click.option("--operator", help="Who runs it, with address; its /datenschutz names them.")
def add(
    name: str,
    token_from: TextIO | None,
    knowledge: Path | None,
    adviser_chat: int | None,
    adviser_ids: str | None,
    language: str | None,
    retention_days: int | None,
    operator: str | None,
) -> None:
    """Add the tenant NAME: its settings are written, its contacts checked, its index built."""
    from knowledge.loader import HOUSE, part
    from knowledge.records.contacts import CONTACTS, default_contact, read_contacts

    settings = load_settings()
    if checked(name) in names(settings):
        raise SettingsError(f"There is a tenant {name} already: {settings.tenants / name}")
    if knowledge is not None and not knowledge.is_dir():
        raise GwError(f"The knowledge folder {knowledge} does not exist.")
    path = part(knowledge or HOUSE, CONTACTS)
    contact = default_contact(read_contacts(path))
    token = _token(token_from.read() if token_from else _asked())
    if holder := _holder(settings, token):
        raise SettingsError(f"This is the token of {holder}; each bot needs its own.")
    values = {
        "telegram_token": token,
        "knowledge_dir": knowledge.resolve() if knowledge else None,
        "adviser_chat_id": adviser_chat,
        "adviser_ids": adviser_ids,
        "language": language,
        "retention_days": retention_days,
        "operator": operator,
    }
    folder = write(settings, name, values)
    try:
        fresh = tenant_settings(settings, name)
    except GwError:
        shutil.rmtree(folder)
        raise
    click.echo(f"Contact  {printable(contact.name, '')}, {printable(contact.email, '')} ({path})")
    _indexed(fresh, name)
    (folder / OFF).unlink()
    click.echo(f"{name} is set up in {folder}; {FOUND}.")


def _indexed(settings: Settings, name: str) -> None:
    from bot.cli.index import built

    if settings.index_dir == load_settings().index_dir:
        click.echo("It answers from the installation's knowledge and index.")
        return
    try:
        click.echo(built(settings))
    except GwError as error:
        raise GwError(
            f"{error}\nThe settings of {name} are written, but it is disabled. When this is mended: "
            f"gwbot --tenant {name} index build, then: gwbot tenant enable {name}"
        ) from None


def _asked() -> str:
    if sys.stdin.isatty():
        asked: str = click.prompt("Token from @BotFather", hide_input=True)
        return asked
    return sys.stdin.readline()


def _token(given: str) -> str:
    token = given.strip()
    if not re.fullmatch(r"\d+:[\w-]+", token, re.ASCII):
        raise SettingsError("That is no token; it looks like 123456:ABC-… and comes from @BotFather.")
    return token


def _holder(settings: Settings, token: str) -> str | None:
    """Who has the account of this token already; a tenant whose settings are wrong is passed over."""
    for name in ("main", *names(settings)):
        try:
            other = settings if name == "main" else tenant_settings(settings, name)
        except SettingsError:
            continue
        known = other.telegram_token.get_secret_value() if other.telegram_token else ""
        if known.partition(":")[0] == token.partition(":")[0]:
            return name
    return None


@tenant.command(name="list")
def list_tenants() -> None:
    """All tenants: name, whether enabled, language, entries, open requests."""
    settings = load_settings()
    for name in names(settings):
        state = "enabled" if is_enabled(settings, name) else "disabled"
        try:
            rest = _about(tenant_settings(settings, name))
        except GwError as error:
            rest = f"wrong: {error}"
        click.echo(f"{name:32}  {state:8}  {printable(rest, '')}")
    if not names(settings):
        click.echo("No tenant. Make one: gwbot tenant add NAME", err=True)


def _about(settings: Settings) -> str:
    from bot.app.bootstrap import open_store
    from bot.app.index_loader import index_place

    entries = index_place(settings).head().entries
    store = open_store(settings, time.time)
    try:
        requests = len(store.running())
    finally:
        store.close()
    return f"{settings.language}  {entries:6} entries  {requests:4} open requests"


@tenant.command()
@click.argument("name")
def disable(name: str) -> None:
    """Let the tenant NAME rest: its data stay, what people write waits at Telegram for up to a day."""
    (folder_of(load_settings(), name) / OFF).touch()
    click.echo(f"{name} is disabled; {FOUND}.")


@tenant.command()
@click.argument("name")
def enable(name: str) -> None:
    """Let the tenant NAME run again."""
    (folder_of(load_settings(), name) / OFF).unlink(missing_ok=True)
    click.echo(f"{name} is enabled; {FOUND}.")


@tenant.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Yes, delete everything, the requests too.")
def remove(name: str, yes: bool) -> None:
    """Delete the tenant NAME, which has to be disabled, with all its data."""
    from bot.app.bootstrap import open_store
    from bot.app.index_loader import index_place
    from bot.store.sql.emptying import empty
    from bot.store.sqlite.backup import stopped

    installation = load_settings()
    folder = folder_of(installation, name)
    if is_enabled(installation, name):
        raise GwError(f"{name} runs. First: gwbot tenant disable {name}")
    if not yes:
        raise GwError(f"This deletes all that {name} holds, its requests too. If you want that, add --yes.")
    settings = tenant_settings(installation, name)
    if settings.store_url.startswith(SQLITE):
        stopped(settings.database)
    store = open_store(settings)
    try:
        rows = empty(store)
    finally:
        store.close()
    if settings.index_name == name and settings.index_location != installation.index_location:  # of this bot alone
        index_place(settings).remove()
    shutil.rmtree(folder)
    click.echo(f"{name} is deleted: {rows} rows and {folder}. Delete its backups too, and the bot at @BotFather.")


COMMANDS = (tenant,)
