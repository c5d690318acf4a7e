"""Durable messages out: in order within a lane, each lane on its own, tried until the other side says yes or never,
or for five days."""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.errors import StoreError, StoreUnavailable
from bot.pipeline.rate_limiter import ARRIVES, EVERYBODY, MINUTE, UNLIMITED, Pace
from bot.pipeline.retry import STANDBY, STORE_TRIES, Rest, backoff, rest
from bot.store.protocol import MAIL_CHAT, MOST_BESIDE, Outgoing, Queued, Store

log = logging.getLogger(__name__)
TRIES = 1_440  # five days at one every five minutes; counted, since a clock may be wrong. RFC 5321, 4.5.4.1
BROKEN_TRIES = 5  # for what fails in our own code: half a minute


@dataclass(frozen=True, slots=True)
class Sent:
    """It worked; ``message_id`` is the new message's id where there is one."""

    message_id: int | None


@dataclass(frozen=True, slots=True)
class Refused:
    """Telegram will never accept this call."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """Not now. ``seconds`` is what Telegram asked for, None if back-off applies. After ``tries`` it has failed."""

    seconds: float | None
    tries: int = TRIES


Result = Sent | Refused | Later
Call = Callable[[Outgoing], Awaitable[Result]]
Tell = Callable[[Outgoing, str], Sequence[Outgoing]]  # what to send to whom when a call failed for good
HANDOVER = 5.0  # seconds for the process that led before to write down what came of its last calls
IDLE_WAIT = 30.0  # seconds after which the queue is looked at without being woken


class Outbox:
    """Sends what is queued, as fast as ``pace`` allows. ``wake`` it after queueing; ``clock`` gives Unix time."""

    def __init__(
        self,
        store: Store,
        call: Call,
        clock: Callable[[], float],
        tell: Tell = lambda outgoing, reason: (),
        pace: Pace | None = None,
        rest: Rest = rest,
        take_over: Callable[[], None] = lambda: None,
    ) -> None:
        """``take_over`` is called, in a thread, whenever this process comes to send."""
        self._store, self._call, self._clock, self._tell = store, call, clock, tell
        self._pace, self._rest, self._take_over = pace or Pace(UNLIMITED), rest, take_over
        self._woken = asyncio.Event()
        self._busy: dict[int, tuple[Queued, asyncio.Task[None]]] = {}
        self._served: set[str] = set()  # lanes of which a call was made in this round
        self._stopping = asyncio.Event()
        self._term: int | None = None  # what the store's `lead` said last
        self._from = 0.0  # the time (Unix) from which to send

    @property
    def sending(self) -> bool:
        """Whether a call is under way."""
        return bool(self._busy)

    def wake(self) -> None:
        """Look at the queue now; to be called from the event loop."""
        self._woken.set()

    async def run(self) -> None:
        """Send until cancelled; calls under way are finished before it returns."""
        failures = 0
        try:
            while True:
                self._woken.clear()
                try:
                    wait, failures = await self._start_due(), 0
                except StoreUnavailable as error:
                    log.error("messages wait: %s", error)
                    wait, failures = backoff(min(failures, STORE_TRIES)), failures + 1
                await self._rest(self._woken, min(wait, IDLE_WAIT))
        finally:
            self._stopping.set()
            await asyncio.gather(*(task for _, task in self._busy.values()), return_exceptions=True)

    async def _start_due(self) -> float:
        """Start what may be sent now; returns the seconds after which to look again."""
        if not await self._leads():
            return STANDBY
        now = self._clock()
        if 0 < self._from - now <= HANDOVER:
            return self._from - now
        busy = [queued for queued, _ in self._busy.values()]
        resting = set(self._pace.resting(now)) - {EVERYBODY}
        resting |= {one.outgoing.chat_id for one in busy if one.limited or one.outgoing.chat_id == MAIL_CHAT}
        room, change = self._pace.room(now), self._pace.next_change(now)
        found, upcoming = await asyncio.to_thread(self._look, now, room, change, list(self._busy), resting)
        beside = MOST_BESIDE - sum(not queued.limited for queued in busy)
        for queued in found:
            if not queued.limited and (beside := beside - 1) < 0:
                continue
            if queued.limited:
                self._pace.reserve(queued.outgoing.chat_id)
            if queued.lane in self._served:  # all others had their turn
                self._served.clear()
            self._served |= {queued.lane} - {""}
            self._busy[queued.id] = queued, asyncio.create_task(self._send(queued))
        return upcoming - now

    async def _leads(self) -> bool:
        """Whether this process sends; where it has just come to, it goes on from what others wrote down."""
        term = await asyncio.to_thread(self._store.lead)
        if term and term != self._term:
            self._pace.restore(*await asyncio.to_thread(self._written), self._clock())
            if self._term is not None:
                log.info("this process sends from now on")
                self._from = self._clock() + HANDOVER
        if not term and self._term != term:
            log.info("another process sends, this one stands by")
        self._term = term
        return bool(term)

    def _written(self) -> tuple[dict[int, float], list[tuple[int, float]]]:
        self._take_over()
        return self._store.holds(), self._store.calls(self._clock() - MINUTE - ARRIVES)

    def _look(
        self, now: float, room: int, change: float | None, busy: list[int], resting: set[int]
    ) -> tuple[list[Queued], float]:
        """What to send now, and the time (Unix) of the next look; a call that ends brings one before."""
        found = self._store.due(now, room, busy, resting, self._served)
        if self._store.waiting() <= len(found) + len(busy):
            return found, now + IDLE_WAIT
        full = sum(queued.limited for queued in found) >= room  # then only the pace says when there is more to do
        times = (change, None if full else self._store.next_due(now))
        return found, min((time for time in times if time is not None), default=now + IDLE_WAIT)

    async def _send(self, queued: Queued) -> None:
        try:
            await self._settled(queued, await self._called(queued.outgoing))
        finally:
            del self._busy[queued.id]
            if queued.limited:
                self._pace.release(queued.outgoing.chat_id)
            self.wake()

    async def _called(self, outgoing: Outgoing) -> Result:
        try:
            return await self._call(outgoing)
        except Exception as error:  # one broken call must not stop the others, nor hold up its lane for long
            log.exception("%s to one chat failed: %s", outgoing.method, type(error).__name__)
            return Later(None, BROKEN_TRIES)

    async def _settled(self, queued: Queued, result: Result) -> None:
        """What Telegram took would be sent again were it not written down: its chat waits until it is, or we end."""
        for attempt in itertools.count():
            try:
                return await self._settle(queued, result)
            except StoreError as error:
                log.error("one chat waits: %s", error)
            except Exception as error:
                method, kind = queued.outgoing.method, type(error).__name__
                log.exception("what became of %s is not written down: %s", method, kind)
            if self._stopping.is_set():
                return None
            await self._rest(self._stopping, backoff(min(attempt, STORE_TRIES)))

    async def _settle(self, queued: Queued, result: Result) -> None:
        match result:
            case Sent(message_id):
                await asyncio.to_thread(self._store.sent, queued.id, message_id)
            case Refused(reason):
                log.warning("%s to one chat refused: %s", queued.outgoing.method, reason)
                await asyncio.to_thread(self._fail, queued, reason)
            case Later(_, tries) if queued.attempts + 1 >= tries:
                log.error("%s to one chat is given up after %d tries", queued.outgoing.method, tries)
                await asyncio.to_thread(self._fail, queued, f"tried {tries} times")
            case Later(seconds):
                wait = backoff(queued.attempts) if seconds is None else seconds
                log.info("%s to one chat waits %.0f s", queued.outgoing.method, wait)
                await asyncio.to_thread(self._store.postpone, queued.id, self._clock() + wait)

    def _fail(self, queued: Queued, reason: str) -> None:
        self._store.failed(queued.id, reason, self._tell(queued.outgoing, reason))
