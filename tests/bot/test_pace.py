"""Telegram's limits: whatever is to be sent when, and however long each call takes."""

import heapq
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.pipeline.rate_limiter import EVERYBODY, MARGIN, TELEGRAM, UNLIMITED, Limits, Pace

CHATS = st.sampled_from([*range(1, 60), -1, -2])
# (chat, seconds until the call is asked for, seconds that it takes, share of these after which Telegram gets it)
CALLS = st.lists(
    st.tuples(CHATS, st.sampled_from((0.0, 0.0, 0.0, 0.3)), st.sampled_from((0.01, 0.1, 0.4, 2.5)), st.floats(0, 1)),
    min_size=40,
    max_size=90,
)


def arrivals(calls: list[tuple[int, float, float, float]]) -> list[tuple[float, int]]:
    """When Telegram gets these calls, each made as soon as the pace allows; one at a time in a chat."""
    pace, now, got = Pace(TELEGRAM, began=-60.0), 0.0, list[tuple[float, int]]()
    under_way: list[tuple[float, int]] = []
    for chat, later, takes, share in calls:
        now += later
        while True:
            while under_way and under_way[0][0] <= now:
                end, done = heapq.heappop(under_way)
                pace.end(done, end)
            busy = [end for end, other in under_way if other == chat]
            wait = max([pace.wait(chat, now), *(end - now for end in busy)])
            if not wait:
                break
            now = min([now + wait, *(end for end, _ in under_way)])
        pace.begin(chat)
        heapq.heappush(under_way, (now + takes, chat))
        got.append((now + takes * share, chat))
    return sorted(got)


@settings(deadline=None, max_examples=60)
@given(CALLS)
def test_limits_are_never_broken(calls: list[tuple[int, float, float, float]]) -> None:
    """Whatever is sent, and wherever a call lingers, Telegram never gets more than it allows."""
    got = arrivals(calls)

    times = [time for time, _ in got]
    assert all(later - time > 0.999 for time, later in zip(times, times[TELEGRAM.overall :], strict=False))
    for chat in {chat for _, chat in got}:
        own = [time for time, other in got if other == chat]
        assert all(later - time > 0.999 for time, later in pairwise(own))
        if chat < 0:
            assert all(later - time > 59.999 for time, later in zip(own, own[TELEGRAM.group :], strict=False))


def test_all_that_is_allowed_is_sent() -> None:
    """Of 60 people who are to get something, 30 get it at once, and the others a second later."""
    got = arrivals([(chat, 0.0, 0.01, 0.0) for chat in range(1, 61)])

    assert [round(time, 1) for time, _ in got] == [0.0] * 30 + [1.0] * 30


def test_first_message_does_not_wait() -> None:
    """Somebody who was not written to just now gets an answer at once, whoever else got one."""
    pace = Pace(TELEGRAM)
    pace.begin(10)
    pace.end(10, 100.0)

    assert not pace.closing
    assert pace.wait(11, 100.0) == 0
    assert pace.wait(10, 100.2) == pytest.approx(0.8)
    assert pace.wait(10, 101.0) == 0


def test_group_is_full_for_a_minute_after_a_restart() -> None:
    """What a group got in the last minute counts when the bot starts anew, from when it has arrived at the latest."""
    pace = Pace(TELEGRAM, began=100.0)
    pace.restore({}, [(-5, 70.0 + number) for number in range(20)], 100.0)

    assert pace.wait(-5, 102.0) == 38.0
    assert pace.resting(102.0) == [-5]
    assert pace.wait(-6, 102.0) == 0
    assert pace.wait(-5, 140.0) == 0


def test_call_that_was_under_way_at_a_restart() -> None:
    """A call written down just before counts from the restart on, since the process that made it is gone."""
    pace = Pace(TELEGRAM, began=100.0)
    pace.restore({}, [(-5, 95.0)] * 20, 100.0)

    assert [pace.wait(-5, 159.9) > 0, pace.wait(-5, 160.0)] == [True, 0]


def test_first_second_after_a_start_is_waited_out() -> None:
    """What the process before sent in its last second is not known, so nothing is sent in the first one."""
    pace = Pace(TELEGRAM, began=100.0)

    assert (pace.room(100.5), pace.room(101.0)) == (0, 30)
    assert pace.wait(10, 100.5) == 0.5


def test_refused_chat_waits_alone() -> None:
    """Two chats that are refused hold back nobody else, and each until its own time."""
    pace = Pace(TELEGRAM)
    pace.refused(10, 30, 100.0)
    pace.refused(11, 3600, 100.0)

    assert pace.room(100.0) == 30
    assert pace.held(12, 100.0) == 0
    assert pace.next_change(100.0) == 100 + 30 + MARGIN
    assert pace.held(10, 130.0) > 0
    assert pace.held(10, 130.2) == 0
    assert pace.held(11, 3699.0) > 0


