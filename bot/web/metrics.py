"""Prometheus metrics: counters and timings of this process, and gauges over the store; nothing about a person.

The store is read for each scrape, so its gauges hold for all processes that share it.
"""

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.domain.consultation import Party, RequestStatus
from bot.domain.turn import TurnRecord
from bot.errors import StoreError
from bot.flows.context import Services
from bot.pipeline.outbox import CallResult, Rejected, Retry, Sent

DURATION_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
MAX_PENDING = 10_000  # updates whose reply is timed at once; the oldest are dropped
_RESULTS = {Sent: "sent", Rejected: "refused", Retry: "later"}  # values of the label `result`


class ProcessMetrics:
    """Counters and histograms of one bot since the process started. ``timer`` returns seconds."""

    def __init__(self, timer: Callable[[], float] = time.perf_counter) -> None:
        self.registry = CollectorRegistry()
        self._timer = timer
        self._lock = threading.Lock()
        self._arrival_times: dict[int, float] = {}  # by update id
        self._awaiting_reply: dict[int, float] = {}  # by chat: when the update arrived
        self._updates = self._make_counter("updates", "Updates handled, by what the person did", "kind")
        self._outcomes = self._make_counter("outcomes", "Questions, by what was decided on them", "status")
        self._calls = self._make_counter("calls", "Calls made to Telegram and mails, by how they ended", "result")
        self._flood_halts = self._make_counter("flood_halts", "Times that Telegram asked the bot to wait")
        conflicts_help = "Times that another program polled with this token"
        self._poll_conflicts = self._make_counter("poll_conflicts", conflicts_help)
        self._decision_seconds = self._make_histogram("decision", "To look up and word the answer to a question")
        reply_help = "From an update's arrival to Telegram's yes to the first reply"
        self._reply_seconds = self._make_histogram("reply", reply_help)
        for result in _RESULTS.values():
            self._calls.labels(result)

    def on_received(self, update_ids: Iterable[int]) -> None:
        """Note that updates arrived."""
        with self._lock:
            for update_id in update_ids:
                _note_time(self._arrival_times, update_id, self._timer())

    def on_turn(self, record: TurnRecord) -> None:
        """Count an update that was handled; safe to call from any thread."""
        self._updates.labels(record.kind).inc()
        for decision in record.decisions:
            self._outcomes.labels(decision.status).inc()
        if record.decisions:
            self._decision_seconds.observe(record.duration_ms / 1000)
        with self._lock:
            arrived_at = self._arrival_times.pop(record.update_id, None)
            if arrived_at is not None and record.call_count:
                _note_time(self._awaiting_reply, record.chat_id, arrived_at)

    def on_call(self, chat_id: int, result: CallResult) -> None:
        """Count a call or an e-mail, and time the first reply to an update."""
        self._calls.labels(_RESULTS[type(result)]).inc()
        if isinstance(result, Retry):
            if result.seconds is not None:
                self._flood_halts.inc()
            return
        with self._lock:
            arrived_at = self._awaiting_reply.pop(chat_id, None)
        if arrived_at is not None and isinstance(result, Sent):
            self._reply_seconds.observe(self._timer() - arrived_at)

    def count_conflict(self) -> float:
        """Count that another program polls with this token; return how often it did."""
        self._poll_conflicts.inc()
        return self.registry.get_sample_value("gw_poll_conflicts_total") or 0.0

    def _make_counter(self, name: str, help_text: str, *labels: str) -> Counter:
        return Counter(f"gw_{name}", help_text, labels, registry=self.registry)

    def _make_histogram(self, name: str, help_text: str) -> Histogram:
        return Histogram(f"gw_{name}_seconds", help_text, buckets=DURATION_BUCKETS, registry=self.registry)


BotSources = Mapping[str, tuple[ProcessMetrics, Services | None]]  # by tenant


def collect_store_metrics(services: Services) -> Iterator[GaugeMetricFamily]:
    """Yield gauges over the store; raises StoreError."""
    store, adviser_chat, now = services.store, services.adviser_chat, services.now()
    running, oldest_call = store.requests.active_requests(), store.outbox.oldest_queued_at() or now
    waiting = [request for request in running if request.turn is Party.ADVISER]
    adviser_calls = 0 if adviser_chat is None else store.outbox.count_queued_calls(adviser_chat)
    pending_updates = store.inbox.count_pending_updates()
    untaken = sum(not request.taken_by for request in running)
    overdue = sum(0 < request.promised < now for request in waiting)
    yield _make_gauge("calls_waiting", "Calls that wait to be made", store.outbox.count_queued_calls())
    yield _make_gauge("desk_calls_waiting", "Of these, to the advisers' chat", adviser_calls)
    yield _make_gauge("calls_oldest_seconds", "How long the oldest of these waits", max(0.0, now - oldest_call))
    yield _make_gauge("updates_pending", "Updates that are written down but not handled", pending_updates)
    states = GaugeMetricFamily("gw_requests", "Requests for advice, by state", labels=["state"])
    counts = store.requests.request_counts()
    for status in RequestStatus:
        states.add_metric([status.value], counts.get(status.value, 0))
    yield states
    yield _make_gauge("requests_untaken", "Requests that nobody has taken", untaken)
    yield _make_gauge("requests_waiting", "Requests that wait for the advisers", len(waiting))
    yield _make_gauge("requests_overdue", "Requests without an answer by the promised time", overdue)


class _TenantCollector(Collector):
    """The metrics of all bots: each family once, each sample labelled with its ``tenant``."""

    def __init__(self, bots: BotSources, running: Mapping[str, bool]) -> None:
        self._bots, self._running = bots, running

    def collect(self) -> Iterable[Metric]:
        """Collect the metrics of each bot."""
        up = GaugeMetricFamily("gw_running", "Whether a bot of this process runs", labels=["tenant"])
        for tenant, runs in self._running.items():
            up.add_metric([tenant], float(runs))
        families: dict[str, Metric] = {up.name: up}
        for tenant, (process_metrics, services) in self._bots.items():
            for metric in (*process_metrics.registry.collect(), *_store_metrics(services)):
                family = families.setdefault(metric.name, Metric(metric.name, metric.documentation, metric.type))
                for sample in metric.samples:
                    family.samples.append(sample._replace(labels={**sample.labels, "tenant": tenant}))
        return families.values()


def render_metrics(bots: BotSources, running: Mapping[str, bool]) -> bytes:
    """Return the metrics of these tenants in Prometheus' text format.

    Those of the store are missing if it cannot be read, or while a bot has no services. ``running`` maps each tenant
    to whether it runs.
    """
    registry = CollectorRegistry()
    registry.register(_TenantCollector(bots, running))
    return generate_latest(registry)


def _store_metrics(services: Services | None) -> list[GaugeMetricFamily]:
    try:
        return [] if services is None else list(collect_store_metrics(services))
    except StoreError:
        return []


def _make_gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"gw_{name}", help_text, value=value)


def _note_time(times: dict[int, float], key: int, started_at: float) -> None:
    """Note a start time unless there is one; above the limit drop the oldest, which most likely never ends."""
    times.setdefault(key, started_at)
    if len(times) > MAX_PENDING:
        del times[next(iter(times))]
