"""The outbox under Telegram's rate limits, with a clock that advances when no call is in flight."""

import asyncio
import json
from typing import Any

import pytest

from bot.domain.effects import CreateRequest
from bot.pipeline.inbox import Inbox
from bot.pipeline.outbox import CallResult, Outbox, Retry
from bot.pipeline.rate_limiter import TELEGRAM_LIMITS, RateLimiter
from bot.store import ApiCall, OutgoingCall, Store
from tests.bot.store.test_store import request
from tests.conftest import Clock
from tests.support.queues import Counterpart, api_call, key, queue, text, update

pytestmark = pytest.mark.durability


class Telegram(Counterpart):
    """A counterpart behind a rate limiter that records when each call began."""

    def __init__(self, clock: Clock, began: float = 0.0) -> None:
        super().__init__()
        self.clock, self.limiter, self.times = clock, RateLimiter(TELEGRAM_LIMITS, began), list[float]()

    async def __call__(self, outgoing: OutgoingCall) -> CallResult:
        call = api_call(outgoing)
        if call.method == "answerCallbackQuery":
            return await super().__call__(call)
        assert self.limiter.seconds_to_wait(call.chat_id, self.clock()) == 0
        self.limiter.begin_call(call.chat_id)
        self.times.append(self.clock())
        result = await super().__call__(call)
        self.limiter.end_call(call.chat_id, self.clock())
        return result

    async def send(self, store: Store, calls: int, until: float = float("inf")) -> None:
        """Run the outbox until this many calls were taken, or until a time."""

        async def sleep(woken: asyncio.Event, seconds: float) -> None:
            if outbox.is_sending or woken.is_set():
                await woken.wait()
                return
            self.clock.now += seconds
            if len(self.taken) >= calls or self.clock.now >= until:
                task.cancel()
                await asyncio.sleep(0)

        outbox = Outbox(store, self, self.clock, limiter=self.limiter, sleep=sleep)
        task = asyncio.create_task(outbox.run())
        await asyncio.gather(task, return_exceptions=True)


async def test_thirty_a_second(store: Store, clock: Clock) -> None:
    """The outbox sends 30 messages per second, at most one per second to each chat, in order."""
    queue(store, *[text(chat, str(number)) for number in range(2) for chat in range(1, 51)])
    telegram, began = Telegram(clock), clock.now

    await telegram.send(store, 100)

    assert [sum(began + second <= time < began + second + 0.9 for time in telegram.times) for second in range(4)] == [
        30, 30, 30, 10,
    ]  # fmt: skip
    assert all([words for to, words in telegram.taken if to == chat] == ["0", "1"] for chat in range(1, 51))


async def test_group_limit_per_minute(store: Store, clock: Clock) -> None:
    """A group gets at most 20 messages in a minute, and other chats are not delayed."""
    queue(store, *[text(-5, str(number)) for number in range(25)], text(10, "x"))
    telegram, began = Telegram(clock), clock.now

    await telegram.send(store, 26)

    own = [time - began for (chat, _), time in zip(telegram.taken, telegram.times, strict=True) if chat == -5]
    assert [round(time) for time in own[:20]] == list(range(20))
    assert [round(time) for time in own[20:]] == [60, 61, 62, 63, 64]
    assert telegram.times[telegram.taken.index((10, "x"))] == began


