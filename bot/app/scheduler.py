"""Do what is due by time: reminders, late notices, closing after silence, and deletion of old data."""

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import replace

from bot.app.clock_guard import ClockJumpGuard, is_everything_older
from bot.domain.calendar import DAY
from bot.errors import StoreConflict, StoreError
from bot.flows.context import Services
from bot.flows.relay.lifecycle import check_deadlines
from bot.flows.relay.reception import greet_advisers
from bot.pipeline.api_calls import calls_without_event, route_to_desks
from bot.pipeline.retry import Sleep, remaining_wait, wait_for_event

log = logging.getLogger(__name__)
CHECK_INTERVAL = 60.0  # seconds


async def run_scheduler(
    services: Services,
    wake_outbox: Callable[[], None],
    wake_scheduler: asyncio.Event,
    timer: Callable[[], float] = time.monotonic,
    sleep: Sleep = wait_for_event,
) -> None:
    """Process what is due every minute until cancelled, and call ``wake_outbox`` each time.

    Setting ``wake_scheduler`` does so at once and says that the clock was set on purpose. Nothing is done while the
    clock is in doubt or another process leads. ``timer`` returns seconds.
    """
    clock_guard = ClockJumpGuard(
        services.now, timer, lambda now: is_everything_older(services.store, _retention_start(services, now))
    )
    purged_at = 0.0
    while True:
        if wake_scheduler.is_set():
            clock_guard.trust_clock()
        wake_scheduler.clear()
        try:
            now = await asyncio.to_thread(clock_guard)
            if now is not None and await asyncio.to_thread(services.store.database.try_acquire_leadership) > 0:
                services_at_now = _with_fixed_time(services, now)  # the clock may change meanwhile
                await asyncio.to_thread(greet_desk, services_at_now)
                await asyncio.to_thread(process_due_requests, services_at_now)
                if not remaining_wait(purged_at, purged_at + DAY, now):
                    await asyncio.to_thread(purge_expired, services_at_now)
                    purged_at = now
            wake_outbox()
        except StoreError as error:
            log.error("requests are checked later: %s", error)
        except Exception as error:  # one failure must not end all further checks
            log.exception("checking the requests failed: %s", type(error).__name__)
        await sleep(wake_scheduler, CHECK_INTERVAL)


def greet_desk(services: Services) -> None:
    """Greet the advisers' chats that never were."""
    for turn in greet_advisers(services):
        services.store.apply(calls_without_event(turn.messages, services.adviser_chat), turn.effects)


def process_due_requests(services: Services) -> int:
    """Do what is due now, in one transaction per request; return the number of requests that changed."""
    processed = 0
    for request in services.store.requests.active_requests():
        try:
            if turn := check_deadlines(services, request):
                calls = calls_without_event(turn.messages, services.adviser_chat)
                services.store.apply(route_to_desks(services, calls), turn.effects)
                processed += 1
        except StoreConflict:  # the next check decides again
            log.info("a request changed while it was checked")
        except Exception as error:  # one request must not hold up the others
            log.exception("checking a request failed: %s", type(error).__name__)
    return processed


def purge_expired(services: Services) -> int:
    """Delete what is older than the retention period; return the number of rows."""
    rows = services.store.erasure.purge_expired(_retention_start(services, services.now()))
    if rows:
        log.info("deleted %d rows older than %d days", rows, services.retention_days)
    return rows


def _retention_start(services: Services, now: float) -> float:
    return now - services.retention_days * DAY


def _with_fixed_time(services: Services, now: float) -> Services:
    return replace(services, now=lambda: now)
