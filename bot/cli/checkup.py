"""What `gwbot doctor` looks at. Each check returns a short finding or raises GwError."""

import asyncio
import shutil
from collections.abc import Callable
from functools import cache
from smtplib import SMTPException

from telegram import Bot
from telegram.constants import ChatMemberStatus
from telegram.error import BadRequest, Forbidden, InvalidToken, TelegramError

from bot.app.bootstrap import open_store_from_settings, resolve_knowledge_dir
from bot.app.index_loader import IndexLoader
from bot.app.tenants import SETTINGS_FILE
from bot.errors import ConnectionFailed, SettingsError, StoreError
from bot.mail.delivery import make_mailer
from bot.settings import Settings
from bot.store import SqliteDatabase
from knowledge.loader import path_or_builtin
from knowledge.records.contacts import CONTACTS_FILE, default_contact, read_contacts

MIN_FREE_MEGABYTES = 100  # MB free on the store's disk, below which it is time to act


_cached_models = cache(IndexLoader)  # loaded once for all tenants that are looked at


def _models_for(settings: Settings) -> IndexLoader:
    return _cached_models(settings.encoder_dir, settings.cross_encoder_dir)


def _check_encoder(settings: Settings) -> str:
    return _models_for(settings).encoder.name


def _check_settings(settings: Settings) -> str:
    path = settings.bot_dir / SETTINGS_FILE
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"{path} holds a token and may be read by others. Run: chmod 600 {path}")
    return f"language {settings.language}, deleted after {settings.retention_days} days"


def _check_knowledge(settings: Settings) -> str:
    path = path_or_builtin(resolve_knowledge_dir(settings), CONTACTS_FILE)
    return f"contact {default_contact(read_contacts(path)).name} ({path})"


def _check_index(settings: Settings) -> str:
    manifest = _models_for(settings).load_index(settings).current_searcher().reader.manifest
    return f"{manifest.entries} entries, {manifest.passages} passages"


def _check_store(settings: Settings) -> str:
    store = open_store_from_settings(settings)
    waiting_messages, open_requests, bad_rows = (
        store.outbox.count_queued_calls(),
        len(store.requests.active_requests()),
        store.find_unreadable_rows(),
    )
    store.close()
    if bad_rows:
        raise StoreError(
            f"in {store.address} {', '.join(bad_rows)} cannot be read. That is kept, but the bot does without it. "
            "Restore a backup from before, or show it to whoever maintains the program."
        )
    summary = f"{store.address}, {waiting_messages} messages waiting, {open_requests} open requests"
    if not isinstance(store.database, SqliteDatabase):
        return summary
    free_megabytes = shutil.disk_usage(settings.sqlite_path.parent).free // 1_000_000
    if free_megabytes < MIN_FREE_MEGABYTES:
        raise StoreError(f"only {free_megabytes} MB are free on the disk of {settings.sqlite_path}. Free some space.")
    return f"{summary}, {free_megabytes} MB free"


def _check_telegram(settings: Settings) -> str:
    if settings.telegram_token is None:
        return "GW_TELEGRAM_TOKEN is not set; the bot runs in the terminal only"
    return asyncio.run(_describe_bot(settings.telegram_token.get_secret_value(), settings.telegram_api_url))


async def _describe_bot(token: str, api_url: str) -> str:
    try:
        async with Bot(token, base_url=f"{api_url}/bot") as bot:
            webhook = await bot.get_webhook_info()
            last_error = f", last webhook error: {webhook.last_error_message}" if webhook.last_error_message else ""
            inline = "on" if bot.supports_inline_queries else "off (switch it on with /setinline at @BotFather)"
            return (
                f"@{bot.username}, inline mode {inline}, {webhook.pending_update_count} updates waiting{last_error}"
            )
    except InvalidToken:
        raise ConnectionFailed("Telegram does not know this token. Check GW_TELEGRAM_TOKEN.") from None
    except TelegramError as error:
        raise ConnectionFailed(f"Telegram cannot be reached at {api_url} ({type(error).__name__}).") from None


def _check_advisers(settings: Settings) -> str:
    if settings.adviser_chat_id is None:
        return "GW_ADVISER_CHAT_ID is not set; requests are kept" + (" and mailed" if settings.smtp_url else " only")
    if settings.telegram_token is None:
        return "GW_TELEGRAM_TOKEN is not set, so nobody can be reached"
    store = open_store_from_settings(settings)
    chat = store.outbox.current_chat_id(settings.adviser_chat_id)
    store.close()
    return asyncio.run(
        _describe_adviser_chat(settings.telegram_token.get_secret_value(), settings.telegram_api_url, chat)
    )


async def _describe_adviser_chat(token: str, api_url: str, chat_id: int) -> str:
    """How the bot stands in the advisers' chat."""
    try:
        async with Bot(token, base_url=f"{api_url}/bot") as bot:
            chat = await bot.get_chat(chat_id)
            member = await bot.get_chat_member(chat_id, bot.id)
    except (BadRequest, Forbidden) as error:
        raise ConnectionFailed(
            f"the advisers' chat {chat_id} cannot be used ({error.message}); requests wait. Add the bot to it."
        ) from None
    except TelegramError as error:
        raise ConnectionFailed(f"Telegram cannot be reached at {api_url} ({type(error).__name__}).") from None
    if member.status in (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED):
        raise ConnectionFailed(f"the bot is not in the advisers' chat {chat_id}; requests wait. Add it.")
    topics = "with topics" if chat.is_forum else "without topics"
    if chat.is_forum and not getattr(member, "can_manage_topics", False):
        topics += ", but the bot may not open any: make it administrator with the right to manage topics"
    elif chat.is_forum and not getattr(member, "can_delete_messages", False):
        topics += ", but the bot may not delete messages: what a person has deleted stays there until you delete it"
    return f"connected, {topics}"


def _check_mail(settings: Settings) -> str:
    mailer = make_mailer(settings)
    if mailer is None:
        return "off (GW_SMTP_URL is not set)"
    try:
        mailer.check_login()
    except (OSError, SMTPException) as error:
        raise ConnectionFailed(
            f"the mail server does not let us in ({type(error).__name__}). Check GW_SMTP_URL."
        ) from None
    return f"the mail server lets us in; requests go out from {settings.mail_from}"


Check = tuple[str, Callable[[Settings], str]]
ENCODER_CHECK: Check = ("encoder", _check_encoder)
BOT_CHECKS: tuple[Check, ...] = (
    ("index", _check_index),
    ("store", _check_store),
    ("telegram", _check_telegram),
    ("advisers", _check_advisers),
    ("mail", _check_mail),
)
TENANT_CHECKS: tuple[Check, ...] = (("settings", _check_settings), ("knowledge", _check_knowledge), *BOT_CHECKS)
