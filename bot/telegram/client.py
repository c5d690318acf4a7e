"""The way to Telegram: the client, and waiting until it is reached."""

import asyncio
import contextlib
import logging

from telegram import Bot, User
from telegram.error import Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import BaseRequest

from bot.errors import ConnectionFailed
from bot.pipeline.retry import backoff_seconds
from bot.settings import Settings
from bot.telegram.update_parser import ALLOWED_UPDATES

log = logging.getLogger(__name__)


def create_client(settings: Settings, request: BaseRequest) -> Bot:
    """The client of the Bot API, which makes its calls by ``request``; it does not connect yet."""
    assert settings.telegram_token is not None
    return Bot(
        settings.telegram_token.get_secret_value(),
        base_url=f"{settings.telegram_api_url}/bot",
        base_file_url=f"{settings.telegram_api_url}/file/bot",
        request=request,
    )


async def connect_with_retry(bot: Bot, stop: asyncio.Event) -> User | None:
    """Connect, waiting for the network as long as it takes; None where we are stopped before."""
    for attempt in range(1_000_000):
        try:
            await bot.initialize()
            return bot.bot
        except (InvalidToken, Forbidden):
            raise ConnectionFailed("Telegram does not know this token. Check GW_TELEGRAM_TOKEN.") from None
        except (NetworkError, RetryAfter):
            log.warning("Telegram cannot be reached; the next try is in %.0f s", backoff_seconds(attempt))
        if await _wait_for_stop(stop, backoff_seconds(attempt)):
            return None
    return None


async def set_webhook(bot: Bot, settings: Settings) -> None:
    """Have updates posted to us; raises ConnectionRefused where Telegram does not want to."""
    assert settings.webhook_url is not None
    assert settings.webhook_secret is not None
    secret = settings.webhook_secret.get_secret_value()
    try:
        await bot.set_webhook(settings.webhook_url, secret_token=secret, allowed_updates=ALLOWED_UPDATES)
    except TelegramError as error:
        raise ConnectionFailed(f"Telegram refuses the webhook {settings.webhook_url}: {error.message}") from None


async def delete_webhook(bot: Bot) -> None:
    """Have updates kept for polling. Where that fails, polling says why."""
    try:
        await bot.delete_webhook()
    except TelegramError as error:
        log.warning("a webhook, if one is set, was not deleted (%s)", type(error).__name__)


async def _wait_for_stop(stop: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
    return stop.is_set()
