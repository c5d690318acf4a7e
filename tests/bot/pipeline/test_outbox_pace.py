"""What leaves when, where Telegram limits it: with a clock that moves on when nothing is under way."""

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
    """Takes calls as the pace lets them begin; a clock that is moved on when nothing is under way tells when."""

    def __init__(self, clock: Clock, began: float = 0.0) -> None:
        super().__init__()
        self.clock, self.pace, self.times = clock, RateLimiter(TELEGRAM_LIMITS, began), list[float]()

    async def __call__(self, outgoing: OutgoingCall) -> CallResult:
        call = api_call(outgoing)
        if call.method == "answerCallbackQuery":
            return await super().__call__(call)
        assert self.pace.seconds_to_wait(call.chat_id, self.clock()) == 0
        self.pace.begin_call(call.chat_id)
        self.times.append(self.clock())
        result = await super().__call__(call)
        self.pace.end_call(call.chat_id, self.clock())
        return result

    async def takes(self, store: Store, calls: int, until: float = float("inf")) -> None:
        """Send until so many calls were taken, or until a time."""

        async def rest(woken: asyncio.Event, seconds: float) -> None:
            if outbox.is_sending or woken.is_set():
                await woken.wait()
                return
            self.clock.now += seconds
            if len(self.taken) >= calls or self.clock.now >= until:
                task.cancel()
                await asyncio.sleep(0)

        outbox = Outbox(store, self, self.clock, limiter=self.pace, sleep=rest)
        task = asyncio.create_task(outbox.run())
        await asyncio.gather(task, return_exceptions=True)


async def test_thirty_a_second(store: Store, clock: Clock) -> None:
    """Of 100 people 30 get their message in each second, each chat one a second, in order."""
    queue(store, *[text(chat, str(number)) for number in range(2) for chat in range(1, 51)])
    telegram, began = Telegram(clock), clock.now

    await telegram.takes(store, 100)

    assert [sum(began + second <= time < began + second + 0.9 for time in telegram.times) for second in range(4)] == [
        30, 30, 30, 10,
    ]  # fmt: skip
    assert all([words for one, words in telegram.taken if one == chat] == ["0", "1"] for chat in range(1, 51))


async def test_a_minute_of_a_group(store: Store, clock: Clock) -> None:
    """A group gets 20 messages in a minute and not one more, whatever else is sent."""
    queue(store, *[text(-5, str(number)) for number in range(25)], text(10, "x"))
    telegram, began = Telegram(clock), clock.now

    await telegram.takes(store, 26)

    own = [time - began for (chat, _), time in zip(telegram.taken, telegram.times, strict=True) if chat == -5]
    assert [round(time) for time in own[:20]] == list(range(20))
    assert [round(time) for time in own[20:]] == [60, 61, 62, 63, 64]
    assert telegram.times[telegram.taken.index((10, "x"))] == began


async def test_requests_leave_first(store: Store, clock: Clock) -> None:
    """Where not all can leave at once, those go first for whom something about a request waits, then answers, then
    the rest, each the oldest first; and in a chat the order stays."""
    rest = [text(100 + number, "Rest") for number in range(40)]
    answers = [text(200 + number, "Antwort", source=(200 + number, 1)) for number in range(40)]
    late = [
        text(150, "davor"),
        text(150, "Anfrage", reference="AAAA-AAAA"),
        text(300, "Anfrage", reference="BBBB-BBBB"),
    ]
    store.apply((), [CreateRequest(request("AAAA-AAAA")), CreateRequest(request("BBBB-BBBB"))])
    queue(store, *rest, *answers, *late)
    telegram = Telegram(clock)

    await telegram.takes(store, 83)

    assert telegram.taken[:2] == [(150, "davor"), (300, "Anfrage")]
    assert [words for _, words in telegram.taken[2:]].index("Anfrage") < 30
    order = [words for _, words in telegram.taken if words in ("Antwort", "Rest")]
    assert order == ["Antwort"] * 40 + ["Rest"] * 40
    assert [chat for chat, words in telegram.taken if words == "Rest"] == list(range(100, 140))


async def test_tap_is_answered_past_a_chat_that_waits(store: Store, clock: Clock) -> None:
    """The answer to a tapped button, which Telegram does not limit, waits neither for messages nor for a refusal."""
    toast = ApiCall(10, "answerCallbackQuery", {"text": "Toast"})
    queue(store, *[text(10, str(number)) for number in range(5)], toast, toast)
    telegram = Telegram(clock)
    telegram.pace.note_retry_after(10, 3600, clock())

    await telegram.takes(store, 7, clock() + 3500)

    assert telegram.taken == [(10, "Toast")] * 2


async def test_refused_chat_is_left_alone_to_the_end(store: Store, clock: Clock) -> None:
    """A chat that is refused for an hour gets nothing within it, and then all in order; others get theirs at once."""
    queue(store, *[text(chat, str(number)) for number in range(3) for chat in (10, 11, 12)])
    telegram, began = Telegram(clock), clock.now
    telegram.pace.note_retry_after(10, 3600, clock())

    await telegram.takes(store, 9)

    held = [
        (time - began, words)
        for (chat, words), time in zip(telegram.taken, telegram.times, strict=True)
        if chat == 10
    ]
    assert held[0][0] >= 3600
    assert [words for _, words in held] == ["0", "1", "2"]
    assert max(time for (chat, _), time in zip(telegram.taken, telegram.times, strict=True) if chat != 10) < began + 3


async def test_call_is_made_again_when_telegram_asked(store: Store, clock: Clock) -> None:
    """A call for which Telegram asked to wait five seconds is made again after these, not at some later look."""
    queue(store, text(10, "a"))
    telegram, began = Telegram(clock), clock.now
    telegram.results.append(Retry(5.0))

    await telegram.takes(store, 2)

    assert telegram.times == [began, began + 5]


async def test_backlog_of_two_thousand(store: Store, clock: Clock) -> None:
    """After an outage 2,000 updates of 400 chats are handled in order per chat, none is lost or done twice, and
    the requests among them are the first to be sent."""
    updates = [(number, str(number % 400), json.dumps(update(number, number % 400))) for number in range(1, 2001)]
    store.inbox.add_updates(updates)
    store.apply((), [CreateRequest(request("AAAA-AAAA"))])
    handled: dict[int, list[int]] = {}

    def handle(number: int, raw: dict[str, Any]) -> None:
        handled.setdefault(raw["chat"], []).append(number)
        about = "AAAA-AAAA" if number % 100 == 0 else ""
        calls = [text(raw["chat"] + 1, str(number), reference=about)] if number % 4 == 0 else []
        store.finish_update(number, None, None, calls, ())

    inbox = Inbox(store, handle, key)
    await inbox.resume_pending()
    await inbox.wait_until_idle()
    telegram = Telegram(clock)
    await telegram.takes(store, 500)

    assert sum(map(len, handled.values())) == 2000
    assert all(numbers == sorted(numbers) for numbers in handled.values())
    assert store.inbox.pending_updates() == []
    assert store.outbox.count_queued_calls() == 0
    urgent = [int(words) for _, words in telegram.taken[:24] if int(words) % 100 == 0]
    assert urgent == sorted(urgent)
    assert len(urgent) == 4  # one of each of the four chats; the others stand behind in the same chats
