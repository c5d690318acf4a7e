"""What `gwbot doctor` looks at. Each check returns a short finding or raises GwError."""

import asyncio
import shutil
from collections.abc import Callable
from functools import cache
from smtplib import SMTPException

from telegram import Bot
from telegram.constants import ChatMemberStatus
from telegram.error import BadRequest, Forbidden, InvalidToken, TelegramError

from bot.app.bootstrap import knowledge_of, open_store
from bot.app.index_loader import Models
from bot.app.tenants import ENV
from bot.errors import ConnectionRefused, SettingsError, StoreError
from bot.mail.delivery import make_mailer
from bot.settings import Settings
from bot.store import SqliteStore
from bot.store.sql.unreadable import unreadable
from knowledge.loader import part
from knowledge.records.contacts import CONTACTS, default_contact, read_contacts

SCARCE = 100  # MB free on the store's disk, below which it is time to act


_models = cache(Models)  # loaded once for all tenants that are looked at


def _loaded(settings: Settings) -> Models:
    return _models(settings.encoder_dir, settings.cross_encoder_dir)


def _encoder(settings: Settings) -> str:
    return _loaded(settings).encoder.name


def _settings(settings: Settings) -> str:
    path = settings.home / ENV
    if path.stat().st_mode & 0o077:
        raise SettingsError(f"{path} holds a token and may be read by others. Run: chmod 600 {path}")
    return f"language {settings.language}, deleted after {settings.retention_days} days"


def _knowledge(settings: Settings) -> str:
    path = part(knowledge_of(settings), CONTACTS)
    return f"contact {default_contact(read_contacts(path)).name} ({path})"


def _index(settings: Settings) -> str:
    manifest = _loaded(settings).live(settings).searcher().opened.manifest
    return f"{manifest.entries} entries, {manifest.passages} passages"


def _store(settings: Settings) -> str:
    store = open_store(settings)
    waiting, requests, broken = store.waiting(), len(store.running()), unreadable(store)
    store.close()
    if broken:
        raise StoreError(
            f"in {store.address} {', '.join(broken)} cannot be read. That is kept, but the bot does without it. "
            "Restore a backup from before, or show it to whoever maintains the program."
        )
    found = f"{store.address}, {waiting} messages waiting, {requests} open requests"
    if not isinstance(store, SqliteStore):
        return found
    free = shutil.disk_usage(settings.database.parent).free // 1_000_000
    if free < SCARCE:
        raise StoreError(f"only {free} MB are free on the disk of {settings.database}. Free some space.")
    return f"{found}, {free} MB free"


def _telegram(settings: Settings) -> str:
    if settings.telegram_token is None:
        return "GW_TELEGRAM_TOKEN is not set; the bot runs in the terminal only"
    return asyncio.run(_reach(settings.telegram_token.get_secret_value(), settings.telegram_api_url))


async def _reach(token: str, address: str) -> str:
    try:
        async with Bot(token, base_url=f"{address}/bot") as bot:
            webhook = await bot.get_webhook_info()
            late = f", last webhook error: {webhook.last_error_message}" if webhook.last_error_message else ""
            inline = "on" if bot.supports_inline_queries else "off (switch it on with /setinline at @BotFather)"
            return f"@{bot.username}, inline mode {inline}, {webhook.pending_update_count} updates waiting{late}"
    except InvalidToken:
        raise ConnectionRefused("Telegram does not know this token. Check GW_TELEGRAM_TOKEN.") from None
    except TelegramError as error:
        raise ConnectionRefused(f"Telegram cannot be reached at {address} ({type(error).__name__}).") from None


def _advisers(settings: Settings) -> str:
    if settings.adviser_chat_id is None:
        return "GW_ADVISER_CHAT_ID is not set; requests are kept" + (" and mailed" if settings.smtp_url else " only")
    if settings.telegram_token is None:
        return "GW_TELEGRAM_TOKEN is not set, so nobody can be reached"
    store = open_store(settings)
    chat = store.moved(settings.adviser_chat_id)
    store.close()
    return asyncio.run(_desk(settings.telegram_token.get_secret_value(), settings.telegram_api_url, chat))


async def _desk(token: str, address: str, chat_id: int) -> str:
    """How the bot stands in the advisers' chat."""
    try:
        async with Bot(token, base_url=f"{address}/bot") as bot:
            chat = await bot.get_chat(chat_id)
            me = await bot.get_chat_member(chat_id, bot.id)
    except (BadRequest, Forbidden) as error:
        raise ConnectionRefused(
            f"the advisers' chat {chat_id} cannot be used ({error.message}); requests wait. Add the bot to it."
        ) from None
    except TelegramError as error:
        raise ConnectionRefused(f"Telegram cannot be reached at {address} ({type(error).__name__}).") from None
    if me.status in (ChatMemberStatus.LEFT, ChatMemberStatus.BANNED):
        raise ConnectionRefused(f"the bot is not in the advisers' chat {chat_id}; requests wait. Add it.")
    topics = "with topics" if chat.is_forum else "without topics"
    if chat.is_forum and not getattr(me, "can_manage_topics", False):
        topics += ", but the bot may not open any: make it administrator with the right to manage topics"
    elif chat.is_forum and not getattr(me, "can_delete_messages", False):
        topics += ", but the bot may not delete messages: what a person has deleted stays there until you delete it"
    return f"connected, {topics}"


def _mail(settings: Settings) -> str:
    mailer = make_mailer(settings)
    if mailer is None:
        return "off (GW_SMTP_URL is not set)"
    try:
        mailer.check()
    except (OSError, SMTPException) as error:
        raise ConnectionRefused(
            f"the mail server does not let us in ({type(error).__name__}). Check GW_SMTP_URL."
        ) from None
    return f"the mail server lets us in; requests go out from {settings.mail_from}"


Check = tuple[str, Callable[[Settings], str]]
ENCODER: Check = ("encoder", _encoder)
OF_A_BOT: tuple[Check, ...] = (
    ("index", _index),
    ("store", _store),
    ("telegram", _telegram),
    ("advisers", _advisers),
    ("mail", _mail),
)
OF_A_TENANT: tuple[Check, ...] = (("settings", _settings), ("knowledge", _knowledge), *OF_A_BOT)
