"""What this process counts and times, for an operator's monitoring. Numbers by kind, never by person."""

import threading
import time
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram

from bot.domain.turn import Observed
from bot.pipeline.outbox import Later, Result, Sent

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
MOST_OPEN = 10_000  # updates whose reply is awaited for the time it takes; of more, the oldest are not timed


class Vitals:
    """Counters and histograms of one process, which begin at nothing when it starts. ``timer`` counts seconds."""

    def __init__(self, timer: Callable[[], float] = time.perf_counter) -> None:
        self.registry = CollectorRegistry()
        self._timer = timer
        self._lock = threading.Lock()
        self._came: dict[int, float] = {}  # update -> when it came
        self._owed: dict[int, float] = {}  # chat -> when the update came whose reply is not made yet
        self._updates = self._counter("updates", "Updates handled, by what the person did", "kind")
        self._outcomes = self._counter("outcomes", "Questions, by what was decided on them", "status")
        self._calls = self._counter("calls", "Calls made to Telegram and mails, by how they ended", "result")
        self._halts = self._counter("flood_halts", "Times that Telegram asked the bot to wait")
        self.conflicts = self._counter("poll_conflicts", "Times that another program polled with this token")
        self._deciding = self._histogram("decision", "To look up and word the answer to a question")
        self._replying = self._histogram("reply", "From an update's arrival to Telegram's yes to the first reply")
        for status in ("sent", "refused", "later"):
            self._calls.labels(status)

    def came(self, update_ids: Iterable[int]) -> None:
        """Updates arrived."""
        with self._lock:
            for update_id in update_ids:
                _note(self._came, update_id, self._timer())

    def observed(self, observed: Observed) -> None:
        """An update was handled."""
        self._updates.labels(observed.kind).inc()
        for decided in observed.decided:
            self._outcomes.labels(decided.status).inc()
        if observed.decided:
            self._deciding.observe(observed.ms / 1000)
        with self._lock:
            began = self._came.pop(observed.update_id, None)
            if began is not None and observed.replies:
                _note(self._owed, observed.chat_id, began)

    def called(self, chat_id: int, result: Result) -> None:
        """A call ended."""
        self._calls.labels(type(result).__name__.lower()).inc()
        if isinstance(result, Later):
            if result.seconds is not None:
                self._halts.inc()
            return
        with self._lock:
            began = self._owed.pop(chat_id, None)
        if began is not None and isinstance(result, Sent):
            self._replying.observe(self._timer() - began)

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"gw_{name}", what, labels, registry=self.registry)

    def _histogram(self, name: str, what: str) -> Histogram:
        return Histogram(f"gw_{name}_seconds", what, buckets=SECONDS, registry=self.registry)


def _note(times: dict[int, float], key: int, began: float) -> None:
    """Note when something began, unless it is noted; of too many the oldest goes, which most likely never ends."""
    times.setdefault(key, began)
    if len(times) > MOST_OPEN:
        del times[next(iter(times))]
