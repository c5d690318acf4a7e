"""A clock that jumps is not acted upon."""

from bot.steady import SETTLED, Steady
from tests.conftest import Clock

YEAR = 365 * 86_400.0


def test_a_clock_that_runs_is_believed() -> None:
    """Time that passes, and small corrections of it, are no jump."""
    clock, timer = Clock(), Clock(50.0)
    steady = Steady(clock, timer)

    for step in (60.0, 86_400.0):
        clock.now += step + 30
        timer.now += step

        assert steady()


def test_a_jump_that_is_undone_is_never_acted_upon() -> None:
    """While the clock is a year ahead nothing is done; when it is back all goes on."""
    clock, timer = Clock(), Clock(50.0)
    steady = Steady(clock, timer)

    clock.now += YEAR
    ahead = steady()
    timer.now += SETTLED - 1
    clock.now += SETTLED - 1
    still = steady()
    clock.now -= YEAR

    assert (ahead, still, steady()) == (False, False, True)


def test_a_jump_that_stays_is_believed() -> None:
    """A clock that was wrong before and is right now is believed after ten minutes."""
    clock, timer = Clock(), Clock(50.0)
    steady = Steady(clock, timer)

    clock.now -= YEAR
    before = steady()
    timer.now += SETTLED
    clock.now += SETTLED

    assert (before, steady()) == (False, True)


def test_each_jump_begins_the_doubt_anew() -> None:
    """A clock that jumps again is doubted from then on."""
    clock, timer = Clock(), Clock(50.0)
    steady = Steady(clock, timer)

    clock.now += YEAR
    steady()
    timer.now += SETTLED
    clock.now += SETTLED + YEAR

    assert not steady()


def test_a_clock_that_was_set_on_purpose_is_believed() -> None:
    """The sandbox sets its clock ahead, and what is due then is done at once."""
    clock, timer = Clock(), Clock(50.0)
    steady = Steady(clock, timer)

    clock.now += YEAR
    steady.accept()

    assert steady()
