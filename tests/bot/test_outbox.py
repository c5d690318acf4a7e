"""Durable messages out, with a real store and a counterpart that answers as told."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from bot.errors import StoreUnavailable
from bot.outbox import Later, Outbox, Refused, backoff
from bot.store import SqliteStore
from tests.bot.queues import Counterpart, queue, run_until, text
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
