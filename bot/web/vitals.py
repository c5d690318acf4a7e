"""What this process counts and times, for an operator's monitoring. Numbers by kind, never by person."""

import threading
import time
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram

from bot.domain.turn import TurnRecord
from bot.pipeline.outbox import CallResult, Rejected, Retry, Sent

DURATION_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
MAX_PENDING = 10_000  # updates whose reply is awaited for the time it takes; of more, the oldest are not timed
# Results of a call -> values of the label `result`, which dashboards read.
_RESULTS = {Sent: "sent", Rejected: "refused", Retry: "later"}


class ProcessMetrics:
    """Counters and histograms of one process, which begin at nothing when it starts. ``timer`` counts seconds."""

    def __init__(self, timer: Callable[[], float] = time.perf_counter) -> None:
        self.registry = CollectorRegistry()
        self._timer = timer
        self._lock = threading.Lock()
        self._arrival_times: dict[int, float] = {}  # update -> when it came
        self._awaiting_reply: dict[int, float] = {}  # chat -> when the update came whose reply is not made yet
        self._updates = self._make_counter("updates", "Updates handled, by what the person did", "kind")
        self._outcomes = self._make_counter("outcomes", "Questions, by what was decided on them", "status")
        self._calls = self._make_counter("calls", "Calls made to Telegram and mails, by how they ended", "result")
        self._flood_halts = self._make_counter("flood_halts", "Times that Telegram asked the bot to wait")
        self.poll_conflicts = self._make_counter(
            "poll_conflicts", "Times that another program polled with this token"
        )
        self._decision_seconds = self._make_histogram("decision", "To look up and word the answer to a question")
        self._reply_seconds = self._make_histogram(
            "reply", "From an update's arrival to Telegram's yes to the first reply"
        )
        for status in ("sent", "refused", "later"):
            self._calls.labels(status)

    def record_arrivals(self, update_ids: Iterable[int]) -> None:
        """Updates arrived."""
        with self._lock:
            for update_id in update_ids:
                _note_time(self._arrival_times, update_id, self._timer())

    def record_turn(self, record: TurnRecord) -> None:
        """An update was handled."""
        self._updates.labels(record.kind).inc()
        for decision in record.decisions:
            self._outcomes.labels(decision.status).inc()
        if record.decisions:
            self._decision_seconds.observe(record.duration_ms / 1000)
        with self._lock:
            arrived_at = self._arrival_times.pop(record.update_id, None)
            if arrived_at is not None and record.call_count:
                _note_time(self._awaiting_reply, record.chat_id, arrived_at)

    def record_call(self, chat_id: int, result: CallResult) -> None:
        """A call ended."""
        self._calls.labels(_RESULTS[type(result)]).inc()
        if isinstance(result, Retry):
            if result.seconds is not None:
                self._flood_halts.inc()
            return
        with self._lock:
            arrived_at = self._awaiting_reply.pop(chat_id, None)
        if arrived_at is not None and isinstance(result, Sent):
            self._reply_seconds.observe(self._timer() - arrived_at)

    def _make_counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(f"gw_{name}", help_text, labels, registry=self.registry)

    def _make_histogram(self, name: str, help_text: str) -> Histogram:
        return Histogram(f"gw_{name}_seconds", help_text, buckets=DURATION_BUCKETS, registry=self.registry)


def _note_time(times: dict[int, float], key: int, started_at: float) -> None:
    """Note when something began, unless it is noted; of too many the oldest goes, which most likely never ends."""
    times.setdefault(key, started_at)
    if len(times) > MAX_PENDING:
        del times[next(iter(times))]
