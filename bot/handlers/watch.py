"""Looks from time to time at what the time alone brings about: reminders, late answers, closing after silence, and
the end of what was kept long enough."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable

from bot.errors import Conflict, StoreError
from bot.flows.clockwork import DAY, due
from bot.flows.parts import Parts
from bot.handlers.outgoing import unasked
from bot.steady import Steady

log = logging.getLogger(__name__)
PERIOD = 60.0  # seconds


async def watch(parts: Parts, wake: Callable[[], None], nudge: asyncio.Event) -> None:
    """Look until cancelled, and at once where ``nudge`` is set. ``wake`` is called after each look.

    While the clock is in doubt, or another process leads, nothing is done. A nudge says that the clock was set on
    purpose.
    """
    steady = Steady(parts.now, time.monotonic)
    expires = 0.0
    while True:
        if nudge.is_set():
            steady.accept()
        nudge.clear()
        try:
            if steady() and await asyncio.to_thread(parts.store.lead) > 0:
                await asyncio.to_thread(look, parts)
                if parts.now() >= expires:
                    await asyncio.to_thread(expire, parts)
                    expires = parts.now() + DAY
            wake()
        except StoreError as error:
            log.error("the requests are looked at later: %s", error)
        except Exception as error:  # what goes wrong once must not end the watch over all
            log.exception("looking at the requests failed: %s", type(error).__name__)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PERIOD):
                await nudge.wait()


def look(parts: Parts) -> int:
    """Do what is due now, each request in a transaction of its own; how many requests something was done about."""
    done = 0
    for request in parts.store.running():
        try:
            if turn := due(parts, request):
                parts.store.act(unasked(turn.messages, parts.desk), turn.effects)
                done += 1
        except Conflict:  # something happened just now; the next look decides on what is true then
            log.info("a request changed while it was looked at")
        except Exception as error:  # one request that cannot be handled must not hold up those behind it
            log.exception("looking at a request failed: %s", type(error).__name__)
    return done


def expire(parts: Parts) -> int:
    """Delete what was kept for the days of the settings; returns the number of rows."""
    rows = parts.store.purge(parts.now() - parts.retention_days * DAY)
    if rows:
        log.info("%d rows are deleted: they were kept for %d days", rows, parts.retention_days)
    return rows
