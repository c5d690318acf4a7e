"""Durable messages out, with a real store and a counterpart that answers as told."""

import asyncio
import re
from collections.abc import Callable, Iterable
from itertools import chain, repeat
from typing import cast

import pytest

from bot.errors import StoreError, StoreUnavailable
from bot.pipeline.outbox import IDLE_WAIT, CallResult, Outbox, Rejected, Retry, Sent
from bot.pipeline.rate_limiter import TELEGRAM_LIMITS, RateLimiter
from bot.pipeline.retry import Sleep, backoff_seconds
from bot.store import ApiCall, OutgoingCall, Store
from bot.store.records import MAX_UNLIMITED_CALLS
from tests.bot.conftest import Opening
from tests.bot.store.test_store import EVENT, finish, say
from tests.conftest import Clock
from tests.support.queues import Counterpart, api_call, ended, queue, run_until, summary, text, texts
from tests.support.stores import Faulty

pytestmark = pytest.mark.durability

BUSY = StoreUnavailable("The store cannot be used now: it is busy.")


def faulty(store: Store, **faults: Iterable[Exception | None]) -> Store:
    return cast(Store, Faulty(store, **faults))


async def test_store_that_is_busy_doubles_nothing(store: Store, clock: Clock) -> None:
    """What was sent and could not be noted is noted later, not sent again; the queue is read as soon as it can be."""
    queue(store, text(10, "a"), text(10, "b"))
    counterpart = Counterpart()

    await run_until(faulty(store, due_calls=[BUSY], mark_sent=[BUSY], next_due_time=[BUSY]), clock, counterpart, 2)

    assert counterpart.taken == [(10, "a"), (10, "b")]
    assert store.outbox.count_queued_calls() == 0


