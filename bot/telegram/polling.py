"""Long polling: fetch updates, have them stored, and confirm them with the next call."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from telegram import Bot
from telegram.error import Conflict, RetryAfter, TelegramError

from bot.errors import StoreUnavailable
from bot.pipeline.retry import MAX_STORE_DOUBLINGS, STANDBY_WAIT, backoff_seconds
from bot.telegram.update_parser import ALLOWED_UPDATES

log = logging.getLogger(__name__)
POLL_TIMEOUT = 30  # seconds until Telegram answers if there are no updates
READ_MARGIN = 5.0  # seconds to wait for the answer in addition
CONFLICT_WAIT = 15.0  # seconds between two attempts while another program polls
CONFLICTS_PER_LOG = 40  # about ten minutes

ReceiveUpdates = Callable[[list[dict[str, Any]]], Awaitable[None]]


async def _ignore_conflict(is_conflict: bool) -> None:
    """Default observer: does nothing."""


async def poll_updates(
    bot: Bot,
    receive: ReceiveUpdates,
    on_conflict: Callable[[bool], Awaitable[None]] = _ignore_conflict,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    acquire_leadership: Callable[[], int] = lambda: 1,
) -> None:
    """Fetch updates until cancelled; confirm each only after ``receive`` has stored it.

    Args:
        receive: stores updates. Any error but StoreUnavailable ends the polling.
        on_conflict: called with True whenever another program polls with the same token, with False once none does.
        acquire_leadership: called in a thread; while it returns 0, another process with the same store polls.
    """
    offset, failure_count, conflict_count, is_leader = None, 0, 0, True
    while True:
        try:
            if is_leader != (is_leader := bool(await asyncio.to_thread(acquire_leadership))):
                role = "this process polls from now on" if is_leader else "another process polls, this one stands by"
                log.info(role)
            if not is_leader:
                if conflict_count:
                    await on_conflict(False)
                    conflict_count = 0
                await sleep(STANDBY_WAIT)
                continue
            updates = await _fetch_updates(bot, offset)
            if updates:
                await receive(updates)
                offset = updates[-1]["update_id"] + 1
        except Conflict as error:
            if conflict_count % CONFLICTS_PER_LOG == 0:
                log.error("%s", _describe_conflict(error))
            conflict_count += 1
            await on_conflict(True)
            await sleep(CONFLICT_WAIT)
        except RetryAfter as error:
            wait = error.retry_after
            await sleep(wait.total_seconds() if isinstance(wait, timedelta) else wait)
        except TelegramError as error:
            log.warning("fetching updates failed (%s); trying again", type(error).__name__)
            await sleep(backoff_seconds(failure_count))
            failure_count += 1
        except StoreUnavailable as error:
            log.error("updates wait at Telegram: %s", error)
            await sleep(backoff_seconds(min(failure_count, MAX_STORE_DOUBLINGS)))
            failure_count += 1
        else:
            failure_count = 0
            if conflict_count:
                log.info("no other program polls with this bot's token any longer")
                await on_conflict(False)
                conflict_count = 0


def _describe_conflict(error: Conflict) -> str:
    if "webhook" in error.message.lower():
        return "a webhook is set for this bot, so it cannot poll: end the program that set it, then restart this one"
    return (
        "another program polls with this bot's token, and each gets only part of the updates: end one of them. "
        "If you cannot find it, get a new token with /revoke at @BotFather"
    )


async def _fetch_updates(bot: Bot, offset: int | None) -> list[dict[str, Any]]:
    """Fetch updates as raw JSON.

    `Bot.get_updates` would fail for all updates if one had an unknown form, and log their texts. The method's name in
    lower case, which means the same to Telegram, bypasses it: https://core.telegram.org/bots/api#making-requests
    """
    params = {"timeout": POLL_TIMEOUT, "allowed_updates": ALLOWED_UPDATES} | (
        {} if offset is None else {"offset": offset}
    )
    timeout = POLL_TIMEOUT + READ_MARGIN
    updates: list[dict[str, Any]] = await bot.do_api_request("getupdates", params, read_timeout=timeout)
    return updates
