"""Create the client of the Bot API, connect it, and set or delete the webhook."""

import asyncio
import logging

from telegram import Bot, User
from telegram.error import Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError
from telegram.request import BaseRequest

from bot.errors import ConnectionFailed
from bot.pipeline.retry import backoff_seconds, wait_for_event
from bot.settings import Settings
from bot.telegram.update_parser import ALLOWED_UPDATES

log = logging.getLogger(__name__)


def create_client(settings: Settings, request: BaseRequest) -> Bot:
    """Create a client that makes its calls through ``request``; it does not connect yet."""
    assert settings.telegram_token is not None
    return Bot(
        settings.telegram_token.get_secret_value(),
        base_url=f"{settings.telegram_api_url}/bot",
        base_file_url=f"{settings.telegram_api_url}/file/bot",
        request=request,
    )


async def connect_with_retry(bot: Bot, stop: asyncio.Event) -> User | None:
    """Connect, retrying until the network is there; return the bot's account, or None if stopped before.

    Raises:
        ConnectionFailed: Telegram does not know the token.
    """
    attempt = 0
    while not stop.is_set():
        try:
            await bot.initialize()
            return bot.bot
        except (InvalidToken, Forbidden):
            raise ConnectionFailed("Telegram does not know this token. Check GW_TELEGRAM_TOKEN.") from None
        except (NetworkError, RetryAfter):
            log.warning("Telegram cannot be reached; the next try is in %.0f s", backoff_seconds(attempt))
        await wait_for_event(stop, backoff_seconds(attempt))
        attempt += 1
    return None


async def set_webhook(bot: Bot, settings: Settings) -> None:
    """Have updates posted to the webhook; raises ConnectionFailed if Telegram refuses."""
    assert settings.webhook_url is not None
    assert settings.webhook_secret is not None
    secret = settings.webhook_secret.get_secret_value()
    try:
        await bot.set_webhook(settings.webhook_url, secret_token=secret, allowed_updates=ALLOWED_UPDATES)
    except TelegramError as error:
        raise ConnectionFailed(f"Telegram refuses the webhook {settings.webhook_url}: {error.message}") from None


async def delete_webhook(bot: Bot) -> None:
    """Have updates queued for polling. A failure is only logged, since polling will then say why it fails."""
    try:
        await bot.delete_webhook()
    except TelegramError as error:
        log.warning("a webhook, if one is set, was not deleted (%s)", type(error).__name__)