def test_several_refusals_at_once_are_about_all() -> None:
    """Where three chats in a row are refused until the same time, nothing is sent to anybody until then."""
    pace = Pace(TELEGRAM)
    for number in range(3):
        follows = pace.refused(10 + number, 30, 100.0 + number / 10)

    assert EVERYBODY in follows
    assert pace.room(130.0) == 0
    assert pace.held(99, 130.0) > 0
    assert pace.room(130.4) == 30


def test_refusals_at_different_times_are_not_about_all() -> None:
    """Chats that are refused until different times, or with a success in between, are flooded each by itself."""
    apart, between = Pace(TELEGRAM), Pace(TELEGRAM)
    for number in range(5):
        apart.refused(10 + number, 30 + 10 * number, 100.0)
        between.refused(10 + number, 30, 100.0)
        between.succeeded()

    assert apart.room(100.0) == between.room(100.0) == 30


def test_clock_that_is_set_back_stops_nobody() -> None:
    """After the clock was set back by an hour messages still leave."""
    pace = Pace(TELEGRAM)
    for chat in (*range(30), *[-5] * 20):
        pace.begin(chat)
        pace.end(chat, 5000.0)

    assert pace.room(1400.0) == 30
    assert pace.wait(-5, 1400.0) == pace.wait(3, 1400.0) == 0
    assert pace.next_change(1400.0) is None


@pytest.mark.parametrize("ahead", [30.0, 3_600.0, 86_400.0, 365 * 86_400.0])
def test_clock_that_was_ahead_holds_nobody(ahead: float) -> None:
    """What began, was refused or shown while the clock was ahead is over when it is right, for a chat and for all."""
    right, wrong = 5_000.0, 5_000.0 + ahead
    pace = Pace(TELEGRAM, began=wrong)
    follows = [pace.refused(chat, 600.0, wrong) for chat in (10, 11, 12)]
    pace.may_type(13, wrong)

    assert EVERYBODY in follows[-1]
    assert pace.next_change(right) is None
    assert (pace.room(right), pace.resting(right)) == (30, [])
    assert [pace.wait(chat, right) for chat in (10, 13)] == [0.0, 0.0]
    assert pace.held(10, right) == 0.0
    assert pace.may_type(13, right)


@pytest.mark.parametrize("back", [30.0, 3_600.0, 86_400.0])
def test_clock_that_is_set_back_prolongs_no_wait(back: float) -> None:
    """A chat that has to wait is never held for longer than it was asked to, counted from the correction."""
    pace = Pace(TELEGRAM, began=0.0)
    pace.refused(10, 60.0, 100_000.0)
    pace.restore({11: 100_060.0}, [], 100_000.0)
    now = 100_040.0 - back

    assert max(pace.held(chat, now) for chat in (10, 11)) <= 60.0 + MARGIN


def test_calls_that_are_yet_to_come() -> None:
    """What a group got while the clock was ahead is not counted by a process that starts with the right one."""
    pace = Pace(TELEGRAM, began=0.0)
    pace.restore({}, [(-5, 100_000.0)] * 20, 100.0)

    assert (pace.wait(-5, 100.0), pace.resting(100.0)) == (0.0, [])


def test_nothing_is_remembered_for_long() -> None:
    """A minute after the last call nothing is held on any chat."""
    pace = Pace(TELEGRAM)
    for chat in range(-500, 500):
        pace.may_type(chat, 100.0)
        pace.begin(chat)
        pace.end(chat, 100.0)
        pace.refused(chat, 5, 100.0)
    pace.succeeded()
    pace.may_type(1000, 161.0)

    assert pace.resting(161.0) == []
    assert pace.room(161.0) == 30
    assert [name for name, held in vars(pace).items() if isinstance(held, dict | set) and held] == ["_typed"]


def test_typing_is_shown_once_a_second() -> None:
    """Ten questions in a second show once that an answer is coming, and none shows it where Telegram refuses."""
    pace = Pace(TELEGRAM)

    assert [pace.may_type(10, 100.0 + number / 10) for number in range(11)] == [True] + [False] * 9 + [True]
    pace.refused(11, 30, 100.0)
    assert not pace.may_type(11, 120.0)


def test_stand_in_without_limits() -> None:
    """Where there are no limits nothing is held back, not even in the first second."""
    pace = Pace(UNLIMITED, began=100.0)
    for _ in range(100):
        pace.begin(-10)
        pace.end(-10, 100.0)

    assert pace.wait(-10, 100.0) == 0
    assert pace.room(100.0) > 1000
    assert pace.may_type(-10, 100.0)
    assert pace.may_type(-10, 100.0)


