"""Looks from time to time at what the time alone brings about: reminders, late answers, closing after silence."""

import asyncio
import logging
from collections.abc import Callable

from bot.consultation import Status
from bot.errors import Conflict
from bot.flows.clockwork import due
from bot.flows.parts import Parts
from bot.handlers.outgoing import to_calls
from bot.model import Event, Kind

log = logging.getLogger(__name__)
PERIOD = 60.0  # seconds


async def watch(parts: Parts, wake: Callable[[], None]) -> None:
    """Look until cancelled."""
    while True:
        try:
            if await asyncio.to_thread(look, parts):
                wake()
        except Exception as error:  # one request that cannot be handled must not end the watch over all
            log.exception("looking at the requests failed: %s", type(error).__name__)
        await asyncio.sleep(PERIOD)


def look(parts: Parts) -> int:
    """Do what is due now, each request in a transaction of its own; how many requests something was done about."""
    done = 0
    for request in (*parts.store.requests(Status.OPEN), *parts.store.requests(Status.TAKEN)):
        turn = due(parts, request)
        if turn is None:
            continue
        about = Event(0, Kind.OTHER, request.chat_id, request.user_id, 0)
        try:
            parts.store.act(to_calls(turn.messages, about, parts.desk), turn.effects)
            done += 1
        except Conflict:  # something happened just now; the next look decides on what is true then
            log.info("a request changed while it was looked at")
    return done
