"""The rate limiter keeps Telegram's limits, whatever is sent when and however long each call takes."""

import heapq
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.pipeline.rate_limiter import ALL_CHATS, NO_LIMITS, RETRY_MARGIN, TELEGRAM_LIMITS, RateLimiter, RateLimits

pytestmark = pytest.mark.durability

CHATS = st.sampled_from([*range(1, 60), -1, -2])
# (chat, seconds until the call is requested, its duration in seconds, share of that after which it reaches Telegram)
CALLS = st.lists(
    st.tuples(CHATS, st.sampled_from((0.0, 0.0, 0.0, 0.3)), st.sampled_from((0.01, 0.1, 0.4, 2.5)), st.floats(0, 1)),
    min_size=40,
    max_size=90,
)


def arrivals(calls: list[tuple[int, float, float, float]]) -> list[tuple[float, int]]:
    """Return when each call reaches Telegram, if it begins as soon as it may, one at a time per chat."""
    limiter, now, received = RateLimiter(TELEGRAM_LIMITS, started_at=-60.0), 0.0, list[tuple[float, int]]()
    in_flight: list[tuple[float, int]] = []
    for chat, delay, duration, share in calls:
        now += delay
        while True:
            while in_flight and in_flight[0][0] <= now:
                end, ended_chat = heapq.heappop(in_flight)
                limiter.end_call(ended_chat, end)
            ends = [end for end, other in in_flight if other == chat]
            wait = max([limiter.seconds_to_wait(chat, now), *(end - now for end in ends)])
            if not wait:
                break
            now = min([now + wait, *(end for end, _ in in_flight)])
        limiter.begin_call(chat)
        heapq.heappush(in_flight, (now + duration, chat))
        received.append((now + duration * share, chat))
    return sorted(received)


@settings(max_examples=60)
@given(CALLS)
def test_limits_are_never_broken(calls: list[tuple[int, float, float, float]]) -> None:
    """Whatever is sent and however long calls take, Telegram never receives more than its limits allow."""
    received = arrivals(calls)

    times = [time for time, _ in received]
    assert all(later - time > 0.999 for time, later in zip(times, times[TELEGRAM_LIMITS.per_second :], strict=False))
    for chat in {chat for _, chat in received}:
        own = [time for time, other in received if other == chat]
        assert all(later - time > 0.999 for time, later in pairwise(own))
        if chat < 0:
            assert all(
                later - time > 59.999
                for time, later in zip(own, own[TELEGRAM_LIMITS.group_per_minute :], strict=False)
            )


def test_limits_are_used_in_full() -> None:
    """Of 60 messages to different people, 30 are sent at once and the others a second later."""
    received = arrivals([(chat, 0.0, 0.01, 0.0) for chat in range(1, 61)])

    assert [round(time, 1) for time, _ in received] == [0.0] * 30 + [1.0] * 30


def test_first_message_does_not_wait() -> None:
    """A chat that got no message within the last second gets one at once."""
    limiter = RateLimiter(TELEGRAM_LIMITS)
    limiter.begin_call(10)
    limiter.end_call(10, 100.0)

    assert not limiter.is_closing
    assert limiter.seconds_to_wait(11, 100.0) == 0
    assert limiter.seconds_to_wait(10, 100.2) == pytest.approx(0.8)
    assert limiter.seconds_to_wait(10, 101.0) == 0


def test_group_calls_count_after_a_restart() -> None:
    """After a restart, a group's calls of the last minute count, from the latest time at which they arrived."""
    limiter = RateLimiter(TELEGRAM_LIMITS, started_at=100.0)
    limiter.restore_state({}, [(-5, 70.0 + number) for number in range(20)], 100.0)

    assert limiter.seconds_to_wait(-5, 102.0) == 38.0
    assert limiter.paused_chats(102.0) == [-5]
    assert limiter.seconds_to_wait(-6, 102.0) == 0
    assert limiter.seconds_to_wait(-5, 140.0) == 0


def test_call_in_flight_at_a_restart() -> None:
    """A call that was recorded just before a restart counts from the restart, as its process has ended."""
    limiter = RateLimiter(TELEGRAM_LIMITS, started_at=100.0)
    limiter.restore_state({}, [(-5, 95.0)] * 20, 100.0)

    assert [limiter.seconds_to_wait(-5, 159.9) > 0, limiter.seconds_to_wait(-5, 160.0)] == [True, 0]


