"""How long to wait before retrying."""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable

from bot.errors import GwError, loggable_reason

log = logging.getLogger(__name__)
FIRST_WAIT, MAX_WAIT = 1.0, 300.0  # seconds of back-off after a network error
STANDBY_WAIT = 3.0  # seconds after which a process on standby tries again to become the leader
MAX_STORE_DOUBLINGS = 5  # doublings of the wait for an unavailable store: half a minute at most
Sleep = Callable[[asyncio.Event, float], Awaitable[None]]  # until the event is set, or seconds have passed


def backoff_seconds(attempts: int) -> float:
    """Return the seconds to wait after that many failed attempts."""
    return min(FIRST_WAIT * 2.0 ** min(attempts, 30), MAX_WAIT)


async def wait_for_event(event: asyncio.Event, seconds: float) -> None:
    """Wait until an event is set, or until so many seconds have passed."""
    try:
        async with asyncio.timeout(seconds):  # wait_for of Python 3.11 may lose a cancellation
            await event.wait()
    except TimeoutError:
        return


def remaining_wait(since: float, until: float, now: float) -> float:
    """Return the seconds left of a wait between two Unix times; 0 before it began, when the clock was set back."""
    return until - now if since <= now < until else 0.0


async def restart_on_error(
    work: Callable[[], Awaitable[None]], sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
) -> None:
    """Run a background task until it returns. After an error log it and start again, at most half a minute later.

    Nobody awaits such a task, so it must not end unnoticed.
    """
    for attempt in itertools.count():
        try:
            return await work()
        except Exception as error:
            wait, is_bug = backoff_seconds(min(attempt, MAX_STORE_DOUBLINGS)), not isinstance(error, GwError)
            reason = loggable_reason(error)
            log.error("a background task failed, restarting it in %.0f s: %s", wait, reason, exc_info=is_bug)
        await sleep(wait)
