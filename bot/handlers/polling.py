"""Long polling: fetch updates, have them written down, confirm them with the next call."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from telegram import Bot
from telegram.error import Conflict, RetryAfter, TelegramError

from bot.handlers.incoming import ALLOWED_UPDATES
from bot.outbox import backoff

log = logging.getLogger(__name__)
TIMEOUT = 30  # seconds that Telegram holds an empty answer back


async def poll(bot: Bot, receive: Callable[[list[dict[str, Any]]], Awaitable[None]]) -> None:
    """Fetch until cancelled. An update is confirmed only after ``receive`` has written it down."""
    offset, failures = None, 0
    while True:
        try:
            updates = await _fetch(bot, offset)
            failures = 0
        except Conflict:
            log.error("another program polls with this bot's token; stop one of the two")
            failures = max(failures, 3) + 1
        except RetryAfter as error:
            wait = error.retry_after
            await asyncio.sleep(wait.total_seconds() if isinstance(wait, timedelta) else wait)
            continue
        except TelegramError as error:
            failures += 1
            log.warning("fetching updates failed (%s); trying again", type(error).__name__)
        if failures:
            await asyncio.sleep(backoff(failures - 1))
        elif updates:
            await receive(updates)
            offset = updates[-1]["update_id"] + 1


async def _fetch(bot: Bot, offset: int | None) -> list[dict[str, Any]]:
    found = await bot.get_updates(offset, timeout=TIMEOUT, allowed_updates=ALLOWED_UPDATES)
    return [update.to_dict() for update in found]
