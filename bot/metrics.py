"""What an operator's monitoring reads, in the text format of Prometheus.

Numbers only, read from the store each time, so that they are true for all processes together.
"""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from bot.consultation import Side
from bot.flows.parts import Parts


class StoreCollector(Collector):
    """Gauges over the store."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges as they are now."""
        store, desk, now = self._parts.store, self._parts.desk, self._parts.now()
        running = store.running()
        waiting = [request for request in running if request.turn is Side.ADVISER]
        yield _gauge("calls_waiting", "Calls that wait to be made", store.waiting())
        yield _gauge(
            "desk_calls_waiting", "Of these, to the advisers' chat", 0 if desk is None else store.waiting(desk)
        )
        yield _gauge("requests_untaken", "Requests that nobody has taken", sum(not one.taken_by for one in running))
        yield _gauge("requests_waiting", "Requests that wait for the advisers", len(waiting))
        yield _gauge(
            "requests_overdue",
            "Requests without an answer by the promised time",
            sum(0 < request.promised < now for request in waiting),
        )


def exposition(parts: Parts) -> bytes:
    """All metrics as text."""
    registry = CollectorRegistry()
    registry.register(StoreCollector(parts))
    return generate_latest(registry)


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"gw_{name}", what, value=value)
