"""The bot is killed by `kill -9` under load; `make chaos` does it a thousand times."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reliability.chaos.bot_process import run_fork_server
from tests.reliability.chaos.broken_stores import BROKEN_STORE_KILL_PLACES
from tests.reliability.chaos.run_several import LEADER_KILLED, SERVER_RESTARTED, run_several
from tests.reliability.chaos.run_single import run_single
from tests.reliability.chaos.runs import RunPlan

KILLS = int(os.environ.get("KILLS") or 12)  # .ci/run sets 50


@pytest.fixture(scope="module")
def fork_socket() -> Iterator[Path]:
    """The socket of the fork server from which all bots here come."""
    with run_fork_server() as path:
        yield path


def test_nothing_is_lost_or_done_twice(fork_socket: Path, tmp_path: Path) -> None:
    """After kills at random and at kill points, every update was handled once and every message has arrived."""
    result = run_single(RunPlan(kills=KILLS, seed=1), fork_socket, tmp_path)

    assert result.findings.count_forbidden() == {}, result.findings.lines
    assert result.kills.total() == KILLS
    assert sum(story.finished for story in result.stage.stories) >= 5


@pytest.mark.parametrize("name", BROKEN_STORE_KILL_PLACES)
def test_a_broken_store_is_detected(fork_socket: Path, tmp_path: Path, name: str) -> None:
    """The checks detect a store that confirms too early, or that writes in two steps what belongs in one."""
    plan = RunPlan(kills=5, seed=1, broken_store=name, kill_places=BROKEN_STORE_KILL_PLACES[name])

    result = run_single(plan, fork_socket, tmp_path)

    assert result.findings.count_forbidden()


def test_several_processes_on_postgresql(fork_socket: Path, tmp_path: Path) -> None:
    """While two processes on one PostgreSQL are killed in turn, and the server restarted once, nothing is lost."""
    result = run_several(RunPlan(kills=8, seed=1, workers=2), fork_socket, tmp_path)

    assert result.findings.count_forbidden() == {}, result.findings.lines
    assert result.circumstances[LEADER_KILLED] > 0
    assert result.circumstances[SERVER_RESTARTED] == 1
    assert sum(story.finished for story in result.stage.stories) >= 3


def test_a_broken_store_is_detected_with_several_processes(fork_socket: Path, tmp_path: Path) -> None:
    """With several processes, too, the checks detect a store that writes in two steps what belongs in one."""
    places = BROKEN_STORE_KILL_PLACES["state-first"]
    plan = RunPlan(kills=3, seed=1, broken_store="state-first", kill_places=places, workers=2)

    result = run_several(plan, fork_socket, tmp_path)

    assert result.findings.count_forbidden()
