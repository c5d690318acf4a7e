"""How long to wait before something is tried again."""

import asyncio
from collections.abc import Awaitable, Callable

FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0  # seconds of back-off after a network error
STORE_TRIES = 5  # doublings of the wait for a store that cannot be used: half a minute at most
Rest = Callable[[asyncio.Event, float], Awaitable[None]]  # until the event is set, or seconds have passed


def backoff(attempts: int) -> float:
    """Return the seconds to wait after the given number of failed attempts."""
    return min(FIRST_WAIT * 2.0 ** min(attempts, 30), LONGEST_WAIT)


async def rest(woken: asyncio.Event, seconds: float) -> None:
    """Wait until ``woken`` is set, at most so many seconds."""
    try:
        async with asyncio.timeout(seconds):  # wait_for of Python 3.11 may lose a cancellation
            await woken.wait()
    except TimeoutError:
        return


STANDBY = 3.0  # seconds after which a process that does not lead asks whether it does now


def left(since: float, until: float, now: float) -> float:
    """Seconds that are left of a wait (Unix times); 0 also where it has not begun: then the clock was set back."""
    return until - now if since <= now < until else 0.0
