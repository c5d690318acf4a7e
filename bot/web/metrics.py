"""What an operator's monitoring reads, in the text format of Prometheus.

Numbers only. What is in the store is read each time, so it is true for all processes together; what a process counts
itself is in `bot/web/vitals.py`.
"""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.domain.consultation import Party, RequestStatus
from bot.errors import StoreError
from bot.flows.context import Services
from bot.web.vitals import ProcessMetrics


class StoreCollector(Collector):
    """Gauges over the store."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """The gauges as they are now."""
        store, adviser_chat, now = self._services.store, self._services.adviser_chat, self._services.now()
        running, oldest_call = store.active_requests(), store.oldest_queued_at() or now
        waiting = [request for request in running if request.turn is Party.ADVISER]
        yield _make_gauge("calls_waiting", "Calls that wait to be made", store.count_queued_calls())
        yield _make_gauge(
            "desk_calls_waiting",
            "Of these, to the advisers' chat",
            0 if adviser_chat is None else store.count_queued_calls(adviser_chat),
        )
        yield _make_gauge("calls_oldest_seconds", "How long the oldest of these waits", max(0.0, now - oldest_call))
        yield _make_gauge(
            "updates_pending", "Updates that are written down but not handled", store.count_pending_updates()
        )
        states = GaugeMetricFamily("gw_requests", "Requests for advice, by state", labels=["state"])
        counts = store.request_counts()
        for status in RequestStatus:
            states.add_metric([status.value], counts.get(status.value, 0))
        yield states
        yield _make_gauge(
            "requests_untaken",
            "Requests that nobody has taken",
            sum(not open_request.taken_by for open_request in running),
        )
        yield _make_gauge("requests_waiting", "Requests that wait for the advisers", len(waiting))
        yield _make_gauge(
            "requests_overdue",
            "Requests without an answer by the promised time",
            sum(0 < request.promised < now for request in waiting),
        )


class _TenantCollector(Collector):
    """The metrics of all bots: each family once, each sample with its ``tenant``."""

    def __init__(
        self, bots: Mapping[str, tuple[ProcessMetrics, Services | None]], running: Mapping[str, bool]
    ) -> None:
        self._bots, self._running = bots, running

    def collect(self) -> Iterable[Metric]:
        """The metrics as they are now."""
        up = GaugeMetricFamily("gw_running", "Whether a bot of this process runs", labels=["tenant"])
        for tenant, runs in self._running.items():
            up.add_metric([tenant], float(runs))
        families: dict[str, Metric] = {up.name: up}
        for tenant, (process_metrics, services) in self._bots.items():
            for metric in (*process_metrics.registry.collect(), *_store_metrics(services)):
                family = families.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
                family.samples += [
                    sample._replace(labels={**sample.labels, "tenant": tenant}) for sample in metric.samples
                ]
        return families.values()


def render_metrics(bots: Mapping[str, tuple[ProcessMetrics, Services | None]], running: Mapping[str, bool]) -> bytes:
    """All metrics of these tenants as text; of one whose store cannot be read now, or which is not wired yet, those
    of the store are missing."""
    registry = CollectorRegistry()
    registry.register(_TenantCollector(bots, running))
    return generate_latest(registry)


def _store_metrics(services: Services | None) -> list[GaugeMetricFamily]:
    try:
        return [] if services is None else list(StoreCollector(services).collect())
    except StoreError:
        return []


def _make_gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"gw_{name}", help_text, value=value)
