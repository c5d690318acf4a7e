"""The durable outbox, over a real store and with a counterpart that gives prepared answers."""

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
from tests.bot.conftest import OpenStore
from tests.bot.store.test_store import EVENT, finish, say
from tests.conftest import Clock
from tests.support.queues import Counterpart, api_call, ended, queue, run_until, summary, text, texts
from tests.support.stores import Faulty

pytestmark = pytest.mark.durability

BUSY = StoreUnavailable("The store cannot be used now: it is busy.")


def faulty(store: Store, **faults: Iterable[Exception | None]) -> Store:
    return cast(Store, Faulty(store, **faults))


async def test_busy_store_duplicates_nothing(store: Store, clock: Clock) -> None:
    """If the store is busy, a sent message is marked later and not sent again, and the queue is read later."""
    queue(store, text(10, "a"), text(10, "b"))
    counterpart = Counterpart()

    await run_until(faulty(store, due_calls=[BUSY], mark_sent=[BUSY], next_due_time=[BUSY]), clock, counterpart, 2)

    assert counterpart.taken == [(10, "a"), (10, "b")]
    assert store.outbox.count_queued_calls() == 0


async def test_wait_for_the_queue_grows(store: Store, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """An unreadable queue is retried after 1, 2, 4 … up to 30 s, starting again at 1 s once it could be read."""
    waits: list[float] = []

    async def sleep(woken: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 10:
            raise asyncio.CancelledError

    unavailable = faulty(store, due_calls=chain([BUSY, BUSY, None], repeat(BUSY)))
    outbox = Outbox(unavailable, Counterpart(), clock, sleep=sleep)
    await asyncio.gather(asyncio.create_task(outbox.run()), return_exceptions=True)

    assert waits == [1, 2, 30, 1, 2, 4, 8, 16, 30, 30]
    assert set(caplog.messages) == {f"messages wait: {BUSY}"}


async def test_messages_are_sent_in_order(store: Store, clock: Clock) -> None:
    """Each chat gets its messages in order, each of them once."""
    queue(store, text(10, "a"), text(11, "x"), text(10, "b"))
    counterpart = Counterpart()

    await run_until(store, clock, counterpart, 3)

    assert [words for chat, words in counterpart.taken if chat == 10] == ["a", "b"]
    assert store.outbox.count_queued_calls() == 0


async def test_receipt_is_sent_after_its_message(store: Store, clock: Clock) -> None:
    """What shows that a call arrived is sent once it has, also if its result could not be saved at first."""
    queue(store, text(10, "a"), text(11, "b"))
    counterpart = Counterpart(Rejected("no"))

    def receipt(call: OutgoingCall) -> list[OutgoingCall]:
        chat, words = summary(call)
        return [] if words.startswith("arrived") else [text(chat, f"arrived: {words}")]

    await run_until(faulty(store, mark_sent=[BUSY]), clock, counterpart, 3, on_sent=receipt)

    assert counterpart.taken == [(10, "a"), (11, "b"), (11, "arrived: b")]


async def test_message_id_is_stored(store: Store, clock: Clock) -> None:
    """The message id of a sent answer is found by its question, for when the question is edited."""
    queue(store, text(10, "a", source=(10, 5)))

    await run_until(store, clock, Counterpart(Sent(77)), 1)

    assert store.outbox.find_reply_to(10, (10, 5)) == 77


async def test_flooded_chat_waits_alone(store: Store, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """RetryAfter pauses only its own chat, until its time is over, and the log says what waits for how long."""
    caplog.set_level("INFO", "bot.pipeline.outbox")
    queue(store, text(10, "a"), text(10, "b"), text(11, "x"))
    counterpart = Counterpart(Retry(60.0))

    await run_until(store, clock, counterpart, 2)

    assert counterpart.taken == [(10, "a"), (11, "x")]
    assert re.search("^sendMessage .* 60 s$", caplog.messages[0])
    assert store.outbox.due_calls(clock() + 59) == []
    assert texts(store.outbox.due_calls(clock() + 60)) == ["a"]


async def test_rejection_is_final(store: Store, clock: Clock) -> None:
    """A rejected message is not retried and does not block the next ones."""
    queue(store, text(10, "a"), text(10, "b"))
    counterpart = Counterpart(Rejected("Forbidden: bot was blocked by the user"))

    await run_until(store, clock, counterpart, 2)

    assert counterpart.taken == [(10, "a"), (10, "b")]
    assert store.outbox.count_queued_calls() == 0


async def test_reason_of_a_rejection_is_stored(store: Store, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """The reason of a rejection is logged and stored for the person's data export, without the text."""
    finish(store, say(10, "a"))

    await run_until(store, clock, Counterpart(Rejected("Forbidden: bot was blocked by the user")), 1)

    assert re.search("^sendMessage .* Forbidden: bot was blocked by the user$", caplog.messages[0])
    (row,) = store.erasure.load_personal_data(EVENT.user_id)["outbox"]
    assert (row["status"], row["reason"], row["params"]) == ("failed", "Forbidden: bot was blocked by the user", "{}")


async def test_rejection_is_reported(store: Store, clock: Clock) -> None:
    """A rejection queues the notice to the other side in the same transaction."""
    queue(store, text(10, "a"))
    counterpart = Counterpart(Rejected("Forbidden: bot was blocked by the user"))
    outbox = Outbox(
        store, counterpart, clock, lambda outgoing, reason: [text(11, f"{summary(outgoing)[1]}: {reason}")]
    )

    task = asyncio.create_task(outbox.run())
    await counterpart.until(lambda: len(counterpart.taken) == 2)
    await ended(task)

    assert counterpart.taken[1] == (11, "a: Forbidden: bot was blocked by the user")


async def test_lost_response_keeps_the_message_queued(open_store: OpenStore, clock: Clock) -> None:
    """A message whose response was lost stays queued, since sending it twice is better than never."""
    store = open_store()
    queue(store, text(10, "a"))
    counterpart = Counterpart(Retry(None))
    await run_until(store, clock, counterpart, 1)
    store.close()

    reopened = open_store()

    assert reopened.outbox.count_queued_calls() == 1
    assert reopened.outbox.next_due_time() == clock() + backoff_seconds(0)


@pytest.mark.parametrize(("attempts", "seconds"), [(0, 1), (1, 2), (5, 32), (40, 300)])
def test_backoff_grows_to_a_limit(attempts: int, seconds: float) -> None:
    """The wait doubles with each attempt, up to five minutes."""
    assert backoff_seconds(attempts) == seconds


def until_idle(sending: Callable[[], bool]) -> Sleep:
    """Return a sleep that waits while calls are in flight, and ends the outbox when none are."""

    async def sleep(woken: asyncio.Event, seconds: float) -> None:
        if not sending() and not woken.is_set():
            task = asyncio.current_task()
            assert task is not None
            task.cancel()
            await asyncio.sleep(0)
        await woken.wait()

    return sleep


async def test_number_of_calls_in_flight_is_limited(store: Store, clock: Clock) -> None:
    """The number of calls without a rate limit that are in flight is limited; the others follow."""
    queue(
        store,
        *[ApiCall(chat, "answerCallbackQuery", {"text": "Toast"}) for chat in range(1, 2 * MAX_UNLIMITED_CALLS)],
    )
    running, peak, proceed = 0, 0, asyncio.Event()

    async def call(outgoing: OutgoingCall) -> CallResult:
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        if running == MAX_UNLIMITED_CALLS:
            outbox.wake()  # checks the queue once more while all are in flight
        await proceed.wait()
        running -= 1
        return Sent(None)

    async def sleep(woken: asyncio.Event, seconds: float) -> None:
        if running == MAX_UNLIMITED_CALLS:
            proceed.set()
        await idle(woken, seconds)

    idle = until_idle(lambda: outbox.is_sending)
    outbox = Outbox(store, call, clock, sleep=sleep)
    await asyncio.gather(asyncio.create_task(outbox.run()), return_exceptions=True)

    assert store.outbox.count_queued_calls() == 0
    assert peak == MAX_UNLIMITED_CALLS


async def test_messages_are_not_delayed_by_callback_answers(store: Store, clock: Clock) -> None:
    """Messages are sent even while the maximum number of callback answers are in flight."""
    taps = [ApiCall(chat, "answerCallbackQuery", {"text": "Toast"}) for chat in range(1, MAX_UNLIMITED_CALLS + 2)]
    queue(store, *taps)
    counterpart, proceed = Counterpart(), asyncio.Event()

    async def call(outgoing: OutgoingCall) -> CallResult:
        result = await counterpart(outgoing)
        if api_call(outgoing).method == "answerCallbackQuery":
            await proceed.wait()
        return result

    outbox = Outbox(store, call, clock)
    task = asyncio.create_task(outbox.run())
    await counterpart.until(lambda: len(counterpart.taken) == MAX_UNLIMITED_CALLS)
    store.apply([text(500, "a")], ())
    outbox.wake()
    await counterpart.until(lambda: len(counterpart.taken) > MAX_UNLIMITED_CALLS)
    proceed.set()
    await ended(task)

    assert counterpart.taken[MAX_UNLIMITED_CALLS] == (500, "a")


async def test_internal_error_is_retried(store: Store, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """A call that fails in the bot's own code is retried later like after a network error, and frees its slot."""
    queue(store, text(10, "a"), text(11, "x"))
    counterpart, limiter = Counterpart(), RateLimiter(TELEGRAM_LIMITS)

    async def call(outgoing: OutgoingCall) -> CallResult:
        if api_call(outgoing).chat_id == 10:
            raise ValueError
        return await counterpart(outgoing)

    outbox = Outbox(store, call, clock, limiter=limiter, sleep=until_idle(lambda: outbox.is_sending))
    await asyncio.gather(asyncio.create_task(outbox.run()), return_exceptions=True)

    assert counterpart.taken == [(11, "x")]
    assert limiter.free_slots(clock()) == TELEGRAM_LIMITS.per_second
    (message,) = caplog.messages
    assert "sendMessage" in message
    assert "ValueError" in message
    assert store.outbox.next_due_time(clock()) == clock() + backoff_seconds(0)
    (postponed,) = store.outbox.due_calls(clock() + backoff_seconds(0))
    assert (texts([postponed]), postponed.attempts) == (["a"], 1)


@pytest.mark.parametrize(
    ("error", "reason"),
    [(StoreError("The store is damaged."), "The store is damaged."), (ValueError(), "sendMessage .* ValueError")],
)
async def test_message_that_cannot_be_marked_is_not_sent_again(
    store: Store, clock: Clock, error: Exception, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    """As long as a sent message cannot be marked as sent, its chat waits and nothing is sent twice; at shutdown,
    marking is tried once more."""
    queue(store, text(10, "a"), text(10, "b"))
    counterpart, waits, enough = Counterpart(), list[float](), asyncio.Event()

    async def sleep(woken: asyncio.Event, seconds: float) -> None:
        if seconds == IDLE_WAIT:
            await woken.wait()
            return
        waits.append(seconds)
        if len(waits) == 7:
            enough.set()
            await woken.wait()

    outbox = Outbox(faulty(store, mark_sent=repeat(error)), counterpart, clock, sleep=sleep)
    task = asyncio.create_task(outbox.run())
    await asyncio.wait_for(enough.wait(), 10)
    await asyncio.wait_for(ended(task), 10)

    assert counterpart.taken == [(10, "a")]
    assert waits == [1, 2, 4, 8, 16, 32, 32]
    assert all(re.search(reason, message) for message in caplog.messages)
    assert len(caplog.messages) == len(waits) + 1
    assert store.outbox.count_queued_calls() == 2
