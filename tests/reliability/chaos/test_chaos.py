"""The bot is killed by `kill -9` under load; `make chaos` does it a thousand times."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reliability.chaos.__main__ import BROKEN
from tests.reliability.chaos.count import FORBIDDEN
from tests.reliability.chaos.lives import fork_server
from tests.reliability.chaos.play import Plan, Played, play
from tests.reliability.chaos.several import SENDER, SERVER, play_several

KILLS = int(os.environ.get("KILLS") or 12)  # .ci/run asks for 50


@pytest.fixture(scope="module")
def forks() -> Iterator[Path]:
    """What forks all bots here."""
    with fork_server() as path:
        yield path


def told(played: Played) -> dict[str, int]:
    """What must not be and was found."""
    return {name: played.findings.counts[name] for name in FORBIDDEN if played.findings.counts[name]}


def test_nothing_is_lost_and_nothing_done_twice(forks: Path, tmp_path: Path) -> None:
    """After kills at random and at named points every update is done once, and every message has arrived."""
    played = play(Plan(kills=KILLS, seed=1), forks, tmp_path)

    assert told(played) == {}, played.findings.lines
    assert sum(played.deaths.values()) == KILLS
    assert sum(story.through for story in played.stage.stories) >= 5


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_store_is_noticed(forks: Path, tmp_path: Path, broken: str) -> None:
    """The same count finds something where the store confirms too early, or keeps in two steps what is one."""
    played = play(Plan(kills=5, seed=1, broken=broken, points=BROKEN[broken]), forks, tmp_path)

    assert told(played)


def test_several_processes_on_postgresql(forks: Path, tmp_path: Path) -> None:
    """Of two processes on one PostgreSQL one is killed after the other, the server once, and nothing is lost."""
    played = play_several(Plan(kills=8, seed=1, workers=2), forks, tmp_path)

    assert told(played) == {}, played.findings.lines
    assert played.beside[SENDER] > 0
    assert played.beside[SERVER] == 1
    assert sum(story.through for story in played.stage.stories) >= 3


def test_several_with_a_broken_store(forks: Path, tmp_path: Path) -> None:
    """The same count of several processes finds something where the store keeps in two steps what is one."""
    broken = "state-first"
    played = play_several(Plan(kills=3, seed=1, broken=broken, points=BROKEN[broken], workers=2), forks, tmp_path)

    assert told(played)
