"""`gwbot doctor`: check each part. A check returns a short description or raises GwError."""

import asyncio
import shutil
import sys
from collections.abc import Awaitable, Callable
from functools import cache, partial
from pathlib import Path
from smtplib import SMTPException
from typing import TYPE_CHECKING

import click

from bot.app.tenants import SETTINGS_FILE, is_enabled, list_tenant_names, load_tenant_settings
from bot.cli.options import chosen_settings, open_store
from bot.errors import ConnectionFailed, GwError, SettingsError, StoreError
from bot.log import escape_control_chars
from bot.settings import Settings
from bot.store import SQLITE_PREFIX
from bot.store.records import MAIN_TENANT

if TYPE_CHECKING:
    from telegram import Bot

    from bot.app.index_loader import IndexLoader

MIN_FREE_MEGABYTES = 100  # on the store's disk


@click.command()
def doctor() -> None:
    """Check settings, encoder, index, store, Telegram and mail, for each tenant too; one line each."""
    try:
        settings = chosen_settings()
    except SettingsError as error:
        raise GwError(f"settings  {error}") from None
    click.echo("ok    settings")
    tenants = list_tenant_names(settings) if settings.tenant_name == MAIN_TENANT else []
    results = [_run_check(*ENCODER_CHECK, settings)]
    if settings.telegram_token is not None or not tenants:
        bot_checks = BOT_CHECKS if settings.tenant_name == MAIN_TENANT else TENANT_CHECKS
        results += [_run_check(name, check, settings) for name, check in bot_checks]
    results += [_check_tenant(settings, name) for name in tenants]
    sys.exit(0 if all(results) else 1)


def _check_tenant(installation: Settings, tenant: str) -> bool:
    if not is_enabled(installation, tenant):
        click.echo(f"ok    {tenant}: disabled")
        return True
    try:
        settings = load_tenant_settings(installation, tenant)
    except SettingsError as error:
        click.echo(f"wrong {tenant}: {error}")
        return False
    results = [_run_check(f"{tenant} {name}", check, settings) for name, check in TENANT_CHECKS]
    return all(results)


def _run_check(name: str, check: Callable[[Settings], str], settings: Settings) -> bool:
    try:
        click.echo(f"ok    {name}: {escape_control_chars(check(settings))}")
    except GwError as error:
        click.echo(f"wrong {name}: {escape_control_chars(str(error))}")
        return False
    return True


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
    return f"{manifest.entries} entries, {manifest.passages} passages"


def _check_store(settings: Settings) -> str:
    with open_store(settings) as store:
        waiting_messages, open_requests = store.outbox.count_queued_calls(), len(store.requests.active_requests())
        bad_rows = store.find_unreadable_rows()
    if bad_rows:
        raise StoreError(
            f"in {store.address} {', '.join(bad_rows)} cannot be read, so the bot ignores it but does not delete it. "
            "Restore an earlier backup, or contact the program's maintainers."
        )
    summary = f"{store.address}, {waiting_messages} messages waiting, {open_requests} open requests"
    if not settings.store_url.startswith(SQLITE_PREFIX):
        return summary
    free_megabytes = shutil.disk_usage(settings.sqlite_path.parent).free // 1_000_000
    if free_megabytes < MIN_FREE_MEGABYTES:
        raise StoreError(f"only {free_megabytes} MB are free on the disk of {settings.sqlite_path}. Free some space.")
    return f"{summary}, {free_megabytes} MB free"


def _check_telegram(settings: Settings) -> str:
    if settings.telegram_token is None:
        return "GW_TELEGRAM_TOKEN is not set; the bot runs in the sandbox and in the terminal"
    return _ask_telegram(settings, settings.telegram_token.get_secret_value(), _describe_bot)


def _check_advisers(settings: Settings) -> str:
    if settings.adviser_chat_id is None:
        mailed = "and mailed" if settings.smtp_url else "only"
        return f"GW_ADVISER_CHAT_ID is not set; requests are stored {mailed}"
    if settings.telegram_token is None:
        return "GW_TELEGRAM_TOKEN is not set, so the chat cannot be reached"
    with open_store(settings) as store:
        chats = {name: store.outbox.current_chat_id(chat_id) for name, chat_id in settings.adviser_chats.items()}
        main_chat = store.outbox.current_chat_id(settings.adviser_chat_id)
    token = settings.telegram_token.get_secret_value()
    results = [_ask_telegram(settings, token, partial(_describe_adviser_chat, chat_id=main_chat))]
    for name, chat_id in chats.items():
        results.append(f"{name}: {_ask_telegram(settings, token, partial(_describe_adviser_chat, chat_id=chat_id))}")
    return "; ".join((*results, *_list_unmatched_desks(settings)))


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


def _ask_telegram(settings: Settings, token: str, describe: "Callable[[Bot], Awaitable[str]]") -> str:
    from telegram import Bot
    from telegram.error import InvalidToken, TelegramError

    async def ask() -> str:
        async with Bot(token, base_url=f"{settings.telegram_api_url}/bot") as bot:
            return await describe(bot)

    try:
        return asyncio.run(ask())
    except InvalidToken:
        raise ConnectionFailed("Telegram does not know this token. Check GW_TELEGRAM_TOKEN.") from None
    except TelegramError as error:
        url, reason = settings.telegram_api_url, type(error).__name__
        raise ConnectionFailed(f"Telegram cannot be reached at {url} ({reason}).") from None


async def _describe_bot(bot: "Bot") -> str:
    webhook = await bot.get_webhook_info()
    last_error = f", last webhook error: {webhook.last_error_message}" if webhook.last_error_message else ""
    inline = "on" if bot.supports_inline_queries else "off (switch it on with /setinline at @BotFather)"
    return f"@{bot.username}, inline mode {inline}, {webhook.pending_update_count} updates waiting{last_error}"


async def _describe_adviser_chat(bot: "Bot", chat_id: int) -> str:
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
    if chat.is_forum and not getattr(member, "can_manage_topics", False):
        topics += ", but the bot may not open any: make it an administrator with the right to manage topics"
    elif chat.is_forum and not getattr(member, "can_delete_messages", False):
        topics += ", but the bot may not delete messages: what a person deletes stays there until you delete it"
    return f"connected, {topics}"


def _check_mail(settings: Settings) -> str:
    from bot.mail.delivery import make_mailer

    mailer = make_mailer(settings)
    if mailer is None:
        return "off (GW_SMTP_URL is not set)"
    try:
        mailer.check_login()
    except (OSError, SMTPException) as error:
        reason = type(error).__name__
        raise ConnectionFailed(f"the mail server cannot be used ({reason}). Check GW_SMTP_URL.") from None
    return f"the mail server accepts the login; requests are sent from {settings.mail_from}"


def _check_mailbox(settings: Settings) -> str:
    from bot.mail.imap import IMAP_ERRORS, ImapMailbox

    if settings.imap_url is None:
        return "off (GW_IMAP_URL is not set); answers by e-mail are not read"
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


Check = tuple[str, Callable[[Settings], str]]
ENCODER_CHECK: Check = ("encoder", _check_encoder)
BOT_CHECKS: tuple[Check, ...] = (
    ("index", _check_index),
    ("store", _check_store),
    ("telegram", _check_telegram),
    ("advisers", _check_advisers),
    ("mail", _check_mail),
    ("mailbox", _check_mailbox),
)
TENANT_CHECKS: tuple[Check, ...] = (("settings", _check_settings), ("knowledge", _check_knowledge), *BOT_CHECKS)

COMMANDS = (doctor,)