async def test_wait_for_the_queue_grows(store: Store, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A queue that cannot be read is looked at after 1, 2, 4 … s, half a minute at most, and from 1 s again after it
    could be read."""
    waits: list[float] = []

    async def pause(woken: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 10:
            raise asyncio.CancelledError

    away = faulty(store, due_calls=chain([BUSY, BUSY, None], repeat(BUSY)))
    outbox = Outbox(away, Counterpart(), clock, sleep=pause)
    await asyncio.gather(asyncio.create_task(outbox.run()), return_exceptions=True)

    assert waits == [1, 2, 30, 1, 2, 4, 8, 16, 30, 30]
    assert set(caplog.messages) == {f"messages wait: {BUSY}"}


async def test_messages_leave_in_order(store: Store, clock: Clock) -> None:
    """Each chat gets its messages in order, and what was sent is not sent again."""
    queue(store, text(10, "a"), text(11, "x"), text(10, "b"))
    counterpart = Counterpart()

    await run_until(store, clock, counterpart, 3)

    assert [words for chat, words in counterpart.taken if chat == 10] == ["a", "b"]
    assert store.outbox.count_queued_calls() == 0


async def test_number_of_what_was_sent_is_kept(store: Store, clock: Clock) -> None:
    """An answer that was sent is found by its question, for when that is edited."""
    queue(store, text(10, "a", source=(10, 5)))

    await run_until(store, clock, Counterpart(Sent(77)), 1)

    assert store.outbox.find_reply_to(10, (10, 5)) == 77


async def test_flooded_chat_waits_alone(store: Store, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """RetryAfter holds back its own chat until its time, and no other; the log says what waits, and for how long."""
    caplog.set_level("INFO", "bot.pipeline.outbox")
    queue(store, text(10, "a"), text(10, "b"), text(11, "x"))
    counterpart = Counterpart(Retry(60.0))

    await run_until(store, clock, counterpart, 2)

    assert counterpart.taken == [(10, "a"), (11, "x")]
    assert re.search("^sendMessage .* 60 s$", caplog.messages[0])
    assert store.outbox.due_calls(clock() + 59) == []
    assert texts(store.outbox.due_calls(clock() + 60)) == ["a"]


async def test_refused_message_is_final(store: Store, clock: Clock) -> None:
    """A refusal is not tried again and does not block what follows."""
    queue(store, text(10, "a"), text(10, "b"))
    counterpart = Counterpart(Rejected("Forbidden: bot was blocked by the user"))

    await run_until(store, clock, counterpart, 2)

    assert counterpart.taken == [(10, "a"), (10, "b")]
    assert store.outbox.count_queued_calls() == 0


async def test_reason_of_a_refusal_is_kept(store: Store, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """Why a message did not arrive is held with it, for the person to see, and is in the log, without the text."""
    finish(store, say(10, "a"))

    await run_until(store, clock, Counterpart(Rejected("Forbidden: bot was blocked by the user")), 1)

    assert re.search("^sendMessage .* Forbidden: bot was blocked by the user$", caplog.messages[0])
    (row,) = store.erasure.load_personal_data(EVENT.user_id)["outbox"]
    assert (row["status"], row["reason"], row["params"]) == ("failed", "Forbidden: bot was blocked by the user", "{}")


async def test_what_failed_for_good_is_told(store: Store, clock: Clock) -> None:
    """A refusal queues what tells the other side, in the same step."""
    queue(store, text(10, "a"))
    counterpart = Counterpart(Rejected("Forbidden: bot was blocked by the user"))
    outbox = Outbox(
        store, counterpart, clock, lambda outgoing, reason: [text(11, f"{summary(outgoing)[1]}: {reason}")]
    )

    task = asyncio.create_task(outbox.run())
    await counterpart.until(lambda: len(counterpart.taken) == 2)
    await ended(task)

    assert counterpart.taken[1] == (11, "a: Forbidden: bot was blocked by the user")


async def test_crash_between_sending_and_marking(opening: Opening, clock: Clock) -> None:
    """A message whose answer was lost stays queued: rather twice than never."""
    store = opening()
    queue(store, text(10, "a"))
    counterpart = Counterpart(Retry(None))
    await run_until(store, clock, counterpart, 1)
    store.close()

    again = opening()

    assert again.outbox.count_queued_calls() == 1
    assert again.outbox.next_due_time() == clock() + backoff_seconds(0)


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 1), (1, 2), (5, 32), (40, 300)])
def test_backoff_grows_to_a_limit(attempts: int, seconds: float) -> None:
    """Waiting doubles with each attempt, up to five minutes."""
    assert backoff_seconds(attempts) == seconds


def until_idle(sending: Callable[[], bool]) -> Sleep:
    """Waits while something is under way; ends the sending when nothing is."""

    async def pause(woken: asyncio.Event, seconds: float) -> None:
        if not sending() and not woken.is_set():
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)
        await woken.wait()

    return pause


async def test_not_more_than_some_at_once(store: Store, clock: Clock) -> None:
    """Of calls that Telegram does not limit only so many are under way at the same time; the others follow."""
    queue(
        store,
        *[ApiCall(chat, "answerCallbackQuery", {"text": "Toast"}) for chat in range(1, 2 * MAX_UNLIMITED_CALLS)],
    )
    under_way, most, go = 0, 0, asyncio.Event()

    async def call(outgoing: OutgoingCall) -> CallResult:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        if under_way == MAX_UNLIMITED_CALLS:
            outbox.wake()  # another look while all are under way
        await go.wait()
        under_way -= 1
        return Sent(None)

    async def looked(woken: asyncio.Event, seconds: float) -> None:
        if under_way == MAX_UNLIMITED_CALLS:
            go.set()
        await idle(woken, seconds)

    idle = until_idle(lambda: outbox.is_sending)
    outbox = Outbox(store, call, clock, sleep=looked)
    await asyncio.gather(asyncio.create_task(outbox.run()), return_exceptions=True)

    assert store.outbox.count_queued_calls() == 0
    assert most == MAX_UNLIMITED_CALLS


async def test_message_leaves_past_taps_that_linger(store: Store, clock: Clock) -> None:
    """While as many answers to tapped buttons as may be are under way, and more wait, messages leave all the same."""
    taps = [ApiCall(chat, "answerCallbackQuery", {"text": "Toast"}) for chat in range(1, MAX_UNLIMITED_CALLS + 2)]
    queue(store, *taps)
    counterpart, go = Counterpart(), asyncio.Event()

    async def call(outgoing: OutgoingCall) -> CallResult:
        result = await counterpart(outgoing)
        if api_call(outgoing).method == "answerCallbackQuery":
            await go.wait()
        return result

    outbox = Outbox(store, call, clock)
    task = asyncio.create_task(outbox.run())
    await counterpart.until(lambda: len(counterpart.taken) == MAX_UNLIMITED_CALLS)
    store.apply([text(500, "a")], ())
    outbox.wake()
    await counterpart.until(lambda: len(counterpart.taken) > MAX_UNLIMITED_CALLS)
    go.set()
    await ended(task)

    assert counterpart.taken[MAX_UNLIMITED_CALLS] == (500, "a")


async def test_broken_call_is_made_again(store: Store, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A call in which something of ours fails is put off like one for which the network failed, and takes nobody's
    place; others are made."""
    queue(store, text(10, "a"), text(11, "x"))
    counterpart, pace = Counterpart(), RateLimiter(TELEGRAM_LIMITS)

    async def call(outgoing: OutgoingCall) -> CallResult:
        if api_call(outgoing).chat_id == 10:
            raise ValueError
        return await counterpart(outgoing)

    outbox = Outbox(store, call, clock, limiter=pace, sleep=until_idle(lambda: outbox.is_sending))
    await asyncio.gather(asyncio.create_task(outbox.run()), return_exceptions=True)

    assert counterpart.taken == [(11, "x")]
    assert pace.free_slots(clock()) == TELEGRAM_LIMITS.per_second
    (said,) = caplog.messages
    assert "sendMessage" in said
    assert "ValueError" in said
    assert store.outbox.next_due_time(clock()) == clock() + backoff_seconds(0)
    (put_off,) = store.outbox.due_calls(clock() + backoff_seconds(0))
    assert (texts([put_off]), put_off.attempts) == (["a"], 1)


@pytest.mark.parametrize(
    ("error", "reason"),
    [(StoreError("The store is damaged."), "The store is damaged."), (ValueError(), "sendMessage .* ValueError")],
)
async def test_what_cannot_be_noted_is_not_sent_again(
    store: Store, clock: Clock, error: Exception, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As long as it cannot be noted that a message was sent, its chat waits and nothing is sent again; on the way out
    it is tried once more."""
    queue(store, text(10, "a"), text(10, "b"))
    counterpart, waits, enough = Counterpart(), list[float](), asyncio.Event()

    async def pause(woken: asyncio.Event, seconds: float) -> None:
        if seconds == IDLE_WAIT:
            await woken.wait()
            return
        waits.append(seconds)
        if len(waits) == 7:
            enough.set()
            await woken.wait()

    outbox = Outbox(faulty(store, mark_sent=repeat(error)), counterpart, clock, sleep=pause)
    task = asyncio.create_task(outbox.run())
    await asyncio.wait_for(enough.wait(), 10)
    await asyncio.wait_for(ended(task), 10)

    assert counterpart.taken == [(10, "a")]
    assert waits == [1, 2, 4, 8, 16, 32, 32]
    assert all(re.search(reason, said) for said in caplog.messages)
    assert len(caplog.messages) == len(waits) + 1
    assert store.outbox.count_queued_calls() == 2
