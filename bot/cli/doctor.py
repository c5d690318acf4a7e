"""`gwbot doctor`: check each part.

A check returns a short description if the part is in order, otherwise a `Finding`, or raises GwError if it is faulty.
"""

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, partial
from pathlib import Path
from smtplib import SMTPException
from typing import TYPE_CHECKING, TypeVar

import click

from bot.app.tenants import SETTINGS_FILE, is_enabled, list_tenant_names, load_tenant_settings
from bot.cli.index import describe_size
from bot.cli.options import chosen_settings, chosen_tenant, open_store
from bot.cli.terminal import describe_count
from bot.errors import ConnectionFailed, GwError, SettingsError, StoreError
from bot.log import escape_control_chars
from bot.settings import (
    Settings,
    describe_ineffective_settings,
    env_variable,
    load_valid_settings,
)
from bot.store import SQLITE_PREFIX
from bot.store.records import MAIN_TENANT

if TYPE_CHECKING:
    from telegram import Bot

    from bot.app.index_loader import IndexLoader

T = TypeVar("T")
MIN_FREE_MEGABYTES = 100  # on the store's disk


class State(StrEnum):
    """How a part is: in order, deliberately not used, to be done before the bot goes live, or faulty."""

    OK = "ok"
    OFF = "off"
    TODO = "todo"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found."""

    state: State
    text: str


Check = tuple[str, Callable[[Settings], str | Finding]]


@click.command()
@click.option("--live", is_flag=True, help="Exit with 1 also for what is still to be done before the bot goes live.")
def doctor(live: bool) -> None:
    """Check settings, encoder, index, store, Telegram and mail, for each tenant too; one line each.

    A line begins with ok, off (not used, and not needed), todo (before the bot goes live) or wrong (exit code 1).
    """
    faults: dict[str, frozenset[str]] = {}
    try:
        settings = chosen_settings()
    except SettingsError as error:
        settings, faults = _load_valid_settings(error)
    states = [_report("settings", Finding(State.WRONG, line)) for line in faults]
    ineffective = describe_ineffective_settings()
    states += [_report("settings", Finding(State.TODO, line)) for line in ineffective]
    if not ineffective and not faults:
        states.append(_report("settings", Finding(State.OK, "all variables are known and valid")))
    wrong_fields = frozenset[str]().union(*faults.values())
    states.append(_run_check(*ENCODER_CHECK, settings))
    is_main = settings.tenant_name == MAIN_TENANT
    tenants = list_tenant_names(settings) if is_main else []
    if settings.telegram_token is not None or not tenants or faults:
        for name, check in BOT_CHECKS if is_main else TENANT_CHECKS:
            variables = [
                env_variable(field) for field in sorted(wrong_fields) if field.startswith(NEEDS.get(name, ()))
            ]
            verb = "is" if len(variables) == 1 else "are"
            waits = Finding(State.TODO, f"checked once {', '.join(variables)} {verb} right")
            states.append(_report(name, waits) if variables else _run_check(name, check, settings))
    for name in tenants:
        waits = Finding(State.TODO, "checked once the settings are right, since it inherits them")
        states += [_report(name, waits)] if faults else _check_tenant(settings, name)
    wrong, todo = states.count(State.WRONG), states.count(State.TODO)
    click.echo(f"Not ready to go live: {wrong} wrong, {todo} to do." if wrong or todo else "Ready to go live.")
    sys.exit(1 if wrong or (live and todo) else 0)


def _load_valid_settings(error: SettingsError) -> tuple[Settings, dict[str, frozenset[str]]]:
    """Return the settings without the wrong ones, and the faults; end with 1 if there is nothing to go on with."""
    try:
        settings, faults = load_valid_settings()
    except SettingsError:
        faults = {}
    if chosen_tenant() or not faults:
        for line in str(error).splitlines():
            _report("settings", Finding(State.WRONG, line))
        for line in describe_ineffective_settings():
            _report("settings", Finding(State.TODO, line))
        sys.exit(1)
    return settings, faults


def _check_tenant(installation: Settings, tenant: str) -> list[State]:
    if not is_enabled(installation, tenant):
        return [_report(tenant, Finding(State.OFF, f"disabled; start it with: gwbot tenant enable {tenant}"))]
    try:
        settings = load_tenant_settings(installation, tenant)
    except SettingsError as error:
        return [_report(tenant, Finding(State.WRONG, str(error)))]
    return [_run_check(f"{tenant} {name}", check, settings) for name, check in TENANT_CHECKS]


def _run_check(name: str, check: Callable[[Settings], str | Finding], settings: Settings) -> State:
    try:
        found = check(settings)
    except GwError as error:
        found = Finding(State.WRONG, str(error))
    return _report(name, Finding(State.OK, found) if isinstance(found, str) else found)


def _report(name: str, finding: Finding) -> State:
    click.echo(f"{finding.state:5} {name}: {escape_control_chars(finding.text)}")
    return finding.state


@cache
def _load_models(encoder_dir: Path, cross_encoder_dir: Path) -> "IndexLoader":
    """Return a loader that keeps the encoder, shared by all tenants."""
    from bot.app.index_loader import IndexLoader

    return IndexLoader(encoder_dir, cross_encoder_dir)


def _check_encoder(settings: Settings) -> str:
    return _load_models(settings.encoder_dir, settings.cross_encoder_dir).encoder.name


def _check_settings(settings: Settings) -> str:
    path = settings.bot_dir / SETTINGS_FILE
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"{path} holds a token and may be read by others. Run: chmod 600 {path}")
    return f"language {settings.language}, deleted after {settings.retention_days} days"


def _check_knowledge(settings: Settings) -> str:
    from bot.app.bootstrap import resolve_knowledge_dir
    from knowledge.loader import path_or_builtin
    from knowledge.records.contacts import CONTACTS_FILE, default_contact, read_contacts

    path = path_or_builtin(resolve_knowledge_dir(settings), CONTACTS_FILE)
    return f"contact {default_contact(read_contacts(path)).name} ({path})"


def _check_index(settings: Settings) -> str:
    loader = _load_models(settings.encoder_dir, settings.cross_encoder_dir)
    manifest = loader.load_index(settings).current_searcher().reader.manifest
    return describe_size(manifest)


def _check_store(settings: Settings) -> str:
    with open_store(settings) as store:
        waiting_messages, open_requests = store.outbox.count_queued_calls(), len(store.requests.active_requests())
        bad_rows = store.find_unreadable_rows()
    if bad_rows:
        raise StoreError(
            f"in {store.address} {', '.join(bad_rows)} cannot be read, so the bot ignores it but does not delete it. "
            "Restore an earlier backup, or contact the program's maintainers."
        )
    waiting = describe_count(waiting_messages, "message", "messages")
    summary = f"{store.address}, {waiting} waiting, {describe_count(open_requests, 'open request', 'open requests')}"
    if not settings.store_url.startswith(SQLITE_PREFIX):
        return summary
    free_megabytes = shutil.disk_usage(settings.sqlite_path.parent).free // 1_000_000
    if free_megabytes < MIN_FREE_MEGABYTES:
        raise StoreError(f"only {free_megabytes} MB are free on the disk of {settings.sqlite_path}. Free some space.")
    return f"{summary}, {free_megabytes} MB free"


def _check_operator(settings: Settings) -> str | Finding:
    if not settings.operator:
        return Finding(
            State.TODO,
            "GW_OPERATOR is not set, so /datenschutz says that the operator is missing. Set name and postal address.",
        )
    return "/datenschutz names who runs the bot"


def _check_telegram(settings: Settings) -> str | Finding:
    if settings.telegram_token is None:
        return Finding(
            State.TODO,
            "GW_TELEGRAM_TOKEN is not set, so the bot runs in the sandbox and in the terminal only. "
            "Get a token from @BotFather.",
        )
    return _ask_telegram(settings, settings.telegram_token.get_secret_value(), _describe_bot)


def _check_advisers(settings: Settings) -> str | Finding:
    if settings.adviser_chat_id is None:
        if settings.smtp_url:
            return Finding(State.OFF, "GW_ADVISER_CHAT_ID is not set, so requests are stored and mailed")
        return Finding(
            State.TODO,
            "neither GW_ADVISER_CHAT_ID nor GW_SMTP_URL is set, so requests are stored and nobody is told. Set one.",
        )
    if settings.telegram_token is None:
        return Finding(State.TODO, "the chat cannot be reached until GW_TELEGRAM_TOKEN is set")
    with open_store(settings) as store:
        chats = {name: store.outbox.current_chat_id(chat_id) for name, chat_id in settings.adviser_chats.items()}
        main_chat = store.outbox.current_chat_id(settings.adviser_chat_id)
    token = settings.telegram_token.get_secret_value()
    found = [_ask_telegram(settings, token, partial(_describe_adviser_chat, chat_id=main_chat))]
    for name, chat_id in chats.items():
        desk = _ask_telegram(settings, token, partial(_describe_adviser_chat, chat_id=chat_id))
        found.append(Finding(desk.state, f"{name}: {desk.text}"))
    found += [Finding(State.TODO, note) for note in _list_unmatched_desks(settings)]
    is_ready = all(finding.state is State.OK for finding in found)
    return Finding(State.OK if is_ready else State.TODO, "; ".join(finding.text for finding in found))


def _list_unmatched_desks(settings: Settings) -> list[str]:
    """Return a note for each name of a desk that only the settings or only contacts.yaml has."""
    from bot.app.bootstrap import resolve_knowledge_dir
    from knowledge.loader import path_or_builtin
    from knowledge.records.contacts import CONTACTS_FILE, read_contacts

    contacts = read_contacts(path_or_builtin(resolve_knowledge_dir(settings), CONTACTS_FILE))
    named = {contact.desk for contact in contacts if contact.desk}
    unused = [f"no contact has 'desk: {name}'" for name in settings.adviser_chats if name not in named]
    unknown = sorted(named.difference(settings.adviser_chats))
    return [*unused, *(f"'desk: {name}' of contacts.yaml is not in GW_ADVISER_CHATS" for name in unknown)]


def _ask_telegram(settings: Settings, token: str, describe: "Callable[[Bot], Awaitable[T]]") -> T:
    from telegram import Bot
    from telegram.error import InvalidToken, TelegramError

    async def ask() -> T:
        async with Bot(token, base_url=f"{settings.telegram_api_url}/bot") as bot:
            return await describe(bot)

    try:
        return asyncio.run(ask())
    except InvalidToken:
        raise ConnectionFailed("Telegram does not know this token. Check GW_TELEGRAM_TOKEN.") from None
    except TelegramError as error:
        url, reason = settings.telegram_api_url, type(error).__name__
        raise ConnectionFailed(
            f"Telegram cannot be reached at {url} ({reason}). Check connection, firewall and GW_TELEGRAM_API_URL."
        ) from None


async def _describe_bot(bot: "Bot") -> str:
    webhook = await bot.get_webhook_info()
    last_error = f", last webhook error: {webhook.last_error_message}" if webhook.last_error_message else ""
    inline = "on" if bot.supports_inline_queries else "off (switch it on with /setinline at @BotFather)"
    return f"@{bot.username}, inline mode {inline}, {webhook.pending_update_count} updates waiting{last_error}"


async def _describe_adviser_chat(bot: "Bot", chat_id: int) -> Finding:
    """Return whether the bot is in the advisers' chat and has the rights it needs there; raise ConnectionFailed."""
    from telegram.constants import ChatMemberStatus
    from telegram.error import BadRequest, Forbidden

    try:
        chat = await bot.get_chat(chat_id)
        member = await bot.get_chat_member(chat_id, bot.id)
    except (BadRequest, Forbidden) as error:
        raise ConnectionFailed(
            f"the advisers' chat {chat_id} cannot be used ({error.message}); requests wait. Add the bot to it."
        ) from None
    if member.status in (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED):
        raise ConnectionFailed(f"the bot is not in the advisers' chat {chat_id}; requests wait. Add it.")
    topics = "with topics" if chat.is_forum else "without topics"
    missing_right = ""
    if chat.is_forum and not getattr(member, "can_manage_topics", False):
        missing_right = ", but the bot may not open any: make it an administrator with the right to manage topics"
    elif chat.is_forum and not getattr(member, "can_delete_messages", False):
        missing_right = (
            ", but the bot may not delete messages: what a person deletes stays there until you delete it. "
            "Give it this right"
        )
    return Finding(State.TODO if missing_right else State.OK, f"connected, {topics}{missing_right}")


