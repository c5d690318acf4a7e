"""The metrics of a process."""

import pytest

from bot.domain.turn import TurnRecord
from bot.pipeline.outbox import Sent
from bot.web.metrics import MAX_PENDING, ProcessMetrics
from tests.conftest import Clock


def make_record(update_id: int) -> TurnRecord:
    """Return the record of an update in a new chat that gets one reply."""
    return TurnRecord(update_id, (), 1.0, update_id, update_id, "text", 1)


def replies(metrics: ProcessMetrics) -> tuple[float | None, float | None]:
    """Return the number of timed replies and their total seconds."""
    get = metrics.registry.get_sample_value
    return get("gw_reply_seconds_count"), get("gw_reply_seconds_sum")


@pytest.mark.parametrize("handled", [False, True], ids=["no-turn", "no-reply"])
def test_unanswered_updates_do_not_stop_timing(clock: Clock, handled: bool) -> None:
    """Replies are still timed after many updates without a turn or without a reply."""
    metrics = ProcessMetrics(clock)
    for update_id in range(MAX_PENDING + 1):
        metrics.on_received([update_id])
        if handled:
            metrics.on_turn(make_record(update_id))

    metrics.on_received([-1])
    metrics.on_turn(make_record(-1))
    clock.now += 2
    metrics.on_call(-1, Sent(1))

    assert replies(metrics) == (1, 2)
