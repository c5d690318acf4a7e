"""Durable in and out, with a real store and a counterpart that answers as told."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bot.inbox import Inbox
from bot.outbox import Later, Outbox, Refused, Result, Sent, backoff
from bot.store import Outgoing, SqliteStore
from tests.conftest import Clock


def update(number: int, chat: int) -> dict[str, Any]:
    return {"update_id": number, "chat": chat}


def key(raw: dict[str, Any]) -> str:
    return str(raw["chat"])


class Counterpart:
    """Takes calls and answers each with the next of its results, then with success."""

    def __init__(self, *results: Result) -> None:
        self.results = list(results)
        self.taken: list[tuple[int, str]] = []
        self.news = asyncio.Condition()

    async def __call__(self, outgoing: Outgoing) -> Result:
        async with self.news:
            self.taken.append((outgoing.chat_id, outgoing.params["text"]))
            self.news.notify_all()
        return self.results.pop(0) if self.results else Sent(100 + len(self.taken))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10), self.news:
            await self.news.wait_for(condition)


def queue(store: SqliteStore, *calls: Outgoing) -> None:
    store.add_updates([(1, "10", "{}")])
    store.finish(1, None, None, calls, ())


def text(chat: int, words: str, **more: int) -> Outgoing:
    return Outgoing(chat, "sendMessage", {"text": words}, **more)  # type: ignore[arg-type]  # test shorthand


async def test_each_update_is_handled_once(store: SqliteStore) -> None:
    """Redelivered updates are handled once."""
    handled: list[int] = []
    inbox = Inbox(store, lambda number, raw: handled.append(number), key)

    await inbox.receive([update(1, 10), update(2, 10)])
    await inbox.receive([update(2, 10), update(3, 11)])
    await inbox.idle()

    assert sorted(handled) == [1, 2, 3]


async def test_order_per_chat(store: SqliteStore) -> None:
    """Updates of one chat are handled in the order in which they came, however many chats there are."""
    handled: list[tuple[int, int]] = []
    inbox = Inbox(store, lambda number, raw: handled.append((raw["chat"], number)), key)

    await inbox.receive([update(number, number % 7) for number in range(200)])
    await inbox.idle()

    for chat in range(7):
        numbers = [number for owner, number in handled if owner == chat]
        assert numbers == sorted(numbers)
    assert len(handled) == 200


async def test_only_the_newest(store: SqliteStore) -> None:
    """Where only the newest counts, those behind which a newer one waits are done without being handled."""
    handled: list[int] = []
    inbox = Inbox(store, lambda number, raw: handled.append(number), key, lambda chat: chat == "10")

    await inbox.receive([update(number, 10 + number % 2) for number in range(1, 9)])
    await inbox.idle()

    assert [number for number in handled if number % 2 == 0] == [8]
    assert [number for number in handled if number % 2] == [1, 3, 5, 7]
    assert [number for number, _ in store.pending_updates()] == [1, 3, 5, 7, 8]  # what `handled` left open


async def test_nobody_is_named_by_what_is_done(store: SqliteStore, tmp_path: Path) -> None:
    """Of an update that is done neither its text nor its chat is kept."""
    store.add_updates([(1, "inline:4711", '{"text": "Geheimnis"}')])
    store.finish(1, None, None, (), ())

    assert store.add_updates([(1, "inline:4711", "{}")]) == []
    assert store.pending_updates() == []
    with closing(sqlite3.connect(tmp_path / "bot.db")) as file:
        assert file.execute("SELECT chat, body FROM inbox").fetchall() == [("", "")]


async def test_unfinished_updates_are_taken_up_again(store: SqliteStore) -> None:
    """What was written down before a crash is handled at the next start."""
    store.add_updates([(7, "10", '{"update_id": 7, "chat": 10}')])
    handled: list[int] = []
    inbox = Inbox(store, lambda number, raw: handled.append(number), key)

    await inbox.resume()
    await inbox.idle()

    assert handled == [7]


async def run_until(store: SqliteStore, clock: Clock, counterpart: Counterpart, taken: int) -> Outbox:
    outbox = Outbox(store, counterpart, clock)
    task = asyncio.create_task(outbox.run())
    await counterpart.until(lambda: len(counterpart.taken) >= taken)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return outbox


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
