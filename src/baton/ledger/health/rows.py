"""What is kept of attempts once they are counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec import Struct

Histogram = dict[int, int]
"""Bucket → count."""


class Subject(NamedTuple):
    """Whose health it is: a model's, or, where `model` is empty, a whole provider's."""

    provider: str
    model: str = ""


@dataclass(slots=True)
class Sums:
    """What was counted, in an hour or in several. They only grow, and add up over processes."""

    calls: int = 0
    """Attempts that say something of the provider: answered, or failed by its fault. No probes."""
    failures: int = 0
    limited: int = 0
    """Attempts that were refused with a 429; not among `calls`."""
    minutes: int = 0
    """Minutes in which anything was asked, probes too, or that were part of an outage."""
    well: int = 0
    """The share of what was asked in each minute that went well, in thousandths, summed over the minutes."""
    recoveries: int = 0
    recovery_ms: int = 0
    """From the first failure of each outage to the next success, summed."""
    longest_ms: int = 0
    latency: Histogram = field(default_factory=dict[int, int])
    """Of answers, from the beginning of the attempt to its end."""
    first_token: Histogram = field(default_factory=dict[int, int])

    @property
    def uptime(self) -> float | None:
        """0-1; None where nothing is known."""
        return self.well / (1000 * self.minutes) if self.minutes else None

    @property
    def counted(self) -> bool:
        """Whether anything was; no duration without a call."""
        return bool(self.calls or self.limited or self.minutes or self.recoveries)

    def add(self, other: "Sums") -> None:
        """Take in what was counted elsewhere."""
        self.calls += other.calls
        self.failures += other.failures
        self.limited += other.limited
        self.minutes += other.minutes
        self.well += other.well
        self.recoveries += other.recoveries
        self.recovery_ms += other.recovery_ms
        self.longest_ms = max(self.longest_ms, other.longest_ms)
        merge(self.latency, other.latency)
        merge(self.first_token, other.first_token)


class LastError(Struct, frozen=True, kw_only=True):
    """The last thing that went wrong. `message` holds no key."""

    at_ms: int
    kind: str
    message: str
    http_status: int | None


class Latest(Struct, frozen=True, kw_only=True):
    """The last of each, Unix milliseconds; None: there was none."""

    success_ms: int | None = None
    error: LastError | None = None

    def with_newer(self, other: "Latest") -> "Latest":
        """The later of each."""
        mine, theirs = self.error, other.error
        newer = theirs if mine is None or (theirs is not None and theirs.at_ms > mine.at_ms) else mine
        success_ms = max(self.success_ms or 0, other.success_ms or 0)
        return Latest(success_ms=success_ms or None, error=newer)


class Findings(Struct, frozen=True):
    """What was counted since the last time, on its way to the database."""

    hours: Mapping[tuple[Subject, int], Sums]
    """By subject and hour since the epoch."""
    latest: Mapping[Subject, Latest]


def merge(into: Histogram, other: Mapping[int, int]) -> None:
    """Add one histogram to another."""
    for bucket, count in other.items():
        into[bucket] = into.get(bucket, 0) + count
