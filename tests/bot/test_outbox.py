"""Durable messages out, with a real store and a counterpart that answers as told."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from bot.errors import StoreError, StoreUnavailable
from bot.outbox import Later, Outbox, Refused, Rest, Result, Sent, backoff, rest
from bot.store import Outgoing, SqliteStore
from bot.store.protocol import MOST_BESIDE
from tests.bot.queues import Counterpart, queue, run_until, text
from tests.bot.test_store import EVENT, finish, say
from tests.conftest import Clock


class BusyStore:
    """A store that cannot be used at the first call of each of these methods."""

    def __init__(self, store: SqliteStore, *methods: str) -> None:
        self._store, self._busy = store, set(methods)

    def __getattr__(self, name: str) -> Any:
        if name in self._busy:
            self._busy.remove(name)
            return self._refuse
        return getattr(self._store, name)

    def _refuse(self, *values: object) -> None:
        raise StoreUnavailable("The store cannot be used now: it is busy.")


async def test_store_that_is_busy_doubles_nothing(store: SqliteStore, clock: Clock) -> None:
    """What was sent and could not be noted is noted later, not sent again; the queue is read as soon as it can be."""
    queue(store, text(10, "a"), text(10, "b"))
    counterpart = Counterpart()

    await run_until(cast(SqliteStore, BusyStore(store, "due", "sent", "next_due")), clock, counterpart, 2)

    assert counterpart.taken == [(10, "a"), (10, "b")]
    assert store.waiting() == 0


class Away:
    """A store whose queue cannot be read so many times, then for ever."""

    def __init__(self, store: SqliteStore, *readable: bool) -> None:
        self._store, self._readable = store, list(readable)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def due(self, *values: Any) -> Any:
        """Read it, or not."""
        if self._readable.pop(0) if self._readable else False:
            return self._store.due(*values)
        raise StoreUnavailable("The store cannot be used now: the disk is full.")


async def test_wait_for_the_queue_grows(store: SqliteStore, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A queue that cannot be read is looked at after 1, 2, 4 … s, half a minute at most, and from 1 s again after it
    could be read."""
    waits: list[float] = []

    async def pause(woken: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 10:
            raise asyncio.CancelledError

    away = Away(store, False, False, True)
    outbox = Outbox(cast(SqliteStore, away), Counterpart(), clock, rest=pause)
    await asyncio.gather(asyncio.create_task(outbox.run()), return_exceptions=True)

    assert waits == [1, 2, 30, 1, 2, 4, 8, 16, 30, 30]
    assert set(caplog.messages) == {"messages wait: The store cannot be used now: the disk is full."}


async def test_messages_leave_in_order(store: SqliteStore, clock: Clock) -> None:
    """Each chat gets its messages in order, and what was sent is not sent again."""
    queue(store, text(10, "a"), text(11, "x"), text(10, "b"))
    counterpart = Counterpart()

    await run_until(store, clock, counterpart, 3)

    assert [words for chat, words in counterpart.taken if chat == 10] == ["a", "b"]
    assert store.waiting() == 0


async def test_flooded_chat_waits_alone(store: SqliteStore, clock: Clock) -> None:
    """RetryAfter holds back its own chat until its time, and no other."""
    queue(store, text(10, "a"), text(10, "b"), text(11, "x"))
    counterpart = Counterpart(Later(60.0))

    await run_until(store, clock, counterpart, 2)

    assert counterpart.taken == [(10, "a"), (11, "x")]
    assert store.due(clock() + 59) == []
    assert [queued.outgoing.params["text"] for queued in store.due(clock() + 60)] == ["a"]


async def test_refused_message_is_final(store: SqliteStore, clock: Clock) -> None:
    """A refusal is not tried again and does not block what follows."""
    queue(store, text(10, "a"), text(10, "b"))
    counterpart = Counterpart(Refused("Forbidden: bot was blocked by the user"))

    await run_until(store, clock, counterpart, 2)

    assert counterpart.taken == [(10, "a"), (10, "b")]
    assert store.waiting() == 0


async def test_reason_of_a_refusal_is_kept(store: SqliteStore, clock: Clock) -> None:
    """Why a message did not arrive is held with it, for the person to see."""
    finish(store, say(10, "a"))

    await run_until(store, clock, Counterpart(Refused("Forbidden: bot was blocked by the user")), 1)

    (row,) = store.person(EVENT.user_id)["outbox"]
    assert (row["status"], row["reason"], row["params"]) == ("failed", "Forbidden: bot was blocked by the user", "{}")


async def test_what_failed_for_good_is_told(store: SqliteStore, clock: Clock) -> None:
    """A refusal queues what tells the other side, in the same step."""
    queue(store, text(10, "a"))
    counterpart = Counterpart(Refused("Forbidden: bot was blocked by the user"))
    outbox = Outbox(
        store, counterpart, clock, lambda outgoing, reason: [text(11, f"{outgoing.params['text']}: {reason}")]
    )

    task = asyncio.create_task(outbox.run())
    await counterpart.until(lambda: len(counterpart.taken) == 2)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert counterpart.taken[1] == (11, "a: Forbidden: bot was blocked by the user")


async def test_crash_between_sending_and_marking(tmp_path: Path, clock: Clock) -> None:
    """A message whose answer was lost stays queued: rather twice than never."""
    store = SqliteStore(tmp_path / "crash.db", clock)
    queue(store, text(10, "a"))
    counterpart = Counterpart(Later(None))
    await run_until(store, clock, counterpart, 1)
    store.close()

    again = SqliteStore(tmp_path / "crash.db", clock)

    assert again.waiting() == 1
    assert again.next_due() == clock() + backoff(0)


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 1), (1, 2), (5, 32), (40, 300)])
def test_backoff_grows_to_a_limit(attempts: int, seconds: float) -> None:
    """Waiting doubles with each attempt, up to five minutes."""
    assert backoff(attempts) == seconds


