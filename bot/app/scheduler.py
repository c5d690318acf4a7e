"""Looks from time to time at what the time alone brings about: reminders, late answers, closing after silence, and
the end of what was kept long enough."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from bot.app.clock_guard import Steady, all_older
from bot.errors import Conflict, StoreError
from bot.flows.context import Parts
from bot.flows.relay.clockwork import DAY, due
from bot.pipeline.api_calls import unasked
from bot.pipeline.retry import Rest, left, rest

log = logging.getLogger(__name__)
PERIOD = 60.0  # seconds


async def watch(
    parts: Parts,
    wake: Callable[[], None],
    nudge: asyncio.Event,
    timer: Callable[[], float] = time.monotonic,
    rest: Rest = rest,
) -> None:
    """Look until cancelled, and at once where ``nudge`` is set. ``wake`` is called after each look.

    While the clock is in doubt, or another process leads, nothing is done. A nudge says that the clock was set on
    purpose.
    """
    steady = Steady(parts.now, timer, lambda now: all_older(parts.store, _kept_from(parts, now)))
    expired = 0.0
    while True:
        if nudge.is_set():
            steady.accept()
        nudge.clear()
        try:
            now = await asyncio.to_thread(steady)
            if now is not None and await asyncio.to_thread(parts.store.lead) > 0:
                believed = _at(parts, now)  # however the clock goes on while this is done
                await asyncio.to_thread(look, believed)
                if not left(expired, expired + DAY, now):
                    await asyncio.to_thread(expire, believed)
                    expired = now
            wake()
        except StoreError as error:
            log.error("the requests are looked at later: %s", error)
        except Exception as error:  # what goes wrong once must not end the watch over all
            log.exception("looking at the requests failed: %s", type(error).__name__)
        await rest(nudge, PERIOD)


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
    rows = parts.store.purge(_kept_from(parts, parts.now()))
    if rows:
        log.info("%d rows are deleted: they were kept for %d days", rows, parts.retention_days)
    return rows


def _kept_from(parts: Parts, now: float) -> float:
    return now - parts.retention_days * DAY


def _at(parts: Parts, now: float) -> Parts:
    return replace(parts, now=lambda: now)
