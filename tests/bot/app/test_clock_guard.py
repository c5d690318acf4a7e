"""When the clock is trusted."""

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
        self.steady = ClockJumpGuard(self.clock, self.timer, lambda now: self.contradicted)

    def passes(self, seconds: float) -> None:
        """Let this much time pass."""
        self.clock.now += seconds
        self.timer.now += seconds

    def believes(self) -> bool:
        """Return whether the clock's time is acted on."""
        now = self.steady()
        assert now in (None, self.clock())
        return now is not None


@pytest.fixture
def clocks() -> Clocks:
    """A clock that has been right for ten minutes."""
    started = Clocks()
    started.passes(SETTLING_TIME)
    assert started.believes()
    return started


def test_a_clock_that_runs_is_believed(clocks: Clocks) -> None:
    """Passing time and small corrections are not jumps."""
    for step in (60.0, 86_400.0):
        clocks.passes(step)
        clocks.clock.now += 30

        assert clocks.believes()


def test_a_clock_is_doubted_at_the_start() -> None:
    """The clock is not trusted until it has run steadily for ten minutes."""
    clocks = Clocks()
    found = [clocks.believes()]
    for step in (1.0, SETTLING_TIME - 2.0, 1.0):
        clocks.passes(step)
        found.append(clocks.believes())

    assert found == [False, False, False, True]


@pytest.mark.parametrize("wrong", [YEAR, -YEAR, 2 * HOUR])
def test_a_clock_that_was_wrong_at_the_start_is_never_acted_upon(
    wrong: float, caplog: pytest.LogCaptureFixture
) -> None:
    """A clock that is corrected soon after the start is trusted ten minutes later, and not before."""
    clocks = Clocks()
    clocks.passes(30)
    before = clocks.believes()
    clocks.clock.now -= wrong
    found = [clocks.believes()]
    for step in (SETTLING_TIME - 1, 1.0):
        clocks.passes(step)
        found.append(clocks.believes())

    assert (before, found) == (False, [False, False, True])
    assert [f"{-wrong / HOUR:+.0f} hours" in said for said in caplog.messages] == [True]


def test_a_jump_that_is_undone_is_never_acted_upon(clocks: Clocks) -> None:
    """While the clock is a year ahead it is not trusted; once it is back it is."""
    clocks.clock.now += YEAR
    ahead = clocks.believes()
    clocks.passes(SETTLING_TIME - 1)
    still = clocks.believes()
    clocks.clock.now -= YEAR

    assert (ahead, still, clocks.believes()) == (False, False, True)


def test_a_jump_that_stays_is_believed(clocks: Clocks, caplog: pytest.LogCaptureFixture) -> None:
    """A clock that keeps its new time is trusted after ten minutes, and its old time no longer is."""
    clocks.clock.now -= YEAR
    before = clocks.believes()
    clocks.passes(SETTLING_TIME)
    after = clocks.believes()
    clocks.clock.now += YEAR

    assert (before, after, clocks.believes()) == (False, True, False)
    assert "trusted now" in caplog.messages[1]


def test_each_jump_begins_the_doubt_anew(clocks: Clocks) -> None:
    """A clock that jumps again is in doubt again."""
    clocks.clock.now += YEAR
    clocks.believes()
    clocks.passes(SETTLING_TIME)
    clocks.clock.now += YEAR

    assert not clocks.believes()


def test_a_clock_that_was_set_on_purpose_is_believed() -> None:
    """A clock that was set on purpose is trusted at once, even right after the start."""
    clocks = Clocks()
    clocks.contradicted = True
    clocks.clock.now += YEAR
    clocks.steady.trust_clock()

    assert clocks.believes()


def test_a_clock_that_is_contradicted_is_not_believed(caplog: pytest.LogCaptureFixture) -> None:
    """A contradicted clock is not trusted however long it runs steadily, and that is logged."""
    clocks = Clocks()
    clocks.contradicted = True
    found = []
    for _ in range(3):
        clocks.passes(SETTLING_TIME)
        found.append(clocks.believes())
    clocks.contradicted = False
    clocks.passes(SETTLING_TIME - 1)
    found.append(clocks.believes())
    clocks.passes(1)

    assert (found, clocks.believes()) == ([False] * 4, True)
    assert ["older than the retention period" in said for said in caplog.messages] == [True] * 3


def test_what_cannot_be_asked_contradicts() -> None:
    """If the store cannot tell whether the clock is plausible, the clock is not trusted."""

    def away(now: float) -> bool:
        raise StoreUnavailable("The store cannot be used now: it is busy.")

    clock = Clock()
    steady = ClockJumpGuard(clock, clock, away)
    clock.now += SETTLING_TIME

    with pytest.raises(StoreUnavailable):
        steady()


@pytest.mark.parametrize(("now", "seconds"), [(99.0, 0.0), (100.0, 60.0), (130.0, 30.0), (160.0, 0.0), (1e9, 0.0)])
def test_a_wait_is_a_stretch_of_time(now: float, seconds: float) -> None:
    """Nothing waits after the end of a wait, or before its start, which only a clock that was set back can show."""
    assert remaining_wait(100.0, 160.0, now) == seconds


def test_all_that_is_older(store: Store, clock: Clock) -> None:
    """An empty store does not contradict any time; another one contradicts times far after its last activity."""
    empty = is_everything_older(store, 1e12)
    store.inbox.add_updates([(1, "10", "{}")])

    assert (empty, is_everything_older(store, clock()), is_everything_older(store, clock() + 1)) == (
        False,
        False,
        True,
    )
