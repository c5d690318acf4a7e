"""The bot is killed by `kill -9` under load; `make chaos` does it a thousand times."""

from pathlib import Path

import pytest

from tests.chaos.__main__ import BROKEN
from tests.chaos.count import FORBIDDEN
from tests.chaos.play import Plan, Played, play


def told(played: Played) -> dict[str, int]:
    """What must not be and was found."""
    return {name: played.findings.counts[name] for name in FORBIDDEN if played.findings.counts[name]}


def test_nothing_is_lost_and_nothing_done_twice(tmp_path: Path) -> None:
    """After 50 kills at random and at named points every update is done once, and every message has arrived."""
    played = play(Plan(kills=50, seed=1), tmp_path)

    assert told(played) == {}, played.findings.lines
    assert sum(played.deaths.values()) == 50
    assert sum(story.through for story in played.stage.stories) >= 5


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_store_is_noticed(tmp_path: Path, broken: str) -> None:
    """The same count finds something where the store confirms too early, or keeps in two steps what is one."""
    played = play(Plan(kills=8, seed=1, broken=broken, points=BROKEN[broken]), tmp_path)

    assert told(played)
