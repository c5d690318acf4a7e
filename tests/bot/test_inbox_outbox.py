"""Durable in and out, with a real store and a counterpart that answers as told."""

import asyncio
import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest

from bot.effects import NewRequest
from bot.errors import StoreUnavailable
from bot.inbox import Inbox
from bot.outbox import Later, Outbox, Refused, Result, Sent, backoff
from bot.pace import TELEGRAM, Pace
from bot.store import Outgoing, SqliteStore
from tests.bot.test_store import request
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


async def test_update_that_fails_is_tried_again(store: SqliteStore) -> None:
    """Where an update cannot be handled now, it is tried again, and what came after it waits its turn."""
    handled: list[int] = []
    full = [True]

    def handle(number: int, raw: dict[str, Any]) -> None:
        if full.pop() if full else False:
            raise StoreUnavailable("The store cannot be used now: the disk is full.")
        handled.append(number)

    inbox = Inbox(store, handle, key)
    await inbox.receive([update(1, 10), update(2, 10)])
    await inbox.idle()

    assert handled == [1, 2]


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


async def test_loud_chats_hold_up_nobody(store: SqliteStore) -> None:
    """Chats take turns: many that send hundreds of messages are not handled before those who sent one each."""
    handled: list[int] = []
    inbox = Inbox(store, lambda number, raw: handled.append(raw["chat"]), key)

    loud = [update(number, number % 8) for number in range(1000)]
    await inbox.receive([*loud, update(2000, 11), update(2001, 12)])
    await inbox.idle()

    assert max(handled.index(11), handled.index(12)) < 200  # far from 1,000, however the threads come to run
    assert len(handled) == 1002


async def test_one_broken_update_stops_no_other(store: SqliteStore) -> None:
    """Where the handling of an update fails, what is behind it in its chat and in others is handled all the same."""
    handled: list[int] = []

    def handle(number: int, raw: dict[str, Any]) -> None:
        if number < 5:
            raise ValueError
        handled.append(number)

    inbox = Inbox(store, handle, key)
    await inbox.receive([update(number, 10) for number in range(1, 7)])
    await inbox.idle()

    assert handled == [5, 6]
    assert [number for number, _ in store.pending_updates()] == [1, 2, 3, 4, 5, 6]


class Telegram(Counterpart):
    """Takes calls as the pace lets them begin; a clock that is moved on when nothing is under way tells when."""

    def __init__(self, clock: Clock, began: float = 0.0) -> None:
        super().__init__()
        self.clock, self.pace, self.times = clock, Pace(TELEGRAM, began), list[float]()

    async def __call__(self, outgoing: Outgoing) -> Result:
        if outgoing.method == "answerCallbackQuery":
            return await super().__call__(outgoing)
        assert self.pace.wait(outgoing.chat_id, self.clock()) == 0
        self.pace.begin(outgoing.chat_id)
        self.times.append(self.clock())
        result = await super().__call__(outgoing)
        self.pace.end(outgoing.chat_id, self.clock())
        return result

    async def takes(self, store: SqliteStore, calls: int, until: float = float("inf")) -> None:
        """Send until so many calls were taken, or until a time."""

        async def rest(woken: asyncio.Event, seconds: float) -> None:
            if outbox.sending or woken.is_set():
                await woken.wait()
                return
            self.clock.now += seconds
            if len(self.taken) >= calls or self.clock.now >= until:
                task.cancel()
                await asyncio.sleep(0)

        outbox = Outbox(store, self, self.clock, pace=self.pace, rest=rest)
        task = asyncio.create_task(outbox.run())
        await asyncio.gather(task, return_exceptions=True)


async def test_thirty_a_second(store: SqliteStore, clock: Clock) -> None:
    """Of 100 people 30 get their message in each second, each chat one a second, in order."""
    queue(store, *[text(chat, str(number)) for number in range(2) for chat in range(1, 51)])
    telegram, began = Telegram(clock), clock.now

    await telegram.takes(store, 100)

    assert [sum(began + second <= time < began + second + 0.9 for time in telegram.times) for second in range(4)] == [
        30, 30, 30, 10,
    ]  # fmt: skip
    assert all([words for one, words in telegram.taken if one == chat] == ["0", "1"] for chat in range(1, 51))


