"""Durable messages out: in order per chat, each chat on its own, tried until Telegram says yes or never."""

import asyncio
import contextlib
import itertools
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.errors import StoreError, StoreUnavailable
from bot.store.protocol import Outgoing, Queued, Store

log = logging.getLogger(__name__)


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
    """Not now. ``seconds`` is what Telegram asked for; None where the network failed and back-off applies."""

    seconds: float | None


Result = Sent | Refused | Later
Call = Callable[[Outgoing], Awaitable[Result]]
Tell = Callable[[Outgoing, str], Sequence[Outgoing]]  # what to send to whom when a call failed for good
FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0  # seconds of back-off after a network error
STORE_TRIES = 5  # doublings of the wait for a store that cannot be used: half a minute at most
IDLE_WAIT = 30.0  # seconds after which the queue is looked at without being woken


def backoff(attempts: int) -> float:
    """Seconds to wait after the given number of failed attempts."""
    return min(FIRST_WAIT * 2.0 ** min(attempts, 30), LONGEST_WAIT)


class Outbox:
    """Sends what the store has queued. ``wake`` it after queueing; ``clock`` gives Unix time."""

    def __init__(
        self, store: Store, call: Call, clock: Callable[[], float], tell: Tell = lambda outgoing, reason: ()
    ) -> None:
        self._store, self._call, self._clock, self._tell = store, call, clock, tell
        self._woken = asyncio.Event()
        self._closing = asyncio.Event()
        self._busy: dict[int, asyncio.Task[None]] = {}

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
                    await self._start_due()
                    await self._wait()
                    failures = 0
                except StoreUnavailable as error:
                    log.error("messages wait: %s", error)
                    await asyncio.sleep(backoff(min(failures, STORE_TRIES)))
                    failures += 1
        finally:
            self._closing.set()
            await asyncio.gather(*self._busy.values(), return_exceptions=True)

    async def _start_due(self) -> None:
        for queued in await asyncio.to_thread(self._store.due, self._clock()):
            chat = queued.outgoing.chat_id
            if chat not in self._busy:
                self._busy[chat] = asyncio.create_task(self._send(queued))

    async def _wait(self) -> None:
        upcoming = await asyncio.to_thread(self._store.next_due)
        now = self._clock()
        wait = upcoming - now if upcoming is not None and upcoming > now else IDLE_WAIT
        try:
            async with asyncio.timeout(min(wait, IDLE_WAIT)):  # wait_for of Python 3.11 may lose a cancellation
                await self._woken.wait()
        except TimeoutError:
            return

    async def _send(self, queued: Queued) -> None:
        try:
            await self._write_down(queued, await self._result(queued.outgoing))
        except StoreError as error:
            log.error("what became of %s is not written down: %s", queued.outgoing.method, error)
        finally:
            del self._busy[queued.outgoing.chat_id]
            self.wake()

    async def _result(self, outgoing: Outgoing) -> Result:
        try:
            return await self._call(outgoing)
        except Exception as error:  # one broken call must not stop the others; it is tried again later
            log.exception("%s to one chat failed: %s", outgoing.method, type(error).__name__)
            return Later(None)

    async def _write_down(self, queued: Queued, result: Result) -> None:
        """What Telegram took would be sent again were it not written down: its chat waits until it is, or we end."""
        for attempt in itertools.count():
            try:
                return await self._settle(queued, result)
            except StoreUnavailable as error:
                if self._closing.is_set():
                    raise
                log.error("one chat waits: %s", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(backoff(min(attempt, STORE_TRIES))):
                    await self._closing.wait()

    async def _settle(self, queued: Queued, result: Result) -> None:
        match result:
            case Sent(message_id):
                await asyncio.to_thread(self._store.sent, queued.id, message_id)
            case Refused(reason):
                log.warning("%s to one chat refused: %s", queued.outgoing.method, reason)
                await asyncio.to_thread(self._fail, queued, reason)
            case Later(seconds):
                wait = backoff(queued.attempts) if seconds is None else seconds
                log.info("%s to one chat waits %.0f s", queued.outgoing.method, wait)
                await asyncio.to_thread(self._store.postpone, queued.id, self._clock() + wait)

    def _fail(self, queued: Queued, reason: str) -> None:
        self._store.failed(queued.id, reason, self._tell(queued.outgoing, reason))
