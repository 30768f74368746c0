"""The health of all providers and their models: an observer of attempts that routing and streams ask."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType

from msgspec import Struct

from baton.core.clock import Clock
from baton.core.failures import Failure, Kind
from baton.gateway.health.minutes import Moment, moment
from baton.gateway.health.series import Answers, Series, Status, Thresholds, Vitals, availability
from baton.gateway.resilience.observation import Observation
from baton.gateway.routing.observed import Seen
from baton.ledger.health.rows import Findings, Histogram, LastError, Latest, Subject, Sums

MOST_MODELS = 1000
"""Models that are told apart, of all providers together; of further ones only their provider knows."""

_IDLE_S = 3600.0
"""A model that nobody asked for so long makes room for another."""

_REMEMBERED = frozenset({Kind.CREDENTIAL, Kind.EXHAUSTED, Kind.MODEL_GONE})
"""Errors that are shown as the last one, although they say nothing of how the provider is."""

_MOST_MESSAGE = 500
_AVAILABILITY_S = 1.0
_WEIGHED_AT_ONCE = 64
"""Of a thousand models that were all asked within the second: half a millisecond."""

_LEAST_OTHERS = 10
_TROUBLED_ABOVE = 0.2


class Erred(StrEnum):
    """What an error says of the one who made it."""

    FAILED = "failed"
    LIMITED = "limited"
    NOTED = "noted"
    """It is remembered, and does not count."""


class Past(Struct, frozen=True):
    """What earlier processes have left of one provider or model."""

    hour: Sums
    """Of about the last hour."""
    times: tuple[Histogram, Histogram]
    """Of about the last day: latencies, and times to the first token."""
    latest: Latest


class ProviderVitals(Struct, frozen=True, kw_only=True):
    """A provider as a whole, and each of its models that was ever asked."""

    name: str
    whole: Vitals
    models: Mapping[str, Vitals]

    @property
    def status(self) -> Status:
        """A provider one of whose models is well is not down."""
        well = any(model.status is Status.HEALTHY for model in self.models.values())
        return Status.DEGRADED if self.whole.status is Status.DOWN and well else self.whole.status


class _Kept:
    """One provider."""

    __slots__ = ("models", "whole")

    def __init__(self, now: Moment) -> None:
        self.whole = Series(now)
        self.models: dict[str, Series] = {}


class Health:
    """Counts what attempts come to; everything it answers comes from memory."""

    def __init__(self, clock: Clock, window_s: float = 600.0) -> None:
        """`window_s`: over how long a status looks back."""
        self._clock = clock
        self._thresholds = Thresholds(window_s=window_s)
        self._kept: dict[str, _Kept] = {}
        self._models = 0
        self._started_s = clock.monotonic()
        self._available: Mapping[str, Seen] = MappingProxyType({})
        self._available_s = self._started_s - _AVAILABILITY_S
        self._weighed: dict[str, tuple[int, int, Seen | None]] = {}
        self._waiting: list[Observation] = []
        """Of attempts that went well, all of one second, to be counted together."""
        self._waiting_s = 0
        """That second, on the monotonic clock."""
        self._last_s = 0.0
        """When the last of them came."""

    def observe(self, observation: Observation) -> None:
        """Take note of an attempt: an `Observer`. What goes well is counted when somebody asks, or the next
        second begins: one by one it would cost a request several times as much."""
        now_s = self._clock.monotonic()
        failure = observation.failure
        if failure is not None:
            self._count_waiting()
            now = moment(now_s, observation.at_s)
            self._failed(observation.provider, observation.model, failure, now)
            return
        if int(now_s) != self._waiting_s:
            self._count_waiting()
            self._waiting_s = int(now_s)
        self._last_s = now_s
        self._waiting.append(observation)

    def probed(self, provider: str, failure: Failure | None) -> None:
        """Take note of a probe: it counts for the provider as a whole, but not as a call."""
        now = self._now()
        if failure is None:
            self._probed(provider, None, now)
        elif failure.rule.breaks:
            self._probed(provider, _error(failure, now), now)
        else:
            self._erred(Erred.NOTED, provider, None, _error(failure, now), now)

    def seen(self) -> Mapping[str, Seen]:
        """How models have answered, by `provider/model`; of whom nothing is known, nothing is said. At most a
        second old."""
        now_s = self._clock.monotonic()
        if now_s - self._available_s >= _AVAILABILITY_S:
            self._available_s = now_s
            self._available = MappingProxyType(dict(self._weigh(self._now())))
        return self._available

    def first_token_p99_s(self, provider: str, model: str) -> float | None:
        """How long all but 1 % of a model's streams took to their first token; None below 20 of them."""
        now = self._now()
        series = self._model(provider, model)
        if series is None:
            return None
        p99_ms = series.first_token_p99_ms(now)
        return None if p99_ms is None else p99_ms / 1000

    def troubled(self, provider: str, model: str) -> bool:
        """Whether, of at least 10 other calls in the last minute, more than one in five failed.

        Asked by a call that has failed and been observed: it is not among the others.
        """
        now = self._now()
        series = self._model(provider, model)
        if series is None:
            return False
        calls, failures = series.last_minute(now)
        others = calls - 1
        return others >= _LEAST_OTHERS and failures - 1 > _TROUBLED_ABOVE * others

    def status(self, provider: str) -> Status:
        """How a provider is, in one word."""
        now = self._now()
        kept = self._kept.get(provider)
        if kept is None:
            return Status.UNKNOWN
        status = kept.whole.status(now, self._thresholds)
        if status is Status.DOWN and any(
            model.status(now, self._thresholds) is Status.HEALTHY for model in kept.models.values()
        ):
            return Status.DEGRADED
        return status

    def providers(self) -> list[ProviderVitals]:
        """Every provider that anything is known of, by name."""
        now = self._now()
        return [
            ProviderVitals(
                name=name,
                whole=kept.whole.vitals(now, self._thresholds),
                models={
                    model: series.vitals(now, self._thresholds)
                    for model, series in sorted(kept.models.items())
                },
            )
            for name, kept in sorted(self._kept.items())
        ]

    def unasked_s(self, provider: str) -> float:
        """How long nobody has asked a provider anything, probes included."""
        self._count_waiting()
        kept = self._kept.get(provider)
        return self._clock.monotonic() - (self._started_s if kept is None else kept.whole.seen_s)

    def take(self, *, final: bool = False) -> Findings:
        """What was counted since the last time. `final`: nothing follows."""
        now = self._now()
        hours: dict[tuple[Subject, int], Sums] = {}
        latest: dict[Subject, Latest] = {}
        for subject, series in self._everybody():
            for hour, sums in series.take(now, final=final).items():
                hours[subject, hour] = sums
            if series.noted:
                series.noted = False
                latest[subject] = series.latest
        if self._models >= MOST_MODELS:
            self._make_room(now)
        return Findings(hours, latest)

    def remember(self, past: Mapping[Subject, Past]) -> None:
        """Take in what earlier processes have left."""
        now = self._now()
        for subject, each in past.items():
            kept = self._kept.get(subject.provider) or self._meet(subject.provider, now)
            series = kept.whole
            if subject.model:
                known = kept.models.get(subject.model) or self._meet_model(kept, subject.model, now)
                if known is None:
                    continue
                series = known
            series.inherit(now, each.hour, each.times, each.latest)

    def _count_waiting(self) -> None:
        """Count what went well and was only taken note of."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        now = moment(self._last_s, waiting[-1].at_s)
        by_route: dict[tuple[str, str], Answers] = {}
        for each in waiting:
            place = (each.provider, each.model)
            answers = by_route.get(place)
            if answers is None:
                answers = by_route[place] = Answers()
            answers.add(each.took_ms, each.first_token_ms)
        for (provider, name), answers in by_route.items():
            self._answered(provider, name, answers, now)

    def _answered(
        self, provider: str, name: str, answers: Answers, now: Moment, *, ours: bool = True
    ) -> None:
        kept = self._kept.get(provider) or self._meet(provider, now)
        model = kept.models.get(name) or self._meet_model(kept, name, now)
        kept.whole.answered(now, answers, ours=ours)
        if model is not None:
            model.answered(now, answers, ours=ours)

    def _probed(self, provider: str, error: LastError | None, now: Moment, *, ours: bool = True) -> None:
        (self._kept.get(provider) or self._meet(provider, now)).whole.probed(now, error, ours=ours)

    def _failed(self, provider: str, model: str, failure: Failure, now: Moment) -> None:
        if failure.rule.breaks:
            self._erred(Erred.FAILED, provider, model, _error(failure, now), now)
        elif failure.kind is Kind.RATE_LIMIT:
            self._erred(Erred.LIMITED, provider, model, _error(failure, now), now)
        elif failure.kind in _REMEMBERED:
            self._erred(Erred.NOTED, provider, model, _error(failure, now), now)

    def _erred(
        self, how: Erred, provider: str, name: str | None, error: LastError, now: Moment, *, ours: bool = True
    ) -> None:
        kept = self._kept.get(provider) or self._meet(provider, now)
        concerned = [kept.whole]
        if name is not None:
            model = kept.models.get(name)
            if model is None and how is not Erred.NOTED:  # a name that nobody knows is not learnt from that
                model = self._meet_model(kept, name, now)
            if model is not None:
                concerned.append(model)
        for series in concerned:
            match how:
                case Erred.FAILED:
                    series.failed(now, error, ours=ours)
                case Erred.LIMITED:
                    series.limited(now, error, ours=ours)
                case Erred.NOTED:
                    series.note(error, ours=ours)

    def _weigh(self, now: Moment) -> Iterator[tuple[str, Seen]]:
        """Who has changed is looked at anew, and everybody once a minute; some at a time: a request waits."""
        left = _WEIGHED_AT_ONCE
        for provider, kept in self._kept.items():
            for model, series in kept.models.items():
                name = f"{provider}/{model}"
                known = self._weighed.get(name)
                if left and (known is None or known[0] != series.changed or known[1] != now.minute):
                    left -= 1
                    uptime = series.uptime(now)
                    average_ms = series.average_ms(now, self._thresholds.window_s)
                    usual_ms = series.usual_ms(now, self._thresholds.window_s)
                    seen = None if uptime is None else Seen(availability(uptime, average_ms), usual_ms)
                    known = self._weighed[name] = (series.changed, now.minute, seen)
                if known is not None and known[2] is not None:
                    yield name, known[2]

    def _everybody(self) -> Iterator[tuple[Subject, Series]]:
        for provider, kept in self._kept.items():
            yield Subject(provider), kept.whole
            for model, series in kept.models.items():
                yield Subject(provider, model), series

    def _model(self, provider: str, model: str) -> Series | None:
        kept = self._kept.get(provider)
        return None if kept is None else kept.models.get(model)

    def _meet(self, provider: str, now: Moment) -> _Kept:
        """A new one; there are as many as are declared."""
        kept = self._kept[provider] = _Kept(now)
        return kept

    def _meet_model(self, kept: _Kept, model: str, now: Moment) -> Series | None:
        """A new one, while there is room."""
        if self._models >= MOST_MODELS:
            return None
        self._models += 1
        series = kept.models[model] = Series(now)
        return series

    def _make_room(self, now: Moment) -> None:
        for provider, kept in self._kept.items():
            for model in [name for name, series in kept.models.items() if now.at_s - series.seen_s > _IDLE_S]:
                del kept.models[model]
                self._weighed.pop(f"{provider}/{model}", None)
                self._models -= 1

    def _now(self) -> Moment:
        """The moment, with everything counted that was before it."""
        self._count_waiting()
        return moment(self._clock.monotonic(), self._clock.wall())


def _error(failure: Failure, now: Moment) -> LastError:
    """As it is kept: a database takes no half characters."""
    message = failure.message[:_MOST_MESSAGE].replace("\0", "").encode(errors="replace").decode()
    return LastError(at_ms=now.at_ms, kind=failure.kind.value, message=message, http_status=failure.status)