def _check_mail(settings: Settings) -> str | Finding:
    from bot.mail.delivery import make_mailer

    mailer = make_mailer(settings)
    if mailer is None:
        return Finding(State.OFF, "GW_SMTP_URL is not set, so neither requests nor alerts are mailed")
    try:
        mailer.check_login()
    except (OSError, SMTPException) as error:
        reason = type(error).__name__
        raise ConnectionFailed(f"the mail server cannot be used ({reason}). Check GW_SMTP_URL.") from None
    return f"the mail server accepts the login; requests are sent from {settings.mail_from}"


def _check_mailbox(settings: Settings) -> str | Finding:
    from bot.mail.imap import IMAP_ERRORS, ImapMailbox

    if settings.imap_url is None:
        return Finding(State.OFF, "GW_IMAP_URL is not set, so answers by e-mail are not read")
    mailbox = ImapMailbox(settings.imap_url.get_secret_value())
    try:
        with mailbox.open_session() as session:
            count = len(session.list_uids(0))
    except IMAP_ERRORS as error:
        reason = type(error).__name__
        raise ConnectionFailed(f"the mailbox cannot be read ({reason}). Check GW_IMAP_URL and its folder.") from None
    reply_to = settings.mail_reply_to or settings.mail_from or ""
    signed = "one for each request" if "+@" in reply_to else "recognised by what they reply to"
    return f"{count} e-mail{'s' * (count != 1)} in {mailbox.folder}; answers go to {reply_to}, {signed}"


ENCODER_CHECK: Check = ("encoder", _check_encoder)
BOT_CHECKS: tuple[Check, ...] = (
    ("index", _check_index),
    ("store", _check_store),
    ("operator", _check_operator),
    ("telegram", _check_telegram),
    ("advisers", _check_advisers),
    ("mail", _check_mail),
    ("mailbox", _check_mailbox),
)
# Beginnings of the settings a check needs: with the default in place of a wrong one it would check something else.
NEEDS: dict[str, tuple[str, ...]] = {
    "index": ("index_", "knowledge_"),
    "store": ("database_url",),
    "operator": ("operator",),
    "telegram": ("telegram_",),
    "advisers": ("adviser_", "telegram_", "database_url", "smtp_url"),
    "mail": ("smtp_url", "mail_"),
    "mailbox": ("imap_url", "smtp_url", "mail_"),
}
TENANT_CHECKS: tuple[Check, ...] = (("settings", _check_settings), ("knowledge", _check_knowledge), *BOT_CHECKS)

COMMANDS = (doctor,)
