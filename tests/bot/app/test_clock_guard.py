"""When the clock guard trusts the clock."""

import pytest

from bot.app.clock_guard import SETTLING_TIME, ClockJumpGuard, is_everything_older
from bot.errors import StoreUnavailable
from bot.pipeline.retry import remaining_wait
from bot.store import Store
from tests.conftest import Clock

HOUR, YEAR = 3_600.0, 365 * 86_400.0


class Clocks:
    """A clock, a timer that runs along with it, and the guard that compares them."""

    def __init__(self) -> None:
        self.clock, self.timer = Clock(), Clock(50.0)
        self.contradicted = False
        self.guard = ClockJumpGuard(self.clock, self.timer, lambda now: self.contradicted)

    def advance(self, seconds: float) -> None:
        """Advance the clock and the timer by the same time."""
        self.clock.now += seconds
        self.timer.now += seconds

    def is_trusted(self) -> bool:
        """Return whether the guard trusts the clock now."""
        now = self.guard()
        assert now in (None, self.clock())
        return now is not None


@pytest.fixture
def clocks() -> Clocks:
    """A clock that has been right for ten minutes."""
    started = Clocks()
    started.advance(SETTLING_TIME)
    assert started.is_trusted()
    return started


def test_running_clock_stays_trusted(clocks: Clocks) -> None:
    """A clock that runs on, with small corrections, stays trusted."""
    for step in (60.0, 86_400.0):
        clocks.advance(step)
        clocks.clock.now += 30

        assert clocks.is_trusted()


def test_clock_is_in_doubt_at_the_start() -> None:
    """The clock is not trusted until it has run steadily for ten minutes."""
    clocks = Clocks()
    trusted = [clocks.is_trusted()]
    for step in (1.0, SETTLING_TIME - 2.0, 1.0):
        clocks.advance(step)
        trusted.append(clocks.is_trusted())

    assert trusted == [False, False, False, True]


@pytest.mark.parametrize("error", [YEAR, -YEAR, 2 * HOUR])
def test_clock_that_is_wrong_at_the_start_is_never_trusted(error: float, caplog: pytest.LogCaptureFixture) -> None:
    """A clock that is corrected soon after the start is trusted ten minutes later, and not before."""
    clocks = Clocks()
    clocks.advance(30)
    before = clocks.is_trusted()
    clocks.clock.now -= error
    trusted = [clocks.is_trusted()]
    for step in (SETTLING_TIME - 1, 1.0):
        clocks.advance(step)
        trusted.append(clocks.is_trusted())

    assert (before, trusted) == (False, [False, False, True])
    assert [f"{-error / HOUR:+.0f} hours" in message for message in caplog.messages] == [True]


def test_jump_that_is_undone_is_never_trusted(clocks: Clocks) -> None:
    """While the clock is a year ahead it is not trusted; once it is back it is trusted at once."""
    clocks.clock.now += YEAR
    ahead = clocks.is_trusted()
    clocks.advance(SETTLING_TIME - 1)
    still = clocks.is_trusted()
    clocks.clock.now -= YEAR

    assert (ahead, still, clocks.is_trusted()) == (False, False, True)


def test_jump_that_stays_is_trusted_after_a_while(clocks: Clocks, caplog: pytest.LogCaptureFixture) -> None:
    """A clock that keeps its new time is trusted after ten minutes, and from then on its old time is not."""
    clocks.clock.now -= YEAR
    before = clocks.is_trusted()
    clocks.advance(SETTLING_TIME)
    after = clocks.is_trusted()
    clocks.clock.now += YEAR

    assert (before, after, clocks.is_trusted()) == (False, True, False)
    assert "trusted now" in caplog.messages[1]


def test_each_jump_puts_the_clock_in_doubt_again(clocks: Clocks) -> None:
    """A clock that jumps again after it was trusted is in doubt again."""
    clocks.clock.now += YEAR
    clocks.is_trusted()
    clocks.advance(SETTLING_TIME)
    clocks.clock.now += YEAR

    assert not clocks.is_trusted()


def test_clock_set_on_purpose_is_trusted_at_once() -> None:
    """A clock that was set on purpose is trusted at once, even right after the start."""
    clocks = Clocks()
    clocks.contradicted = True
    clocks.clock.now += YEAR
    clocks.guard.trust_clock()

    assert clocks.is_trusted()


def test_contradicted_clock_is_not_trusted(caplog: pytest.LogCaptureFixture) -> None:
    """A contradicted clock is not trusted however long it runs steadily, and that is logged."""
    clocks = Clocks()
    clocks.contradicted = True
    trusted = []
    for _ in range(3):
        clocks.advance(SETTLING_TIME)
        trusted.append(clocks.is_trusted())
    clocks.contradicted = False
    clocks.advance(SETTLING_TIME - 1)
    trusted.append(clocks.is_trusted())
    clocks.advance(1)

    assert (trusted, clocks.is_trusted()) == ([False] * 4, True)
    assert ["older than the retention period" in message for message in caplog.messages] == [True] * 3


def test_unavailable_store_raises() -> None:
    """If the store is unavailable while the guard checks whether the time is plausible, the error is passed on."""

    def fail(now: float) -> bool:
        raise StoreUnavailable("The store cannot be used now: it is busy.")

    clock = Clock()
    guard = ClockJumpGuard(clock, clock, fail)
    clock.now += SETTLING_TIME

    with pytest.raises(StoreUnavailable):
        guard()


@pytest.mark.parametrize(("now", "seconds"), [(99.0, 0.0), (100.0, 60.0), (130.0, 30.0), (160.0, 0.0), (1e9, 0.0)])
def test_remaining_wait_lies_between_start_and_end(now: float, seconds: float) -> None:
    """No wait remains after its end, or before its start, as happens if the clock was set back."""
    assert remaining_wait(100.0, 160.0, now) == seconds


def test_is_everything_older(store: Store, clock: Clock) -> None:
    """Everything in a store is older than a time after its last activity; an empty store has nothing older."""
    empty = is_everything_older(store, 1e12)
    store.inbox.add_updates([(1, "10", "{}")])

    assert (empty, is_everything_older(store, clock()), is_everything_older(store, clock() + 1)) == (
        False,
        False,
        True,
    )
