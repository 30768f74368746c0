"""What is known of one provider or model: counted on the request's path, read by whoever asks."""

from collections import deque
from enum import StrEnum

from msgspec import Struct

from baton.gateway.health.buckets import Percentiles, bucket_of, percentiles, quantile
from baton.gateway.health.minutes import HOUR, LastMinute, Minutes, Moment
from baton.ledger.health.rows import Histogram, LastError, Latest, Sums, merge

OUTAGE_FAILURES = 3
"""So many in a row are an outage; fewer are accidents."""

_SILENT_MINUTES = 10
"""For how long an outage goes on unasked: a breaker's longest wait. Then nobody knows."""

_GENERATION_S = 12 * 3600.0
"""Percentiles are those of the generation under way and of the one before."""

_RECOVERIES = 10

_LEAST_FOR_P99 = 20

_ENOUGH = 10
"""Answers from which a mean says what is usual."""


class Status(StrEnum):
    """How somebody is, in one word."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    DOWN = "down"
    UNKNOWN = "unknown"


class Thresholds(Struct, frozen=True, kw_only=True):
    """Where one status becomes another (specification, "Health")."""

    window_s: float = 600.0
    down_above: float = 0.5
    degraded_above: float = 0.2
    slow_above_ms: float = 10_000.0


class Recovery(Struct, frozen=True):
    """An outage that is over."""

    began_ms: int
    """Unix time of its first failure."""
    took_ms: int
    """To the next success."""


class Vitals(Struct, frozen=True, kw_only=True):
    """One provider or model as this process sees it; as it stands here, of whom nothing is known."""

    status: Status = Status.UNKNOWN
    error_rate: float | None = None
    """0-1, over the window, probes included; None where nothing was asked."""
    average_ms: int | None = None
    """What callers waited in the mean, over the window; None where nobody was answered."""
    limited: int = 0
    """429s in the window."""
    calls_per_minute: int = 0
    """In the last minute; no probes."""
    failures_per_minute: int = 0
    uptime: float | None = None
    """0-1, over the last hour."""
    latency: Percentiles | None = None
    """Of answers; over the last 12 to 24 hours."""
    first_token: Percentiles | None = None
    latest: Latest = Latest()
    outage_since_ms: int | None = None
    """Unix time of the first failure of the outage that is going on."""
    recoveries: tuple[Recovery, ...] = ()
    """The last ones that this process saw, oldest first."""


class Answers:
    """What calls of about the same moment came to that went well."""

    __slots__ = ("count", "first_token", "latency", "waited_ms")

    def __init__(self) -> None:
        self.count = 0
        self.waited_ms = 0
        """By their callers, together: for the first token where that came first."""
        self.latency: Histogram = {}
        self.first_token: Histogram = {}

    def put(self, others: "Answers") -> None:
        """More of them."""
        self.count += others.count
        self.waited_ms += others.waited_ms
        merge(self.latency, others.latency)
        merge(self.first_token, others.first_token)

    def add(self, took_ms: int, first_ms: int | None) -> None:
        """One more; `first_ms`: when a stream said its first word."""
        self.count += 1
        bucket, counts = bucket_of(took_ms), self.latency
        counts[bucket] = counts.get(bucket, 0) + 1
        if first_ms is None:
            self.waited_ms += took_ms
            return
        self.waited_ms += first_ms
        bucket, counts = bucket_of(first_ms), self.first_token
        counts[bucket] = counts.get(bucket, 0) + 1


class Series:
    """Counts. All moments on the monotonic clock are of the same one and only grow."""

    __slots__ = (
        "_error",
        "_failing_ms",
        "_failing_ours",
        "_failing_s",
        "_first_token",
        "_hour",
        "_hours",
        "_inherited",
        "_inherited_until",
        "_last_minute",
        "_latency",
        "_minutes",
        "_older",
        "_p99",
        "_p99_tick",
        "_recoveries",
        "_run",
        "_silent",
        "_success_ms",
        "_sums",
        "_turned_s",
        "changed",
        "noted",
        "seen_s",
    )

    def __init__(self, now: Moment) -> None:
        self._minutes = Minutes(now.minute)
        self._last_minute = LastMinute(now.tick)
        self._hour: int = now.hour
        self._sums = Sums()
        self._hours: dict[int, Sums] = {now.hour: self._sums}
        self._latency: Histogram = {}
        self._first_token: Histogram = {}
        self._older: tuple[Histogram, Histogram] = ({}, {})
        self._turned_s = now.at_s
        self._inherited = Sums()
        self._inherited_until = now.minute
        self._run = 0
        self._failing_s = 0.0
        self._failing_ms = 0
        self._failing_ours = False
        self._silent = 0
        self._recoveries: deque[Recovery] = deque(maxlen=_RECOVERIES)
        self._p99: float | None = None
        self._p99_tick = -1
        self._success_ms: int | None = None
        self._error: LastError | None = None
        self.noted = False
        """Whether `latest` has changed since it was last taken."""
        self.changed = 0
        """Grows with everything that is counted."""
        self.seen_s = now.at_s

    @property
    def latest(self) -> Latest:
        """The last success and the last error."""
        return Latest(success_ms=self._success_ms, error=self._error)

    def answered(self, now: Moment, answers: Answers, *, ours: bool = True) -> None:
        """Calls were answered. `ours`: as elsewhere here, whether this process made them; what others have
        seen counts, and is not taken by `take`: they keep it themselves."""
        self._success(now, answers.count, ours=ours)
        minute = self._minutes.now
        minute.answered += answers.count
        minute.waited_ms += answers.waited_ms
        self._last_minute.count(now.tick, answers.count, failed=False)
        if not ours:
            merge(self._latency, answers.latency)
            merge(self._first_token, answers.first_token)
            return
        sums = self._sums
        sums.calls += answers.count
        merge(sums.latency, answers.latency)
        merge(sums.first_token, answers.first_token)

    def failed(self, now: Moment, error: LastError, *, ours: bool = True) -> None:
        """A call failed by the provider's fault."""
        self._failure(now, error, ours=ours)
        self._last_minute.count(now.tick, 1, failed=True)
        if ours:
            self._sums.calls += 1
            self._sums.failures += 1

    def limited(self, now: Moment, error: LastError, *, ours: bool = True) -> None:
        """A call was refused because there were too many."""
        self._advance(now)
        self._minutes.now.limited += 1
        if ours:
            self._sums.limited += 1
        self.note(error, ours=ours)

    def probed(self, now: Moment, error: LastError | None, *, ours: bool = True) -> None:
        """A probe went well, or failed by the provider's fault."""
        if error is None:
            self._success(now, 1, ours=ours)
        else:
            self._failure(now, error, ours=ours)

    def note(self, error: LastError, *, ours: bool = True) -> None:
        """An error that does not count: it is only remembered as the last."""
        self._error = error
        self.noted = self.noted or ours

    def inherit(self, now: Moment, hour: Sums, times: tuple[Histogram, Histogram], latest: Latest) -> None:
        """What earlier processes knew: sums of about an hour, durations of about a day, the last ones."""
        self._inherited = hour
        self._inherited_until = now.minute + HOUR
        for mine, theirs in zip(self._older, times, strict=True):
            merge(mine, theirs)
        newer = self.latest.with_newer(latest)
        self._success_ms, self._error = newer.success_ms, newer.error
        self.changed += 1

    def take(self, now: Moment, *, final: bool = False) -> dict[int, Sums]:
        """What was counted since the last time, by the hour. `final`: the minute under way counts as over."""
        self._advance(now)
        if final:
            self._advance(now._replace(minute=now.minute + 1))
        taken, self._sums = self._hours, Sums()
        self._hours = {self._hour: self._sums}
        if now.at_s - self._turned_s >= _GENERATION_S:
            self._older = (self._latency, self._first_token)
            self._latency, self._first_token = {}, {}
            self._turned_s = now.at_s
        for sums in taken.values():
            merge(self._latency, sums.latency)
            merge(self._first_token, sums.first_token)
        return {hour: sums for hour, sums in taken.items() if sums.counted}

    def status(self, now: Moment, thresholds: Thresholds) -> Status:
        """In one word."""
        asked, failed, answered, waited_ms, _ = self._window(now, thresholds.window_s)
        if not asked:
            return Status.UNKNOWN
        if failed > thresholds.down_above * asked:
            return Status.DOWN
        slow = answered > 0 and waited_ms > thresholds.slow_above_ms * answered
        return Status.DEGRADED if slow or failed > thresholds.degraded_above * asked else Status.HEALTHY

    def average_ms(self, now: Moment, window_s: float) -> float | None:
        """What callers waited in the mean."""
        _, _, answered, waited_ms, _ = self._window(now, window_s)
        return waited_ms / answered if answered else None

    def usual_ms(self, now: Moment, window_s: float) -> float | None:
        """The same once enough was answered to tell what is usual; one slow answer tells nothing."""
        _, _, answered, waited_ms, _ = self._window(now, window_s)
        return waited_ms / answered if answered >= _ENOUGH else None

    def uptime(self, now: Moment) -> float | None:
        """0-1 over the last hour."""
        self._advance(now)
        shares = [well for each in self._minutes.last(HOUR * 60) if (well := each.well) is not None]
        minutes, good = len(shares), sum(shares)
        if now.minute < self._inherited_until:
            minutes += self._inherited.minutes
            good += self._inherited.well / 1000
        return good / minutes if minutes else None

    def last_minute(self, now: Moment) -> tuple[int, int]:
        """Calls, and failures among them."""
        return self._last_minute.totals(now.tick)

    def first_token_p99_ms(self, now: Moment) -> float | None:
        """As `Vitals.first_token`, at most a tick old; None below 20 observations."""
        if now.tick != self._p99_tick:
            counts = self._recent(1)
            enough = sum(counts.values()) >= _LEAST_FOR_P99
            self._p99 = quantile(counts, 0.99) if enough else None
            self._p99_tick = now.tick
        return self._p99

    def vitals(self, now: Moment, thresholds: Thresholds) -> Vitals:
        """Everything."""
        asked, failed, answered, waited_ms, limited = self._window(now, thresholds.window_s)
        calls, failures = self.last_minute(now)
        return Vitals(
            status=self.status(now, thresholds),
            error_rate=failed / asked if asked else None,
            average_ms=round(waited_ms / answered) if answered else None,
            limited=limited,
            calls_per_minute=calls,
            failures_per_minute=failures,
            uptime=self.uptime(now),
            latency=percentiles(self._recent(0)),
            first_token=percentiles(self._recent(1)),
            latest=self.latest,
            outage_since_ms=self._failing_ms if self._run >= OUTAGE_FAILURES else None,
            recoveries=tuple(self._recoveries),
        )

    def _success(self, now: Moment, count: int, *, ours: bool) -> None:
        self._advance(now)
        minute = self._minutes.now
        minute.asked += count
        minute.ours = minute.ours or ours
        self._silent = 0
        self.changed += 1
        self.seen_s = now.at_s
        self._success_ms = now.at_ms
        self.noted = self.noted or ours
        if self._run:
            if self._run >= OUTAGE_FAILURES:
                self._recovered(now)
            self._run = 0

    def _failure(self, now: Moment, error: LastError, *, ours: bool) -> None:
        self._advance(now)
        minute = self._minutes.now
        minute.asked += 1
        minute.failed += 1
        minute.ours = minute.ours or ours
        self._silent = 0
        self.changed += 1
        self.seen_s = now.at_s
        self.note(error, ours=ours)
        if not self._run:
            self._failing_s, self._failing_ms, self._failing_ours = now.at_s, now.at_ms, ours
        self._run += 1

    def _recovered(self, now: Moment) -> None:
        took_ms = round((now.at_s - self._failing_s) * 1000)
        self._recoveries.append(Recovery(self._failing_ms, took_ms))
        if not self._failing_ours:  # who saw it begin keeps it
            return
        self._sums.recoveries += 1
        self._sums.recovery_ms += took_ms
        self._sums.longest_ms = max(self._sums.longest_ms, took_ms)

    def _advance(self, now: Moment) -> None:
        """Go on to the minute and the hour of `now`; what has ended is added up."""
        if now.minute > self._minutes.behind:
            for each in self._minutes.ended(now.minute):
                if not each.asked and self._run >= OUTAGE_FAILURES and self._silent < _SILENT_MINUTES:
                    each.lost, each.ours = True, self._failing_ours
                    self._silent += 1
                well = each.well
                if well is not None and each.ours:
                    self._sums.minutes += 1
                    self._sums.well += round(well * 1000)
        if now.hour != self._hour:
            self._hour = now.hour
            self._sums = self._hours.setdefault(now.hour, Sums())

    def _window(self, now: Moment, window_s: float) -> tuple[int, int, int, int, int]:
        """Asked, failed, answered, waited and limited over the window."""
        self._advance(now)
        asked = failed = answered = waited_ms = limited = 0
        for each in self._minutes.last(window_s):
            asked += each.asked
            failed += each.failed
            answered += each.answered
            waited_ms += each.waited_ms
            limited += each.limited
        return asked, failed, answered, waited_ms, limited

    def _recent(self, measure: int) -> Histogram:
        """Latencies (0) or times to the first token (1) of both generations and what was not taken yet."""
        counts = dict(self._older[measure])
        merge(counts, (self._latency, self._first_token)[measure])
        for sums in self._hours.values():
            merge(counts, (sums.latency, sums.first_token)[measure])
        return counts


def availability(uptime: float, average_ms: float | None) -> float:
    """0-1, as the router weighs it (specification, "Score")."""
    slow = 0.0
    if average_ms is not None:
        slow = 0.3 if average_ms > 3000 else 0.1 if average_ms > 1500 else 0.0
    return max(0.0, min(1.0, 1 - 0.5 * (1 - uptime) - slow))