def test_nothing_is_sent_in_the_first_second() -> None:
    """Nothing is sent in the first second, since the calls of the previous process's last second are unknown."""
    limiter = RateLimiter(TELEGRAM_LIMITS, started_at=100.0)

    assert (limiter.free_slots(100.5), limiter.free_slots(101.0)) == (0, 30)
    assert limiter.seconds_to_wait(10, 100.5) == 0.5


def test_retry_after_pauses_only_its_chat() -> None:
    """Chats with a RetryAfter are paused each until its own time, and others are not delayed."""
    limiter = RateLimiter(TELEGRAM_LIMITS)
    limiter.note_retry_after(10, 30, 100.0)
    limiter.note_retry_after(11, 3600, 100.0)

    assert limiter.free_slots(100.0) == 30
    assert limiter.retry_after(12, 100.0) == 0
    assert limiter.next_change(100.0) == 100 + 30 + RETRY_MARGIN
    assert limiter.retry_after(10, 130.0) > 0
    assert limiter.retry_after(10, 130.2) == 0
    assert limiter.retry_after(11, 3699.0) > 0


def test_several_equal_retry_afters_pause_all_chats() -> None:
    """If three chats in a row get a RetryAfter until the same time, all chats are paused until then."""
    limiter = RateLimiter(TELEGRAM_LIMITS)
    for number in range(3):
        paused = limiter.note_retry_after(10 + number, 30, 100.0 + number / 10)

    assert ALL_CHATS in paused
    assert limiter.free_slots(130.0) == 0
    assert limiter.retry_after(99, 130.0) > 0
    assert limiter.free_slots(130.4) == 30


def test_different_retry_afters_pause_only_their_chats() -> None:
    """Several RetryAfter until different times, or with a success in between, pause only their own chats."""
    different, interrupted = RateLimiter(TELEGRAM_LIMITS), RateLimiter(TELEGRAM_LIMITS)
    for number in range(5):
        different.note_retry_after(10 + number, 30 + 10 * number, 100.0)
        interrupted.note_retry_after(10 + number, 30, 100.0)
        interrupted.note_success()

    assert different.free_slots(100.0) == interrupted.free_slots(100.0) == 30


def test_clock_set_back_does_not_stop_sending() -> None:
    """After the clock was set back by an hour, messages are still sent."""
    limiter = RateLimiter(TELEGRAM_LIMITS)
    for chat in (*range(30), *[-5] * 20):
        limiter.begin_call(chat)
        limiter.end_call(chat, 5000.0)

    assert limiter.free_slots(1400.0) == 30
    assert limiter.seconds_to_wait(-5, 1400.0) == limiter.seconds_to_wait(3, 1400.0) == 0
    assert limiter.next_change(1400.0) is None


@pytest.mark.parametrize("ahead", [30.0, 3_600.0, 86_400.0, 365 * 86_400.0])
def test_corrected_clock_ends_all_waits(ahead: float) -> None:
    """Every wait that began while the clock was ahead ends when the clock is corrected."""
    correct, wrong = 5_000.0, 5_000.0 + ahead
    limiter = RateLimiter(TELEGRAM_LIMITS, started_at=wrong)
    paused = [limiter.note_retry_after(chat, 600.0, wrong) for chat in (10, 11, 12)]
    limiter.may_show_typing(13, wrong)

    assert ALL_CHATS in paused[-1]
    assert limiter.next_change(correct) is None
    assert (limiter.free_slots(correct), limiter.paused_chats(correct)) == (30, [])
    assert [limiter.seconds_to_wait(chat, correct) for chat in (10, 13)] == [0.0, 0.0]
    assert limiter.retry_after(10, correct) == 0.0
    assert limiter.may_show_typing(13, correct)


@pytest.mark.parametrize("back", [30.0, 3_600.0, 86_400.0])
def test_clock_set_back_does_not_prolong_a_wait(back: float) -> None:
    """After the clock was set back, a paused chat waits at most as long as Telegram asked, from the correction on."""
    limiter = RateLimiter(TELEGRAM_LIMITS, started_at=0.0)
    limiter.note_retry_after(10, 60.0, 100_000.0)
    limiter.restore_state({11: 100_060.0}, [], 100_000.0)
    now = 100_040.0 - back

    assert max(limiter.retry_after(chat, now) for chat in (10, 11)) <= 60.0 + RETRY_MARGIN


