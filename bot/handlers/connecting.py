"""The way to Telegram: the client, and waiting until it is reached."""

import asyncio
import contextlib
import logging

from telegram import Bot, User
from telegram.error import Forbidden, InvalidToken, NetworkError, RetryAfter
from telegram.request import BaseRequest

from bot.errors import ConnectionRefused
from bot.outbox import backoff
from bot.settings import Settings

log = logging.getLogger(__name__)


def client(settings: Settings, request: BaseRequest) -> Bot:
    """The client of the Bot API, which makes its calls by ``request``; it does not connect yet."""
    assert settings.telegram_token is not None
    return Bot(
        settings.telegram_token.get_secret_value(),
        base_url=f"{settings.telegram_api_url}/bot",
        base_file_url=f"{settings.telegram_api_url}/file/bot",
        request=request,
    )


async def until_reached(bot: Bot, stop: asyncio.Event) -> User | None:
    """Connect, waiting for the network as long as it takes; None where we are stopped before."""
    for attempt in range(1_000_000):
        try:
            await bot.initialize()
            return bot.bot
        except (InvalidToken, Forbidden):
            raise ConnectionRefused("Telegram does not know this token. Check GW_TELEGRAM_TOKEN.") from None
        except (NetworkError, RetryAfter):
            log.warning("Telegram cannot be reached; the next try is in %.0f s", backoff(attempt))
        if await _stopped_within(stop, backoff(attempt)):
            return None
    return None


async def _stopped_within(stop: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
    return stop.is_set()