def test_two_calls_to_a_chat_at_once() -> None:
    """Where two calls to a chat are under way, each ends by itself, and both count."""
    pace = Pace(TELEGRAM, began=0.0)
    pace.begin(10)
    pace.begin(10)
    pace.end(10, 100.0)
    after_one = pace.room(100.0)
    pace.end(10, 100.0)

    assert after_one == pace.room(100.0) == TELEGRAM.overall - 2
    assert pace.room(101.5) == TELEGRAM.overall


def called(pace: Pace, chat: int, *ends: float) -> None:
    """Calls to a chat that ended then."""
    for end in ends:
        pace.begin(chat)
        pace.end(chat, end)


def test_refusals_before_a_restart_are_obeyed() -> None:
    """What was refused before a restart is waited out to its end, also beyond a minute, by that chat or by all."""
    one, everybody = Pace(TELEGRAM, began=0.0), Pace(TELEGRAM, began=0.0)
    one.restore({10: 200.0}, [], 0.0)
    everybody.restore({EVERYBODY: 200.0}, [], 0.0)

    assert [one.held(10, 20.0), one.held(11, 20.0), everybody.held(11, 20.0)] == [180.0, 0.0, 180.0]
    assert [one.wait(10, 20.0), one.wait(11, 20.0)] == [180.0, 0.0]
    assert [one.resting(199.0), one.resting(200.0)] == [[10], []]
    assert [everybody.wait(10, 20.0), everybody.wait(11, 50.0)] == [180.0, 150.0]


def test_full_second_is_waited_out() -> None:
    """Where 30 calls ended within a second, the next one waits until a second after the first of them."""
    pace = Pace(TELEGRAM, began=0.0)
    for number in range(TELEGRAM.overall):
        called(pace, number + 1, 100.0 + number / 64)

    assert pace.wait(99, 100.5) == 0.5
    assert (pace.room(100.5), pace.room(101.0)) == (0, 1)


@pytest.mark.parametrize(("gap", "now", "change"), [(2.0, 101.5, 102.0), (0.5, 100.75, 101.0)])
def test_longer_limit_says_when_to_look_again(gap: float, now: float, change: float) -> None:
    """The next look is when the chat may get something again, or anybody, whichever is still held back."""
    pace = Pace(Limits(overall=30, gap=gap, group=20), began=0.0)
    called(pace, 10, 100.0)

    assert pace.next_change(now) == change


def test_full_second_under_way() -> None:
    """Where 30 calls are under way, and none has ended, the next look is soon."""
    pace = Pace(TELEGRAM, began=0.0)
    for number in range(TELEGRAM.overall):
        pace.begin(number + 1)

    assert pace.wait(99, 100.0) == MARGIN


def test_full_minute_of_a_group() -> None:
    """The 21st call to a group waits for a minute after the first; one that is under way counts."""
    pace = Pace(TELEGRAM, began=0.0)
    called(pace, -5, *(100.0 + number for number in range(TELEGRAM.group - 1)))
    before = pace.wait(-5, 120.0)
    pace.begin(-5)
    under_way = pace.wait(-5, 120.0)
    pace.end(-5, 120.0)

    assert (before, under_way, pace.wait(-5, 122.0)) == (0.0, 40.0, 38.0)
    assert (pace.resting(159.5), pace.resting(160.0)) == ([-5], [])
    assert pace.wait(5, 122.0) == 0.0


def test_place_is_counted_once() -> None:
    """A call for which a place was kept takes that one when it begins."""
    pace = Pace(TELEGRAM, began=0.0)
    pace.reserve(10)
    kept = pace.room(100.0)
    pace.begin(10)

    assert kept == pace.room(100.0) == TELEGRAM.overall - 1
    pace.reserve(11)
    pace.release(11)
    assert pace.room(100.0) == TELEGRAM.overall - 1


def test_chat_rests_for_its_own_second() -> None:
    """A chat that was called before another, and again after it, does not make the other rest with it."""
    pace = Pace(TELEGRAM, began=0.0)
    for chat, end in ((10, 100.0), (11, 100.5), (10, 101.25)):
        called(pace, chat, end)

    assert pace.resting(101.75) == [10]


def test_refusals_until_nearly_the_same_time() -> None:
    """Three refusals until the same time, give or take two seconds, are about all; a success between parts them."""
    for parted in (False, True):
        pace = Pace(TELEGRAM, began=0.0)
        pace.refused(1, 10.0, 0.0)
        pace.refused(2, 10.0, 0.0)
        if parted:
            pace.succeeded()

        assert (EVERYBODY in pace.refused(3, 12.0, 0.0)) is not parted
