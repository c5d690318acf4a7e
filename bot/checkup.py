"""What `gwbot doctor` looks at. Each check returns a short finding or raises GwError."""

import asyncio
from collections.abc import Callable

from telegram import Bot
from telegram.error import InvalidToken, TelegramError

from bot.app import open_index, open_store
from bot.errors import ConnectionRefused
from bot.settings import Settings
from index.encoder import OnnxEncoder


def _encoder(settings: Settings) -> str:
    return OnnxEncoder.load(settings.encoder_dir).name


def _index(settings: Settings) -> str:
    manifest = open_index(settings).searcher().opened.manifest
    return f"{manifest.entries} entries, {manifest.passages} passages"


def _store(settings: Settings) -> str:
    store = open_store(settings)
    waiting, requests = store.waiting(), len(store.requests("open"))
    store.close()
    return f"{settings.database}, {waiting} messages waiting, {requests} open requests"


def _telegram(settings: Settings) -> str:
    if settings.telegram_token is None:
        return "GW_TELEGRAM_TOKEN is not set; the bot runs in the terminal only"
    return asyncio.run(_reach(settings.telegram_token.get_secret_value(), settings.telegram_api_url))


async def _reach(token: str, address: str) -> str:
    try:
        async with Bot(token, base_url=f"{address}/bot") as bot:
            webhook = await bot.get_webhook_info()
            late = f", last webhook error: {webhook.last_error_message}" if webhook.last_error_message else ""
            return f"@{bot.username}, {webhook.pending_update_count} updates waiting{late}"
    except InvalidToken:
        raise ConnectionRefused("Telegram does not know this token. Check GW_TELEGRAM_TOKEN.") from None
    except TelegramError as error:
        raise ConnectionRefused(f"Telegram cannot be reached at {address} ({type(error).__name__}).") from None


def _advisers(settings: Settings) -> str:
    return "connected" if settings.adviser_chat_id else "GW_ADVISER_CHAT_ID is not set; requests are kept only"


def _mail(settings: Settings) -> str:
    return "set; this version sends no e-mail yet" if settings.smtp_url else "off (GW_SMTP_URL is not set)"


CHECKS: tuple[tuple[str, Callable[[Settings], str]], ...] = (
    ("encoder", _encoder),
    ("index", _index),
    ("store", _store),
    ("telegram", _telegram),
    ("advisers", _advisers),
    ("mail", _mail),
)
