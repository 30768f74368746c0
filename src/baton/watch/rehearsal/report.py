"""What came of a rehearsal: who would have served whom, how late, at what cost, and what failed."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from baton.watch.rehearsal.asking import Outcome, Trouble
from baton.watch.rehearsal.scenario import Question, Scenario


class Spread(Struct, frozen=True, kw_only=True):
    """Of some times, in milliseconds; the nearest that occurred."""

    p50_ms: int
    p95_ms: int
    max_ms: int


class Share(Struct, frozen=True):
    """How many requests a model served."""

    model: str
    requests: int


class Failed(Struct, frozen=True, kw_only=True):
    """Requests that failed in the same way."""

    requests: int
    example: Trouble
    """What the first of them saw."""


class Side(Struct, frozen=True, kw_only=True):
    """How the same requests fared, with the outage or without it."""

    served: int
    served_by: tuple[Share, ...]
    """Who served most comes first."""
    attempts: int
    latency: Spread | None
    """Of those that were served; None: none was."""
    cost_nanos: int
    """Over all attempts, as far as prices are known."""
    unpriced: int
    """Requests whose cost is not wholly known."""


class Line(Struct, frozen=True, kw_only=True):
    """One question."""

    question: Question
    requests: int
    usual: Side
    outage: Side
    at_down: int
    """Attempts at the providers that were down."""
    moved: int
    """Requests that others served than without the outage."""
    rescued: int
    """Streams that somebody went on with after they had begun."""
    added: Spread | None
    """What the outage added to the time to the last byte; of requests that both sides served."""
    added_first: Spread | None
    """The same to the first words; of streams."""
    failures: tuple[Failed, ...]
    """The most frequent first."""


class Report(Struct, frozen=True, kw_only=True):
    """All of it."""

    scenario: Scenario
    lines: tuple[Line, ...]
    verdict: str
    advice: tuple[str, ...]
    """What to configure, where requests failed."""

    @property
    def requests(self) -> int:
        """All of them."""
        return sum(line.requests for line in self.lines)

    @property
    def served(self) -> int:
        """Those that were served all the same."""
        return sum(line.outage.served for line in self.lines)

    @property
    def failed(self) -> int:
        """Those that were not."""
        return self.requests - self.served


def lines_of(scenario: Scenario, usual: Sequence[Outcome], outage: Sequence[Outcome]) -> tuple[Line, ...]:
    """By question; the two sequences hold the same requests in the same order."""
    pairs = list(zip(usual, outage, strict=True))
    return tuple(
        _line(question, scenario.down, [pair for pair in pairs if pair[0].question == question])
        for question in scenario.questions
    )


def verdict_of(scenario: Scenario, lines: Sequence[Line]) -> str:
    """In a sentence or two that a person understands."""
    requests, served = sum(line.requests for line in lines), sum(line.outage.served for line in lines)
    down, what = " and ".join(scenario.down), f"{scenario.fault} for {scenario.lasts_s:g} s"
    share = "None of" if served == 0 else "All" if served == requests else f"{served} of"
    told = f"{share} {requests} requests would have been served"
    told += f" while {down} failed with {what}"
    moved = sum(line.moved for line in lines)
    told += f", {moved} of them by another model than without the outage." if moved else "."
    late = max((line.added.max_ms for line in lines if line.added is not None), default=0)
    if late > 0:
        told += f" The latest came {late / 1000:.2f} s later than without the outage."
    anyway = sum(line.requests - line.usual.served for line in lines)
    if anyway:
        told += f" {anyway} fail without any outage too."
    return told


def _line(question: Question, down: Sequence[str], pairs: Sequence[tuple[Outcome, Outcome]]) -> Line:
    usual, outage = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    both = [pair for pair in pairs if pair[0].served_by and pair[1].served_by]
    firsts = [
        after.first_ms - before.first_ms
        for before, after in both
        if before.first_ms is not None and after.first_ms is not None
    ]
    return Line(
        question=question,
        requests=len(pairs),
        usual=_side(usual),
        outage=_side(outage),
        at_down=sum(provider in down for each in outage for provider in each.attempts),
        moved=sum(before.served_by != after.served_by for before, after in both),
        rescued=sum(each.rescued for each in outage),
        added=_spread([after.latency_ms - before.latency_ms for before, after in both]),
        added_first=_spread(firsts),
        failures=_failures(outage),
    )


def _side(outcomes: Sequence[Outcome]) -> Side:
    served = [each for each in outcomes if each.served_by is not None]
    return Side(
        served=len(served),
        served_by=_merged(Share(each.served_by, 1) for each in served if each.served_by is not None),
        attempts=sum(len(each.attempts) for each in outcomes),
        latency=_spread([each.latency_ms for each in served]),
        cost_nanos=sum(each.cost_nanos for each in outcomes),
        unpriced=sum(each.unpriced for each in outcomes),
    )


def _merged(shares: Iterable[Share]) -> tuple[Share, ...]:
    sums: Counter[str] = Counter()
    for share in shares:
        sums[share.model] += share.requests
    return tuple(Share(model, count) for model, count in sums.most_common())


def _failures(outcomes: Iterable[Outcome]) -> tuple[Failed, ...]:
    alike: dict[tuple[str, int], list[Trouble]] = {}
    for each in outcomes:
        if each.trouble is not None:
            alike.setdefault((each.trouble.kind, each.trouble.status), []).append(each.trouble)
    found = [Failed(requests=len(troubles), example=troubles[0]) for troubles in alike.values()]
    return tuple(sorted(found, key=lambda each: -each.requests))


def _spread(times_ms: Sequence[int]) -> Spread | None:
    if not times_ms:
        return None
    ranked = sorted(times_ms)
    p50_ms, p95_ms = (ranked[math.ceil(share * len(ranked)) - 1] for share in (0.5, 0.95))
    return Spread(p50_ms=p50_ms, p95_ms=p95_ms, max_ms=ranked[-1])
