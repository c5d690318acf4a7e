"""`gwbot tenant`: more bots in one installation, each with its own token, advisers and knowledge."""

import shutil
import sys
from pathlib import Path
from typing import TextIO

import click

from bot.app.tenants import (
    DISABLED_FILE,
    is_enabled,
    list_tenant_names,
    load_tenant_settings,
    tenant_folder,
    validate_name,
    write_tenant,
)
from bot.cli.options import chosen_tenant, open_store
from bot.cli.terminal import WholeHelpGroup
from bot.errors import GwError, SettingsError
from bot.log import escape_control_chars
from bot.settings import TOKEN_PATTERN, Settings, load_settings
from bot.store import SQLITE_PREFIX

RELOAD_HINT = "a running `gwbot run` notices within a few seconds"


@click.group(cls=WholeHelpGroup)
def tenant() -> None:
    """Manage several bots in one installation."""
    if chosen_tenant():
        raise click.UsageError("`gwbot tenant` takes the name as its argument, not by --tenant.")


@tenant.command()
@click.argument("name")
@click.option(
    "--token-from", type=click.File(), help="File with the token, or - for standard input. Default: prompt."
)
@click.option("--knowledge", type=click.Path(path_type=Path, file_okay=False), help="Its knowledge folder.")
@click.option("--adviser-chat", type=int, help="Id of the chat that receives its requests for advice.")
@click.option("--adviser-ids", help="Telegram user ids that may act as advisers, comma-separated.")
@click.option(
    "--language",
    type=click.Choice(["de", "en"]),
    help="Fallback language if the user's Telegram language is not supported.",
)
@click.option("--retention-days", type=click.IntRange(1), help="Days until data that is no longer needed is deleted.")
@click.option("--operator", help="Who runs it, with address; named by its /datenschutz.")
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
    """Add the tenant NAME: write its settings, check its contacts, build its index."""
    from knowledge.loader import BUILT_IN, path_or_builtin
    from knowledge.records.contacts import CONTACTS_FILE, default_contact, read_contacts

    settings = load_settings()
    if validate_name(name) in list_tenant_names(settings):
        raise SettingsError(f"There is a tenant {name} already: {settings.tenants_root / name}")
    if knowledge is not None and not knowledge.is_dir():
        raise GwError(f"The knowledge folder {knowledge} does not exist.")
    path = path_or_builtin(knowledge or BUILT_IN, CONTACTS_FILE)
    contact = default_contact(read_contacts(path))
    token = _parse_token(token_from.read() if token_from else _ask_token())
    if holder := _find_token_holder(settings, token):
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
    folder = write_tenant(settings, name, values)
    try:
        new_settings = load_tenant_settings(settings, name)
    except GwError:
        shutil.rmtree(folder)
        raise
    click.echo(escape_control_chars(f"Contact  {contact.name}, {contact.email} ({path})", ""))
    _build_tenant_index(new_settings, name)
    (folder / DISABLED_FILE).unlink()
    click.echo(f"{name} is set up in {folder}; {RELOAD_HINT}.")


def _build_tenant_index(settings: Settings, name: str) -> None:
    from bot.cli.index import build_index

    if settings.index_dir == load_settings().index_dir:
        click.echo("It answers from the installation's knowledge and index.")
        return
    try:
        click.echo(build_index(settings))
    except GwError as error:
        raise GwError(
            f"{error}\nThe settings of {name} are written, but it is disabled. Once this is fixed, run "
            f"gwbot --tenant {name} index build, then gwbot tenant enable {name}"
        ) from None


def _ask_token() -> str:
    return str(click.prompt("Token from @BotFather", hide_input=True)) if sys.stdin.isatty() else sys.stdin.readline()


def _parse_token(text: str) -> str:
    token = text.strip()
    if not TOKEN_PATTERN.fullmatch(token):
        raise SettingsError("That is not a token; a token looks like 123456:ABC-… and comes from @BotFather.")
    return token


def _find_token_holder(settings: Settings, token: str) -> str | None:
    """Return the bot that already uses this token's account; tenants with invalid settings are skipped."""
    for name in ("main", *list_tenant_names(settings)):
        try:
            other = settings if name == "main" else load_tenant_settings(settings, name)
        except SettingsError:
            continue
        other_token = other.telegram_token.get_secret_value() if other.telegram_token else ""
        if other_token.partition(":")[0] == token.partition(":")[0]:
            return name
    return None


@tenant.command(name="list")
def list_tenants() -> None:
    """List tenants: name, state, language, entries, open requests."""
    settings = load_settings()
    for name in list_tenant_names(settings):
        state = "enabled" if is_enabled(settings, name) else "disabled"
        try:
            description = _describe_tenant(load_tenant_settings(settings, name))
        except GwError as error:
            description = f"wrong: {error}"
        click.echo(f"{name:32}  {state:8}  {escape_control_chars(description, '')}")
    if not list_tenant_names(settings):
        click.echo("No tenants. Create one: gwbot tenant add NAME", err=True)


def _describe_tenant(settings: Settings) -> str:
    from bot.app.index_loader import make_index_backend

    entry_count = make_index_backend(settings).read_manifest().entries
    with open_store(settings) as store:
        open_requests = len(store.requests.active_requests())
    return f"{settings.language}  {entry_count:6} entries  {open_requests:4} open requests"


@tenant.command()
@click.argument("name")
def disable(name: str) -> None:
    """Stop the tenant NAME without deleting its data; Telegram queues incoming messages for up to a day."""
    (tenant_folder(load_settings(), name) / DISABLED_FILE).touch()
    click.echo(f"{name} is disabled; {RELOAD_HINT}.")


@tenant.command()
@click.argument("name")
def enable(name: str) -> None:
    """Start the tenant NAME again."""
    (tenant_folder(load_settings(), name) / DISABLED_FILE).unlink(missing_ok=True)
    click.echo(f"{name} is enabled; {RELOAD_HINT}.")


@tenant.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Confirm that everything is deleted, including requests.")
def remove(name: str, yes: bool) -> None:
    """Delete the disabled tenant NAME with all its data."""
    from bot.app.index_loader import make_index_backend
    from bot.store.sqlite.backup import ensure_not_in_use

    installation = load_settings()
    folder = tenant_folder(installation, name)
    if is_enabled(installation, name):
        raise GwError(f"{name} is enabled. First run: gwbot tenant disable {name}")
    if not yes:
        raise GwError(f"This deletes all data of {name}, including requests. To confirm, add --yes.")
    settings = load_tenant_settings(installation, name)
    if settings.store_url.startswith(SQLITE_PREFIX):
        ensure_not_in_use(settings.sqlite_path)
    with open_store(settings) as store:
        rows = store.delete_all_rows()
    if settings.index_name == name and settings.index_location != installation.index_location:  # not shared
        make_index_backend(settings).remove_versions()
    shutil.rmtree(folder)
    click.echo(f"{name} is deleted: {rows} rows and {folder}. Delete its backups too, and the bot at @BotFather.")


COMMANDS = (tenant,)