async def test_a_minute_of_a_group(store: SqliteStore, clock: Clock) -> None:
    """A group gets 20 messages in a minute and not one more, whatever else is sent."""
    queue(store, *[text(-5, str(number)) for number in range(25)], text(10, "x"))
    telegram, began = Telegram(clock), clock.now

    await telegram.takes(store, 26)

    own = [time - began for (chat, _), time in zip(telegram.taken, telegram.times, strict=True) if chat == -5]
    assert [round(time) for time in own[:20]] == list(range(20))
    assert [round(time) for time in own[20:]] == [60, 61, 62, 63, 64]
    assert telegram.times[telegram.taken.index((10, "x"))] == began


async def test_requests_leave_first(store: SqliteStore, clock: Clock) -> None:
    """Where not all can leave at once, those go first for whom something about a request waits, then answers, then
    the rest, each the oldest first; and in a chat the order stays."""
    rest = [text(100 + number, "Rest") for number in range(40)]
    answers = [text(200 + number, "Antwort", origin=(200 + number, 1)) for number in range(40)]  # type: ignore[arg-type]
    late = [text(150, "davor"), text(150, "Anfrage", request="AAAA-AAAA"), text(300, "Anfrage", request="BBBB-BBBB")]  # type: ignore[arg-type]
    store.act((), [NewRequest(request("AAAA-AAAA")), NewRequest(request("BBBB-BBBB"))])
    queue(store, *rest, *answers, *late)
    telegram = Telegram(clock)

    await telegram.takes(store, 83)

    assert telegram.taken[:2] == [(150, "davor"), (300, "Anfrage")]
    assert [words for _, words in telegram.taken[2:]].index("Anfrage") < 30
    order = [words for _, words in telegram.taken if words in ("Antwort", "Rest")]
    assert order == ["Antwort"] * 40 + ["Rest"] * 40
    assert [chat for chat, words in telegram.taken if words == "Rest"] == list(range(100, 140))


async def test_tap_is_answered_past_a_chat_that_waits(store: SqliteStore, clock: Clock) -> None:
    """The answer to a tapped button, which Telegram does not limit, waits neither for messages nor for a refusal."""
    toast = Outgoing(10, "answerCallbackQuery", {"text": "Toast"})
    queue(store, *[text(10, str(number)) for number in range(5)], toast, toast)
    telegram = Telegram(clock)
    telegram.pace.refused(10, 3600, clock())

    await telegram.takes(store, 7, clock() + 3500)

    assert telegram.taken == [(10, "Toast")] * 2


async def test_refused_chat_is_left_alone_to_the_end(store: SqliteStore, clock: Clock) -> None:
    """A chat that is refused for an hour gets nothing within it, and then all in order; others get theirs at once."""
    queue(store, *[text(chat, str(number)) for number in range(3) for chat in (10, 11, 12)])
    telegram, began = Telegram(clock), clock.now
    telegram.pace.refused(10, 3600, clock())

    await telegram.takes(store, 9)

    held = [
        (time - began, words)
        for (chat, words), time in zip(telegram.taken, telegram.times, strict=True)
        if chat == 10
    ]
    assert held[0][0] >= 3600
    assert [words for _, words in held] == ["0", "1", "2"]
    assert max(time for (chat, _), time in zip(telegram.taken, telegram.times, strict=True) if chat != 10) < began + 3


async def test_backlog_of_ten_thousand(tmp_path: Path, clock: Clock) -> None:
    """After an outage 10,000 updates of 2,000 chats are handled in order per chat, none is lost or done twice, and
    the requests among them are the first to be sent."""
    store = SqliteStore(tmp_path / "backlog.db", clock)
    updates = [(number, str(number % 2000), json.dumps(update(number, number % 2000))) for number in range(1, 10_001)]
    store.add_updates(updates)
    store.act((), [NewRequest(request("AAAA-AAAA"))])
    handled: dict[int, list[int]] = {}

    def handle(number: int, raw: dict[str, Any]) -> None:
        handled.setdefault(raw["chat"], []).append(number)
        about = "AAAA-AAAA" if number % 500 == 0 else ""
        calls = [text(raw["chat"] + 1, str(number), request=about)] if number % 20 == 0 else []  # type: ignore[arg-type]
        store.finish(number, None, None, calls, ())

    inbox = Inbox(store, handle, key)
    await inbox.resume()
    await inbox.idle()
    telegram = Telegram(clock)
    await telegram.takes(store, 500)

    assert sum(map(len, handled.values())) == 10_000
    assert all(numbers == sorted(numbers) for numbers in handled.values())
    assert store.pending_updates() == []
    assert store.waiting() == 0
    urgent = [int(words) for _, words in telegram.taken[:24] if int(words) % 500 == 0]
    assert urgent == sorted(urgent)
    assert len(urgent) == 4  # one of each of the four chats; the others stand behind in the same chats
    store.close()
