"""What an operator's monitoring reads, in the text format of Prometheus.

Numbers only. What is in the store is read each time, so it is true for all processes together; what a process counts
itself is in `bot/web/vitals.py`.
"""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.domain.consultation import Side, Status
from bot.errors import StoreError
from bot.flows.context import Parts
from bot.web.vitals import Vitals


class StoreCollector(Collector):
    """Gauges over the store."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges as they are now."""
        store, desk, now = self._parts.store, self._parts.desk, self._parts.now()
        running, since = store.running(), store.oldest_waiting() or now
        waiting = [request for request in running if request.turn is Side.ADVISER]
        yield _gauge("calls_waiting", "Calls that wait to be made", store.waiting())
        yield _gauge(
            "desk_calls_waiting", "Of these, to the advisers' chat", 0 if desk is None else store.waiting(desk)
        )
        yield _gauge("calls_oldest_seconds", "How long the oldest of these waits", max(0.0, now - since))
        yield _gauge("updates_pending", "Updates that are written down but not handled", store.pending())
        states = GaugeMetricFamily("gw_requests", "Requests for advice, by state", labels=["state"])
        counts = store.counts()
        for status in Status:
            states.add_metric([status.value], counts.get(status.value, 0))
        yield states
        yield _gauge("requests_untaken", "Requests that nobody has taken", sum(not one.taken_by for one in running))
        yield _gauge("requests_waiting", "Requests that wait for the advisers", len(waiting))
        yield _gauge(
            "requests_overdue",
            "Requests without an answer by the promised time",
            sum(0 < request.promised < now for request in waiting),
        )


class _Tenants(Collector):
    """The metrics of all bots: each family once, each sample with its ``tenant``."""

    def __init__(self, bots: Mapping[str, tuple[Vitals, Parts | None]], running: Mapping[str, bool]) -> None:
        self._bots, self._running = bots, running

    def collect(self) -> Iterable[Metric]:
        """The metrics as they are now."""
        up = GaugeMetricFamily("gw_running", "Whether a bot of this process runs", labels=["tenant"])
        for tenant, runs in self._running.items():
            up.add_metric([tenant], float(runs))
        families: dict[str, Metric] = {up.name: up}
        for tenant, (vitals, parts) in self._bots.items():
            for metric in (*vitals.registry.collect(), *_of_store(parts)):
                family = families.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
                family.samples += [
                    sample._replace(labels={**sample.labels, "tenant": tenant}) for sample in metric.samples
                ]
        return families.values()


def exposition(bots: Mapping[str, tuple[Vitals, Parts | None]], running: Mapping[str, bool]) -> bytes:
    """All metrics of these tenants as text; of one whose store cannot be read now, or which is not wired yet, those
    of the store are missing."""
    registry = CollectorRegistry()
    registry.register(_Tenants(bots, running))
    return generate_latest(registry)


def _of_store(parts: Parts | None) -> list[GaugeMetricFamily]:
    try:
        return [] if parts is None else list(StoreCollector(parts).collect())
    except StoreError:
        return []


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"gw_{name}", what, value=value)
