"""What a process counts and times."""

import pytest

from bot.domain.turn import TurnRecord
from bot.pipeline.outbox import Sent
from bot.web.metrics import MAX_PENDING, ProcessMetrics
from tests.conftest import Clock


def observed(update_id: int) -> TurnRecord:
    """Return the record of an update in a new chat that gets one reply."""
    return TurnRecord(update_id, (), 1.0, update_id, update_id, "text", 1)


def replies(vitals: ProcessMetrics) -> tuple[float | None, float | None]:
    """Return the number of timed replies and their seconds in total."""
    get = vitals.registry.get_sample_value
    return get("gw_reply_seconds_count"), get("gw_reply_seconds_sum")


@pytest.mark.parametrize("handled", [False, True], ids=["no-turn", "no-reply"])
def test_what_is_never_answered_blinds_nothing(clock: Clock, handled: bool) -> None:
    """A reply is timed even after many updates without a turn, or whose reply never arrived."""
    vitals = ProcessMetrics(clock)
    for update_id in range(MAX_PENDING + 1):
        vitals.on_received([update_id])
        if handled:
            vitals.on_turn(observed(update_id))

    vitals.on_received([-1])
    vitals.on_turn(observed(-1))
    clock.now += 2
    vitals.on_call(-1, Sent(1))

    assert replies(vitals) == (1, 2)