async def test_calls_about_requests_are_sent_first(store: Store, clock: Clock) -> None:
    """If not all calls can be sent at once, chats with a call about a request come first, then answers, then the
    rest, oldest first, and the order within a chat is kept."""
    others = [text(100 + number, "Rest") for number in range(40)]
    answers = [text(200 + number, "Antwort", source=(200 + number, 1)) for number in range(40)]
    requests = [
        text(150, "davor"),
        text(150, "Anfrage", reference="AAAA-AAAA"),
        text(300, "Anfrage", reference="BBBB-BBBB"),
    ]
    store.apply((), [CreateRequest(request("AAAA-AAAA")), CreateRequest(request("BBBB-BBBB"))])
    queue(store, *others, *answers, *requests)
    telegram = Telegram(clock)

    await telegram.send(store, 83)

    assert telegram.taken[:2] == [(150, "davor"), (300, "Anfrage")]
    assert [words for _, words in telegram.taken[2:]].index("Anfrage") < 30
    order = [words for _, words in telegram.taken if words in ("Antwort", "Rest")]
    assert order == ["Antwort"] * 40 + ["Rest"] * 40
    assert [chat for chat, words in telegram.taken if words == "Rest"] == list(range(100, 140))


async def test_callback_answer_is_sent_to_a_paused_chat(store: Store, clock: Clock) -> None:
    """A callback answer, which Telegram does not limit, is sent even while its chat is paused."""
    toast = ApiCall(10, "answerCallbackQuery", {"text": "Toast"})
    queue(store, *[text(10, str(number)) for number in range(5)], toast, toast)
    telegram = Telegram(clock)
    telegram.limiter.note_retry_after(10, 3600, clock())

    await telegram.send(store, 7, clock() + 3500)

    assert telegram.taken == [(10, "Toast")] * 2


async def test_paused_chat_gets_nothing_until_its_time(store: Store, clock: Clock) -> None:
    """A chat with a RetryAfter of an hour gets nothing until then, and then all in order; others are not delayed."""
    queue(store, *[text(chat, str(number)) for number in range(3) for chat in (10, 11, 12)])
    telegram, began = Telegram(clock), clock.now
    telegram.limiter.note_retry_after(10, 3600, clock())

    await telegram.send(store, 9)

    delayed = [
        (time - began, words)
        for (chat, words), time in zip(telegram.taken, telegram.times, strict=True)
        if chat == 10
    ]
    assert delayed[0][0] >= 3600
    assert [words for _, words in delayed] == ["0", "1", "2"]
    assert max(time for (chat, _), time in zip(telegram.taken, telegram.times, strict=True) if chat != 10) < began + 3


async def test_call_is_retried_exactly_after_retry_after(store: Store, clock: Clock) -> None:
    """A call with a RetryAfter of five seconds is made again after exactly five seconds."""
    queue(store, text(10, "a"))
    telegram, began = Telegram(clock), clock.now
    telegram.results.append(Retry(5.0))

    await telegram.send(store, 2)

    assert telegram.times == [began, began + 5]


async def test_backlog_of_two_thousand(store: Store, clock: Clock) -> None:
    """After an outage, 2,000 updates of 400 chats are handled once each, in order per chat, and messages about
    requests are sent first."""
    updates = [(number, str(number % 400), json.dumps(update(number, number % 400))) for number in range(1, 2001)]
    store.inbox.add_updates(updates)
    store.apply((), [CreateRequest(request("AAAA-AAAA"))])
    handled: dict[int, list[int]] = {}

    def handle(number: int, raw: dict[str, Any]) -> None:
        handled.setdefault(raw["chat"], []).append(number)
        reference = "AAAA-AAAA" if number % 100 == 0 else ""
        calls = [text(raw["chat"] + 1, str(number), reference=reference)] if number % 4 == 0 else []
        store.finish_update(number, None, None, calls, ())

    inbox = Inbox(store, handle, key)
    await inbox.resume_pending()
    await inbox.wait_until_idle()
    telegram = Telegram(clock)
    await telegram.send(store, 500)

    assert sum(map(len, handled.values())) == 2000
    assert all(numbers == sorted(numbers) for numbers in handled.values())
    assert store.inbox.pending_updates() == []
    assert store.outbox.count_queued_calls() == 0
    urgent = [int(words) for _, words in telegram.taken[:24] if int(words) % 100 == 0]
    assert urgent == sorted(urgent)
    assert len(urgent) == 4  # one for each of the four chats; the others are queued behind them