def until_idle(sending: Callable[[], bool]) -> Rest:
    """Waits while something is under way; ends the sending when nothing is."""

    async def pause(woken: asyncio.Event, seconds: float) -> None:
        if not sending() and not woken.is_set():
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)
        await woken.wait()

    return pause


async def ended(task: asyncio.Task[None]) -> None:
    """End the sending."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_not_more_than_some_at_once(store: SqliteStore, clock: Clock) -> None:
    """Of calls that Telegram does not limit only so many are under way at the same time; the others follow."""
    queue(store, *[Outgoing(chat, "answerCallbackQuery", {"text": "Toast"}) for chat in range(1, 2 * MOST_BESIDE)])
    under_way, most, go = 0, 0, asyncio.Event()

    async def call(outgoing: Outgoing) -> Result:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == MOST_BESIDE:
            outbox.wake()  # another look while all are under way
            asyncio.get_running_loop().call_later(0.2, go.set)
        await go.wait()
        under_way -= 1
        return Sent(None)

    outbox = Outbox(store, call, clock, rest=until_idle(lambda: outbox.sending))
    await asyncio.gather(asyncio.create_task(outbox.run()), return_exceptions=True)

    assert store.waiting() == 0
    assert most == MOST_BESIDE


async def test_broken_call_is_made_again(store: SqliteStore, clock: Clock) -> None:
    """A call in which something of ours fails is put off like one for which the network failed; others are made."""
    queue(store, text(10, "a"), text(11, "x"))
    counterpart = Counterpart()

    async def call(outgoing: Outgoing) -> Result:
        if outgoing.chat_id == 10:
            raise ValueError
        return await counterpart(outgoing)

    outbox = Outbox(store, call, clock, rest=until_idle(lambda: outbox.sending))
    await asyncio.gather(asyncio.create_task(outbox.run()), return_exceptions=True)

    assert counterpart.taken == [(11, "x")]
    assert store.next_due(clock()) == clock() + backoff(0)
    (put_off,) = store.due(clock() + backoff(0))
    assert (put_off.outgoing.params["text"], put_off.attempts) == ("a", 1)


class Damaged:
    """A store that cannot note what was sent."""

    def __init__(self, store: SqliteStore, error: Exception) -> None:
        self._store, self._error, self.asked = store, error, asyncio.Semaphore(0)
        self._loop = asyncio.get_running_loop()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def sent(self, queued: int, message_id: int | None) -> None:
        """Fail."""
        self._loop.call_soon_threadsafe(self.asked.release)
        raise self._error


@pytest.mark.parametrize("error", [StoreError("The store is damaged."), ValueError()])
async def test_what_cannot_be_noted_is_not_sent_again(store: SqliteStore, clock: Clock, error: Exception) -> None:
    """As long as it cannot be noted that a message was sent, its chat waits and nothing is sent again; on the way out
    it is tried once more."""
    queue(store, text(10, "a"), text(10, "b"))
    counterpart, damaged, waits = Counterpart(), Damaged(store, error), list[float]()

    async def pause(woken: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)
        await rest(woken, 0.01)

    outbox = Outbox(cast(SqliteStore, damaged), counterpart, clock, rest=pause)
    task = asyncio.create_task(outbox.run())
    for _ in range(8):
        await asyncio.wait_for(damaged.asked.acquire(), 10)
    await asyncio.wait_for(ended(task), 10)

    assert counterpart.taken == [(10, "a")]
    assert [seconds for seconds in waits if seconds != 30][:7] == [1, 2, 4, 8, 16, 32, 32]
    assert store.waiting() == 2
