"""What Prometheus is told: read from plain counters at each scrape, so that no request pays for it."""

from collections.abc import Awaitable, Callable, Iterable, Iterator

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily, Metric

from baton.api.condition import Condition
from baton.app import App
from baton.core.money import NANOS_PER_USD
from baton.gateway.admission.queue import Queue
from baton.gateway.health.buckets import Percentiles
from baton.gateway.health.health import ProviderVitals
from baton.gateway.health.series import Status, Vitals
from baton.gateway.resilience.breaker import State
from baton.gateway.resilience.standing import Standing
from baton.ledger.tallies import Series, Tallies, Tally
from baton.quality.traffic.sampler import Counts
from baton.watch.alerts.alerts import Alerts

_SERIES = ("status", "provider", "model")
_BREAKER = ("provider", "model")
_OPENNESS = {State.CLOSED: 0, State.HALF_OPEN: 1, State.OPEN: 2}
_WELLNESS = {Status.HEALTHY: 1.0, Status.DEGRADED: 0.5, Status.DOWN: 0.0}
_SUBJECT = ("provider", "model")
_QUANTILES = (("0.5", "p50"), ("0.95", "p95"), ("0.99", "p99"))
_TOKENS = ("prompt", "completion", "cached", "reasoning")


Scrape = Callable[[], Awaitable[CollectorRegistry]]
"""Finds everything that a scrape is told."""


def registry_of(app: App) -> CollectorRegistry:
    """Everything that there is to tell of this process."""
    registry = CollectorRegistry()
    queue = app.admitting.passages.queue
    counts = app.assessing.sampler.counts
    registry.register(BatonCollector(app.ledger.book.tallies, Condition(app), app.alerts, queue, counts))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


class BatonCollector:
    """Baton's own metrics."""

    def __init__(
        self, tallies: Tallies, condition: Condition, alerts: Alerts, queue: Queue, judged: Counts
    ) -> None:
        """`queue`: where requests of low priority wait; `judged`: what became of answers that were drawn."""
        self._judged = judged
        self._tallies = tallies
        self._condition = condition
        self._alerts = alerts
        self._queue = queue

    def collect(self) -> Iterator[Metric]:
        """One scrape."""
        counted = list(self._tallies.by_series.items())
        yield _counter("baton_requests", "Requests that have ended.", counted, "requests")
        yield _tokens(counted)
        yield _cost(counted)
        yield _counter(
            "baton_unpriced_requests", "Requests whose cost is not wholly known.", counted, "unpriced"
        )
        yield _counter("baton_attempts", "Calls to providers.", counted, "attempts")
        yield _counter("baton_retries", "Calls repeated on the same model.", counted, "retries")
        yield _counter("baton_fallbacks", "Requests that asked more than one model.", counted, "fallbacks")
        yield from self._gauges()
        yield from _breakers(self._condition.breakers())
        yield from _health(self._condition.vitals())
        alerts = GaugeMetricFamily("baton_alerts_open", "Alerts that are open.", labels=["kind"])
        for kind, count in self._alerts.open_by_kind.items():
            alerts.add_metric([kind], count)
        yield alerts
        yield from _queued(self._queue)
        yield _judged(self._judged)

    def _gauges(self) -> Iterator[Metric]:
        condition = self._condition
        yield GaugeMetricFamily(
            "baton_counts_alone",
            "Whether limits and budgets are counted by this process alone, because Redis is away.",
            float(condition.alone),
        )
        yield InfoMetricFamily("baton_build", "What is running.", {"version": condition.version})
        yield GaugeMetricFamily(
            "baton_requests_under_way", "Requests that have begun and not ended.", condition.under_way
        )
        yield GaugeMetricFamily(
            "baton_ledger_waiting_rows", "Ended requests not yet in the database.", condition.waiting
        )
        yield CounterMetricFamily(
            "baton_ledger_lost_rows", "Ended requests of which nothing could be kept.", condition.lost
        )
        yield GaugeMetricFamily(
            "baton_ledger_trouble",
            "1 while journal or database refuse to take rows.",
            float(condition.ledger_trouble is not None),
        )
        configured = GaugeMetricFamily(
            "baton_provider_configured", "1 where the provider can be asked.", labels=["provider"]
        )
        marked = GaugeMetricFamily(
            "baton_provider_credentials_marked", "Keys that are passed over now.", labels=["provider"]
        )
        for provider in condition.providers():
            configured.add_metric([provider.name], float(provider.configured))
            if provider.credentials:
                bad = sum(key.mark is not None for key in provider.credentials)
                marked.add_metric([provider.name], bad)
        yield configured
        yield marked


