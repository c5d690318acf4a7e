"""Send queued calls durably: in order within a lane, lanes independent of each other.

Each call is tried until the other side accepts it or rejects it for good, or for five days.
"""

import asyncio
import itertools
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from bot.errors import StoreError, StoreUnavailable
from bot.pipeline.rate_limiter import MAX_ARRIVAL_DELAY, MINUTE, NO_LIMITS, RateLimiter
from bot.pipeline.retry import MAX_STORE_DOUBLINGS, STANDBY_WAIT, Sleep, backoff_seconds, wait_for_event
from bot.store import Store
from bot.store.records import MAX_UNLIMITED_CALLS, ApiCall, MailCall, OutgoingCall, QueuedCall

log = logging.getLogger(__name__)
MAX_TRIES = 1_440  # five days at one every five minutes (RFC 5321, 4.5.4.1); counted, since a clock may be wrong
INTERNAL_ERROR_TRIES = 5  # for an error in our own code: half a minute


@dataclass(frozen=True, slots=True)
class Sent:
    """The call succeeded.

    Attributes:
        message_id: the id of the new message, if there is one.
        album: the ids of the further messages of an album, each after that of its original, 0 for unknown.
    """

    message_id: int | None
    album: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """The other side will never accept this call."""

    reason: str


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again after ``seconds`` (None: back-off); after ``max_tries`` in all, the call has failed for good."""

    seconds: float | None
    max_tries: int = MAX_TRIES


CallResult = Sent | Rejected | Retry
Call = TypeVar("Call")
MakeCall = Callable[[Call], Awaitable[CallResult]]
OnFailure = Callable[[OutgoingCall, str], Sequence[OutgoingCall]]  # call and reason -> what to send instead
OnSent = Callable[[OutgoingCall], Sequence[OutgoingCall]]  # call -> what shows its writer that it has arrived
HANDOVER_WAIT = 5.0  # seconds for the previous leader to save the results of its last calls
IDLE_WAIT = 30.0  # seconds until the queue is checked without being woken


class Outbox:
    """Sends what is queued, as fast as the limiter allows. `wake` it after queueing; ``clock`` gives Unix time."""

    def __init__(
        self,
        store: Store,
        make_call: MakeCall[OutgoingCall],
        clock: Callable[[], float],
        on_failure: OnFailure = lambda outgoing, reason: (),
        limiter: RateLimiter | None = None,
        sleep: Sleep = wait_for_event,
        on_takeover: Callable[[], None] = lambda: None,
        on_call: Callable[[int, CallResult], None] = lambda chat_id, result: None,
        on_sent: OnSent = lambda outgoing: (),
    ) -> None:
        """``on_takeover`` is called, in a thread, when this process starts to send; ``on_call`` after each call."""
        self._store, self._make_call, self._clock, self._on_failure = store, make_call, clock, on_failure
        self._limiter, self._sleep, self._on_takeover = limiter or RateLimiter(NO_LIMITS), sleep, on_takeover
        self._on_call, self._on_sent = on_call, on_sent
        self._wake_event = asyncio.Event()
        self._in_flight: dict[int, tuple[QueuedCall, asyncio.Task[None]]] = {}
        self._served_lanes: set[str] = set()  # lanes that had a turn in this round
        self._stopping = asyncio.Event()
        self._leader_term: int | None = None  # the last result of the store's `try_acquire_leadership`
        self._send_from = 0.0  # Unix time

    @property
    def is_sending(self) -> bool:
        """Whether a call is in progress."""
        return bool(self._in_flight)

    def wake(self) -> None:
        """Check the queue now; to be called from the event loop."""
        self._wake_event.set()

    async def run(self) -> None:
        """Send until cancelled; calls in progress are finished first."""
        failures = 0
        try:
            while True:
                self._wake_event.clear()
                try:
                    wait, failures = await self._start_due_calls(), 0
                except StoreUnavailable as error:
                    log.error("messages wait: %s", error)
                    wait, failures = backoff_seconds(min(failures, MAX_STORE_DOUBLINGS)), failures + 1
                await self._sleep(self._wake_event, min(wait, IDLE_WAIT))
        finally:
            self._stopping.set()
            await asyncio.gather(*(task for _, task in self._in_flight.values()), return_exceptions=True)

    async def _start_due_calls(self) -> float:
        """Start what may be sent now; return the seconds after which to check again."""
        if not await self._acquire_leadership():
            return STANDBY_WAIT
        now = self._clock()
        if 0 < self._send_from - now <= HANDOVER_WAIT:
            return self._send_from - now
        in_flight = [queued for queued, _ in self._in_flight.values()]
        busy = {queued.chat_id for queued in in_flight if queued.rate_limited or isinstance(queued.call, MailCall)}
        paused_chats = busy.union(self._limiter.paused_chats(now))
        free_slots, next_change = self._limiter.free_slots(now), self._limiter.next_change(now)
        due_calls, next_look = await asyncio.to_thread(
            self._find_due_calls, now, free_slots, next_change, list(self._in_flight), paused_chats
        )
        unlimited_slots = MAX_UNLIMITED_CALLS - sum(not queued.rate_limited for queued in in_flight)
        for queued in due_calls:
            if not queued.rate_limited and (unlimited_slots := unlimited_slots - 1) < 0:
                continue
            if queued.rate_limited:
                self._limiter.reserve_slot(queued.chat_id)
            if queued.lane in self._served_lanes:  # every other lane had its turn
                self._served_lanes.clear()
            self._served_lanes |= {queued.lane} - {""}
            self._in_flight[queued.id] = queued, asyncio.create_task(self._send_call(queued))
        return next_look - now

    async def _acquire_leadership(self) -> bool:
        """Return whether this process sends; if it has just become the leader, load what other processes saved."""
        term = await asyncio.to_thread(self._store.database.try_acquire_leadership)
        if term and term != self._leader_term:
            self._limiter.restore_state(*await asyncio.to_thread(self._load_rate_limits), self._clock())
            if self._leader_term is not None:
                log.info("this process sends from now on")
                self._send_from = self._clock() + HANDOVER_WAIT
        if not term and self._leader_term != term:
            log.info("another process sends, this one stands by")
        self._leader_term = term
        return bool(term)

    def _load_rate_limits(self) -> tuple[dict[int, float], list[tuple[int, float]]]:
        self._on_takeover()
        since = self._clock() - MINUTE - MAX_ARRIVAL_DELAY
        return self._store.outbox.rate_limits(), self._store.outbox.group_calls(since)

    def _find_due_calls(
        self, now: float, free_slots: int, next_change: float | None, in_flight_ids: list[int], paused_chats: set[int]
    ) -> tuple[list[QueuedCall], float]:
        """Return what to send now, and the time (Unix) to check again unless a call ends before."""
        due_calls = self._store.outbox.due_calls(now, free_slots, in_flight_ids, paused_chats, self._served_lanes)
        if self._store.outbox.count_queued_calls() <= len(due_calls) + len(in_flight_ids):
            return due_calls, now + IDLE_WAIT
        is_full = sum(queued.rate_limited for queued in due_calls) >= free_slots  # until the limiter has free slots
        times = (next_change, None if is_full else self._store.outbox.next_due_time(now))
        return due_calls, min((time for time in times if time is not None), default=now + IDLE_WAIT)

    async def _send_call(self, queued: QueuedCall) -> None:
        try:
            await self._record_until_saved(queued, await self._try_call(queued))
        finally:
            del self._in_flight[queued.id]
            if queued.rate_limited:
                self._limiter.release_slot(queued.chat_id)
            self.wake()

    async def _try_call(self, queued: QueuedCall) -> CallResult:
        try:
            result = await self._make_call(queued.call)
            self._on_call(queued.chat_id, result)
            return result
        except Exception as error:  # one broken call must not stop the others, nor block its lane for long
            log.exception("%s to one chat failed: %s", _call_name(queued), type(error).__name__)
            return Retry(None, INTERNAL_ERROR_TRIES)

    async def _record_until_saved(self, queued: QueuedCall, result: CallResult) -> None:
        """Save a result, or block the chat until that works or we stop: an unsaved success would be sent again."""
        for attempt in itertools.count():
            try:
                return await self._record_result(queued, result)
            except StoreError as error:
                log.error("one chat waits: %s", error)
            except Exception as error:
                log.exception("the result of %s was not saved: %s", _call_name(queued), type(error).__name__)
            if self._stopping.is_set():
                return None
            await self._sleep(self._stopping, backoff_seconds(min(attempt, MAX_STORE_DOUBLINGS)))

    async def _record_result(self, queued: QueuedCall, result: CallResult) -> None:
        match result:
            case Sent(message_id, album):
                receipts = self._on_sent(queued.call)
                await asyncio.to_thread(self._store.outbox.mark_sent, queued.id, message_id, receipts, album)
            case Rejected(reason):
                log.warning("%s to one chat was refused: %s", _call_name(queued), reason)
                await asyncio.to_thread(self._record_failure, queued, reason)
            case Retry(_, max_tries) if queued.attempts + 1 >= max_tries:
                log.error("giving up %s to one chat after %d tries", _call_name(queued), max_tries)
                await asyncio.to_thread(self._record_failure, queued, f"tried {max_tries} times")
            case Retry(seconds):
                wait = backoff_seconds(queued.attempts) if seconds is None else seconds
                log.info("%s to one chat waits %.0f s", _call_name(queued), wait)
                await asyncio.to_thread(self._store.outbox.postpone_call, queued.id, self._clock() + wait)

    def _record_failure(self, queued: QueuedCall, reason: str) -> None:
        self._store.outbox.mark_failed(queued.id, reason, self._on_failure(queued.call, reason))


def _call_name(queued: QueuedCall) -> str:
    return queued.call.method if isinstance(queued.call, ApiCall) else type(queued.call).__name__
