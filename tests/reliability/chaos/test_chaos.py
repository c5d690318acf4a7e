"""The bot is killed by `kill -9` under load; `make chaos` does it a thousand times."""

from pathlib import Path

import pytest

from tests.reliability.chaos.__main__ import BROKEN_POINTS
from tests.reliability.chaos.count import FORBIDDEN
from tests.reliability.chaos.play import Plan, RunResult, run_single
from tests.reliability.chaos.several import SENDER, SERVER, run_several


def forbidden_findings(result: RunResult) -> dict[str, int]:
    """Return what must not happen, but was found."""
    return {name: result.findings.counts[name] for name in FORBIDDEN if result.findings.counts[name]}


def test_nothing_is_lost_and_nothing_done_twice(tmp_path: Path) -> None:
    """After 50 kills, at random and at named points, every update is done once and every message has arrived."""
    result = run_single(Plan(kills=50, seed=1), tmp_path)

    assert forbidden_findings(result) == {}, result.findings.lines
    assert sum(result.deaths.values()) == 50
    assert sum(story.finished for story in result.simulation.stories) >= 5


@pytest.mark.parametrize("broken", BROKEN_POINTS)
def test_broken_store_is_detected(tmp_path: Path, broken: str) -> None:
    """The check detects a store that confirms too early, or writes in two steps what belongs in one."""
    result = run_single(Plan(kills=8, seed=1, broken=broken, points=BROKEN_POINTS[broken]), tmp_path)

    assert forbidden_findings(result)


def test_several_processes_on_postgresql(tmp_path: Path) -> None:
    """Nothing is lost by two processes on one PostgreSQL that are killed in turn, with one restart of the server."""
    result = run_several(Plan(kills=8, seed=1, workers=2), tmp_path)

    assert forbidden_findings(result) == {}, result.findings.lines
    assert result.disturbances[SENDER] > 0
    assert result.disturbances[SERVER] == 1
    assert sum(story.finished for story in result.simulation.stories) >= 3


def test_broken_store_of_several_processes_is_detected(tmp_path: Path) -> None:
    """The check of several processes detects a store that writes in two steps what belongs in one."""
    broken = "state-first"
    result = run_several(Plan(kills=4, seed=1, broken=broken, points=BROKEN_POINTS[broken], workers=2), tmp_path)

    assert forbidden_findings(result)