def _health(providers: Iterable[ProviderVitals]) -> Iterator[Metric]:
    """Of everybody who was asked; without a model, of a provider as a whole. What is unknown is left out."""
    health = GaugeMetricFamily("baton_health", "1 healthy, 0.5 degraded, 0 down.", labels=_SUBJECT)
    errors = GaugeMetricFamily(
        "baton_health_error_rate", "The share of calls and probes that failed lately.", labels=_SUBJECT
    )
    uptime = GaugeMetricFamily("baton_health_uptime", "Of the last hour, 0 to 1.", labels=_SUBJECT)
    latency = GaugeMetricFamily(
        "baton_health_latency_seconds", "How long answers took.", labels=(*_SUBJECT, "quantile")
    )
    first_token = GaugeMetricFamily(
        "baton_health_first_token_seconds", "How long first tokens took.", labels=(*_SUBJECT, "quantile")
    )
    for labels, status, vitals in _subjects(providers):
        if status in _WELLNESS:
            health.add_metric(labels, _WELLNESS[status])
        if vitals.error_rate is not None:
            errors.add_metric(labels, vitals.error_rate)
        if vitals.uptime is not None:
            uptime.add_metric(labels, vitals.uptime)
        _add_quantiles(latency, labels, vitals.latency)
        _add_quantiles(first_token, labels, vitals.first_token)
    yield from (health, errors, uptime, latency, first_token)


def _subjects(providers: Iterable[ProviderVitals]) -> Iterator[tuple[list[str], Status, Vitals]]:
    for provider in providers:
        yield [provider.name, ""], provider.status, provider.whole
        for model, vitals in provider.models.items():
            yield [provider.name, model], vitals.status, vitals


def _add_quantiles(to: GaugeMetricFamily, labels: list[str], found: Percentiles | None) -> None:
    if found is not None:
        for name, field in _QUANTILES:
            to.add_metric([*labels, name], getattr(found, field) / 1000)


def _breakers(standings: Iterable[Standing]) -> Iterator[Metric]:
    """Of providers that were asked, and of models that have ever been closed off."""
    state = GaugeMetricFamily(
        "baton_breaker_state", "0 closed, 1 half-open, 2 open; no model: the provider's own.", labels=_BREAKER
    )
    openings = CounterMetricFamily(
        "baton_breaker_openings", "How often a breaker opened by itself.", labels=_BREAKER
    )
    refused = CounterMetricFamily(
        "baton_breaker_refused_calls", "Calls that a breaker did not let through.", labels=_BREAKER
    )
    for each in standings:
        if each.model is None or each.openings or each.refused or each.forced:
            labels = [each.provider, each.model or ""]
            state.add_metric(labels, _OPENNESS[each.state])
            openings.add_metric(labels, each.openings)
            refused.add_metric(labels, each.refused)
    yield state
    yield openings
    yield refused


def _queued(queue: Queue) -> Iterator[Metric]:
    """Of requests of low priority that wait for room in their callers' limits."""
    yield GaugeMetricFamily("baton_queue_depth", "Requests that wait.", queue.depth)
    yield CounterMetricFamily("baton_queue_waited", "Requests that have waited.", queue.waited)
    yield CounterMetricFamily("baton_queue_wait_seconds", "How long, all together.", queue.waited_s)


def _judged(counts: Counts) -> Metric:
    family = CounterMetricFamily(
        "baton_quality_answers",
        "Answers that were drawn to be judged, by what became of it.",
        labels=["outcome"],
    )
    for outcome in ("assessed", "dropped", "passed_over", "failed"):
        family.add_metric([outcome], getattr(counts, outcome))
    return family


def _counter(name: str, text: str, counted: Iterable[tuple[Series, Tally]], field: str) -> Metric:
    family = CounterMetricFamily(name, text, labels=_SERIES)
    for series, tally in counted:
        family.add_metric(list(series), getattr(tally, field))
    return family


def _tokens(counted: Iterable[tuple[Series, Tally]]) -> Metric:
    family = CounterMetricFamily(
        "baton_tokens",
        "Tokens of delivered answers; cached ones are among the prompt's, reasoning among the completion's.",
        labels=(*_SERIES, "kind"),
    )
    for series, tally in counted:
        for kind in _TOKENS:
            family.add_metric([*series, kind], getattr(tally, f"{kind}_tokens"))
    return family


def _cost(counted: Iterable[tuple[Series, Tally]]) -> Metric:
    family = CounterMetricFamily(
        "baton_cost_usd", "What was spent, as far as prices are known.", labels=_SERIES
    )
    for series, tally in counted:
        family.add_metric(list(series), tally.cost_nanos / NANOS_PER_USD)
    return family
