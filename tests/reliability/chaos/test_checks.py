"""The checks themselves, on effects written by hand."""

from types import SimpleNamespace
from typing import cast

import pytest

from tests.reliability.chaos.checks import ALLOWED_REPEAT, NEEDLESS_REPEAT, Findings, find_repeats
from tests.reliability.chaos.ledger import Effect
from tests.reliability.chaos.stories import Stage

FORUM = -100


def make_stage(*effects: Effect) -> Stage:
    """Return a stage on which nothing else happened."""
    stage = SimpleNamespace(ledger=SimpleNamespace(effects=effects), stories=[], forum=SimpleNamespace(id=FORUM))
    return cast(Stage, stage)


def copy_message(life: int, text: str, thread_id: int, *, response_lost: bool = False) -> Effect:
    """Return the effect of relaying a message to the advisers."""
    return Effect(life, "copyMessage", FORUM, response_lost, thread_id=thread_id, text=text)


@pytest.mark.parametrize(
    ("effects", "expected"),
    [
        pytest.param([copy_message(1, "a", 7), copy_message(2, "b", 7)], {}, id="two messages"),
        pytest.param([copy_message(1, "a", 7), copy_message(2, "a", 7)], {ALLOWED_REPEAT: 1}, id="killed"),
        pytest.param(
            [copy_message(1, "a", 7), copy_message(3, "a", 8)],
            {ALLOWED_REPEAT: 1},
            id="topic deleted",
        ),
        pytest.param(
            [copy_message(1, "a", 7, response_lost=True), copy_message(1, "a", 7)], {ALLOWED_REPEAT: 1}, id="cut off"
        ),
        pytest.param([copy_message(1, "a", 7), copy_message(1, "a", 7)], {NEEDLESS_REPEAT: 1}, id="in the same life"),
        pytest.param(
            [copy_message(1, "a", 7), copy_message(1, "b", 7), copy_message(2, "a", 7)],
            {NEEDLESS_REPEAT: 1},
            id="another one followed in that life",
        ),
        pytest.param(
            [copy_message(1, "a", 7), copy_message(2, "b", 7), copy_message(2, "a", 7)],
            {NEEDLESS_REPEAT: 1},
            id="another one followed in the next life",
        ),
        pytest.param(
            [copy_message(1, "a", 7), copy_message(1, "b", 7), copy_message(2, "a", 8)],
            {NEEDLESS_REPEAT: 1},
            id="another one followed before the topic was deleted",
        ),
    ],
)
def test_find_repeats(effects: list[Effect], expected: dict[str, int]) -> None:
    """A repeat is allowed only if the first response may have been lost."""
    findings = Findings()

    find_repeats(make_stage(*effects), findings)

    assert findings.counts == expected