def test_calls_in_the_future_are_ignored() -> None:
    """Calls recorded while the clock was ahead are ignored after a restart with the right time."""
    limiter = RateLimiter(TELEGRAM_LIMITS, started_at=0.0)
    limiter.restore_state({}, [(-5, 100_000.0)] * 20, 100.0)

    assert (limiter.seconds_to_wait(-5, 100.0), limiter.paused_chats(100.0)) == (0.0, [])


def test_state_is_discarded_after_a_minute() -> None:
    """A minute after the last call, nothing is stored about any chat."""
    limiter = RateLimiter(TELEGRAM_LIMITS)
    for chat in range(-500, 500):
        limiter.may_show_typing(chat, 100.0)
        limiter.begin_call(chat)
        limiter.end_call(chat, 100.0)
        limiter.note_retry_after(chat, 5, 100.0)
    limiter.note_success()
    limiter.may_show_typing(1000, 161.0)

    assert limiter.paused_chats(161.0) == []
    assert limiter.free_slots(161.0) == 30
    assert [name for name, value in vars(limiter).items() if isinstance(value, dict | set) and value] == [
        "_typing_shown"
    ]


def test_typing_is_shown_once_a_second() -> None:
    """The typing indicator is shown at most once a second per chat, and not at all while the chat is paused."""
    limiter = RateLimiter(TELEGRAM_LIMITS)

    assert [limiter.may_show_typing(10, 100.0 + number / 10) for number in range(11)] == [True] + [False] * 9 + [True]
    limiter.note_retry_after(11, 30, 100.0)
    assert not limiter.may_show_typing(11, 120.0)


def test_without_limits_nothing_waits() -> None:
    """Without limits, no call waits, not even in the first second."""
    limiter = RateLimiter(NO_LIMITS, started_at=100.0)
    for _ in range(100):
        limiter.begin_call(-10)
        limiter.end_call(-10, 100.0)

    assert limiter.seconds_to_wait(-10, 100.0) == 0
    assert limiter.free_slots(100.0) > 1000
    assert limiter.may_show_typing(-10, 100.0)
    assert limiter.may_show_typing(-10, 100.0)


def test_two_calls_to_a_chat_at_once() -> None:
    """Two calls to a chat that are in flight at once end separately, and both count."""
    limiter = RateLimiter(TELEGRAM_LIMITS, started_at=0.0)
    limiter.begin_call(10)
    limiter.begin_call(10)
    limiter.end_call(10, 100.0)
    after_one = limiter.free_slots(100.0)
    limiter.end_call(10, 100.0)

    assert after_one == limiter.free_slots(100.0) == TELEGRAM_LIMITS.per_second - 2
    assert limiter.free_slots(101.5) == TELEGRAM_LIMITS.per_second


def record_calls(limiter: RateLimiter, chat: int, *ends: float) -> None:
    """Record calls to a chat that ended at these times."""
    for end in ends:
        limiter.begin_call(chat)
        limiter.end_call(chat, end)


def test_retry_after_is_obeyed_after_a_restart() -> None:
    """A RetryAfter from before a restart is obeyed to its end, for one chat or for all."""
    one_chat, all_chats = RateLimiter(TELEGRAM_LIMITS, started_at=0.0), RateLimiter(TELEGRAM_LIMITS, started_at=0.0)
    one_chat.restore_state({10: 200.0}, [], 0.0)
    all_chats.restore_state({ALL_CHATS: 200.0}, [], 0.0)

    assert [one_chat.retry_after(10, 20.0), one_chat.retry_after(11, 20.0), all_chats.retry_after(11, 20.0)] == [
        180.0,
        0.0,
        180.0,
    ]
    assert [one_chat.seconds_to_wait(10, 20.0), one_chat.seconds_to_wait(11, 20.0)] == [180.0, 0.0]
    assert [one_chat.paused_chats(199.0), one_chat.paused_chats(200.0)] == [[10], []]
    assert [all_chats.seconds_to_wait(10, 20.0), all_chats.seconds_to_wait(11, 50.0)] == [180.0, 150.0]


