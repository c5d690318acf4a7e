"""The resources that a number of tenants needs."""

import pytest

from tests.performance.bench.capacity import (
    Load,
    Machine,
    MeasuredCosts,
    compute_utilisation,
    count_fitting_tenants,
    estimate_needs,
    find_first_limit,
)

MEASURED = MeasuredCosts(bot=40, database=10, transactions=4, ceiling=400, process=260, tenant=20)


def test_needs_in_the_busiest_hour() -> None:
    """Needs are those of the busiest hour, in which 90 tenants with 200 questions a day get one each second."""
    needs = estimate_needs(Load(90), MEASURED)

    assert needs.questions_per_second == pytest.approx(1.0)
    assert needs.cores == pytest.approx(0.05 / 0.6)
    assert needs.transactions == pytest.approx(4.0)
    assert (needs.processes, needs.connections) == (1, 90 * 4)
    assert needs.megabytes == 260 + 89 * 20


def test_processes_follow_the_cores_that_bots_need() -> None:
    """A process uses about one core, so there are as many as the bots need cores; each has every index."""
    needs = estimate_needs(Load(9_000, busy=0.5), MEASURED)

    assert needs.questions_per_second == pytest.approx(100.0)
    assert needs.processes == 8
    assert needs.megabytes == 8 * (260 + 8_999 * 20)


@pytest.mark.parametrize(
    ("load", "machine", "limit"),
    [
        (Load(1), Machine(cores=64, megabytes=10**6, connections=10**6), "Telegram's messages of one bot"),
        (Load(1), Machine(connections=5), "connections"),
        (Load(300), Machine(connections=10**6), "memory"),
        (Load(300), Machine(cores=1, megabytes=10**6, connections=10**6), "cores"),
    ],
)
def test_first_limit(load: Load, machine: Machine, limit: str) -> None:
    """The first limit is the one with the largest used share."""
    measured = MeasuredCosts(bot=40, database=10, transactions=4, ceiling=10**6, process=260, tenant=20)

    assert find_first_limit(load, measured, machine) == limit


def test_fitting_tenants() -> None:
    """The fitting number of tenants exceeds no limit, and one more tenant does."""
    number = count_fitting_tenants(Load(1), MEASURED, Machine())

    assert max(compute_utilisation(Load(number), MEASURED, Machine()).values()) <= 1
    assert max(compute_utilisation(Load(number + 1), MEASURED, Machine()).values()) > 1
