"""The arithmetic of what a number of tenants needs."""

import pytest

from tests.performance.bench.capacity import Load, Machine, Measured, fits, needs, used, wall

MEASURED = Measured(bot=40, database=10, transactions=4, ceiling=400, process=260, tenant=20)


def test_needs_of_many() -> None:
    """Needs follow from the busiest hour: 90 tenants with 200 questions a day ask once a second in it."""
    found = needs(Load(90), MEASURED)

    assert found.a_second == pytest.approx(1.0)
    assert found.cores == pytest.approx(0.05 / 0.6)
    assert found.transactions == pytest.approx(4.0)
    assert (found.processes, found.connections) == (1, 90 * 4)
    assert found.megabytes == 260 + 89 * 20


def test_processes_follow_the_bots_part() -> None:
    """A process computes on about one core, so its number is that of the cores that the bots themselves need; each
    holds every index."""
    found = needs(Load(9_000, busy=0.5), MEASURED)

    assert found.a_second == pytest.approx(100.0)
    assert found.processes == 8
    assert found.megabytes == 8 * (260 + 8_999 * 20)


@pytest.mark.parametrize(
    ("load", "machine", "first"),
    [
        (Load(1), Machine(cores=64, megabytes=10**6, connections=10**6), "Telegram's messages of one bot"),
        (Load(1), Machine(connections=5), "connections"),
        (Load(300), Machine(connections=10**6), "memory"),
        (Load(300), Machine(cores=1, megabytes=10**6, connections=10**6), "cores"),
    ],
)
def test_wall(load: Load, machine: Machine, first: str) -> None:
    """The wall is the limit of which the largest share is used."""
    measured = Measured(bot=40, database=10, transactions=4, ceiling=10**6, process=260, tenant=20)

    assert wall(load, measured, machine) == first


def test_as_many_as_fit() -> None:
    """One tenant more than fit is one too many."""
    number = fits(Load(1), MEASURED, Machine())

    assert max(used(Load(number), MEASURED, Machine()).values()) <= 1
    assert max(used(Load(number + 1), MEASURED, Machine()).values()) > 1