def test_full_second_delays_the_next_call() -> None:
    """After 30 calls within a second, the next one waits until a second after the first of them."""
    limiter = RateLimiter(TELEGRAM_LIMITS, started_at=0.0)
    for number in range(TELEGRAM_LIMITS.per_second):
        record_calls(limiter, number + 1, 100.0 + number / 64)

    assert limiter.seconds_to_wait(99, 100.5) == 0.5
    assert (limiter.free_slots(100.5), limiter.free_slots(101.0)) == (0, 1)


@pytest.mark.parametrize(("gap", "now", "change"), [(2.0, 101.5, 102.0), (0.5, 100.75, 101.0)])
def test_next_change_is_when_sending_may_continue(gap: float, now: float, change: float) -> None:
    """The next change is when the chat, or else the whole bot, may send again."""
    limiter = RateLimiter(RateLimits(per_second=30, chat_interval=gap, group_per_minute=20), started_at=0.0)
    record_calls(limiter, 10, 100.0)

    assert limiter.next_change(now) == change


def test_thirty_calls_in_flight() -> None:
    """With 30 calls in flight and none ended, the next check is soon."""
    limiter = RateLimiter(TELEGRAM_LIMITS, started_at=0.0)
    for number in range(TELEGRAM_LIMITS.per_second):
        limiter.begin_call(number + 1)

    assert limiter.seconds_to_wait(99, 100.0) == RETRY_MARGIN


def test_full_minute_delays_the_next_call_to_a_group() -> None:
    """The 21st call to a group waits until a minute after the first, and a call in flight counts."""
    limiter = RateLimiter(TELEGRAM_LIMITS, started_at=0.0)
    record_calls(limiter, -5, *(100.0 + number for number in range(TELEGRAM_LIMITS.group_per_minute - 1)))
    before = limiter.seconds_to_wait(-5, 120.0)
    limiter.begin_call(-5)
    under_way = limiter.seconds_to_wait(-5, 120.0)
    limiter.end_call(-5, 120.0)

    assert (before, under_way, limiter.seconds_to_wait(-5, 122.0)) == (0.0, 40.0, 38.0)
    assert (limiter.paused_chats(159.5), limiter.paused_chats(160.0)) == ([-5], [])
    assert limiter.seconds_to_wait(5, 122.0) == 0.0


def test_reserved_slot_counts_once() -> None:
    """A call takes the slot that was reserved for it, so the slot counts once."""
    limiter = RateLimiter(TELEGRAM_LIMITS, started_at=0.0)
    limiter.reserve_slot(10)
    reserved = limiter.free_slots(100.0)
    limiter.begin_call(10)

    assert reserved == limiter.free_slots(100.0) == TELEGRAM_LIMITS.per_second - 1
    limiter.reserve_slot(11)
    limiter.release_slot(11)
    assert limiter.free_slots(100.0) == TELEGRAM_LIMITS.per_second - 1


def test_chat_interval_counts_per_chat() -> None:
    """Each chat waits a second after its own last call, whatever the order of calls to other chats."""
    limiter = RateLimiter(TELEGRAM_LIMITS, started_at=0.0)
    for chat, end in ((10, 100.0), (11, 100.5), (10, 101.25)):
        record_calls(limiter, chat, end)

    assert limiter.paused_chats(101.75) == [10]


def test_retry_afters_until_nearly_the_same_time() -> None:
    """Three RetryAfter within two seconds of the same time pause all chats, unless a call succeeds in between."""
    for interrupted in (False, True):
        limiter = RateLimiter(TELEGRAM_LIMITS, started_at=0.0)
        limiter.note_retry_after(1, 10.0, 0.0)
        limiter.note_retry_after(2, 10.0, 0.0)
        if interrupted:
            limiter.note_success()

        assert (ALL_CHATS in limiter.note_retry_after(3, 12.0, 0.0)) is not interrupted


def test_call_begins_or_reserves_its_slot() -> None:
    """A call that may not begin yet reserves its slot, and takes it when it begins."""
    limiter = RateLimiter(TELEGRAM_LIMITS)

    assert limiter.try_begin_call(10, 100.0) == 0
    limiter.end_call(10, 100.0)
    assert limiter.try_begin_call(10, 100.5) == 0.5
    assert limiter.free_slots(100.5) == 28
    assert limiter.try_begin_call(10, 101.0) == 0
    assert limiter.free_slots(101.0) == 29
