"""Going through the rows: each decision made again on both sides, and what answers were like."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from baton.catalog.prices import in_force as prices_at
from baton.catalog.pricing import cost
from baton.core.errors import Unservable
from baton.core.task import level_of
from baton.gateway.routing.decision import Ask, Decision
from baton.gateway.routing.noted import NotedDecision, read_note
from baton.gateway.routing.terms import Source
from baton.ledger.past import PastRow
from baton.ledger.rows import CHAT, Status
from baton.watch.backtest.case import Case, Pick
from baton.watch.backtest.estimating import Length
from baton.watch.backtest.figures import Figures, Share, Why
from baton.watch.backtest.interval import CLUSTERS
from baton.watch.backtest.means import Cell, Means, Spread, Work, length_class
from baton.watch.backtest.pace import Pace
from baton.watch.backtest.proposal import Proposal
from baton.watch.backtest.side import Side

MOST_USE_CASES = 50
"""That are told apart: callers choose their names."""

OTHERS = "(others)"


class Tally:
    """What is known after some rows; it is filled in a thread."""

    def __init__(self, proposal: Proposal, in_force: Side, proposed: Side, pace: Pace) -> None:
        self._proposal = proposal
        self._in_force = in_force
        self._proposed = proposed
        self._pace = pace
        self._users: dict[str, int] = {}
        self._use_cases: set[str] = set()
        self.examined = self.named = self.cached = self.unanswered = self.illegible = 0
        self.nobody_now = self.refused = self.replayed = self.same = self.kept_out = self.unpriced = 0
        self.otherwise: Counter[Why] = Counter()
        self.shares: dict[str, Share] = {}
        self.cases: list[Case] = []
        self.figures = Figures()
        self.by_use_case: dict[str | None, Figures] = {}
        self.timed = [0] * CLUSTERS
        """Those that stay and have a latency, by cluster; and those whose quality is known."""
        self.rated = [0] * CLUSTERS
        self.lengths: Means[Length] = Means(CLUSTERS)
        self.latencies: Means[Cell] = Means(CLUSTERS)
        self.spreads: dict[Cell, Spread] = {}
        self.stayed = Spread()
        """Latencies of those that are no case."""

    @property
    def users(self) -> int:
        """How many there were."""
        return len(self._users)

    def take(self, rows: Sequence[PastRow]) -> None:
        """Some more."""
        for row in rows:
            self.examined += 1
            self._one(row)
            self._pace.rest()

    def _one(self, row: PastRow) -> None:
        if row.cache is not None:
            self.cached += 1
            return
        answered = row.status == Status.OK and row.provider is not None
        if answered:
            self._learn(row)
        if row.routing is None:
            self.named += 1
        elif not answered:
            self.unanswered += 1
        else:
            self._again(row, row.routing)

    def _learn(self, row: PastRow) -> None:
        """What the answer says of the model; one that took several attempts was late for other reasons."""
        if row.attempts != 1:
            return
        model, cluster = f"{row.provider}/{row.model}", self._cluster(row.user_id)
        if row.completion_tokens and not row.usage_estimated:
            work = self._work(row)
            for each in (work, work.broader()):
                self.lengths.add(Length(model, each), cluster, row.completion_tokens)
        if row.latency_ms is not None:
            for cell in (Cell(model, length_class(row.completion_tokens)), Cell(model, None)):
                self.latencies.add(cell, cluster, row.latency_ms)
                self.spreads.setdefault(cell, Spread()).add(row.latency_ms)

    def _again(self, row: PastRow, routing: str) -> None:
        try:
            note = read_note(routing)
        except msgspec.DecodeError:
            self.illegible += 1
            return
        out = note.kept_out()
        try:
            control = self._in_force.decide(row, note, out)
        except Unservable:
            self.nobody_now += 1
            return
        try:
            touched = self._proposal.touches(row.use_case, row.agent)
            proposed = self._proposed.decide(row, note, out) if touched else control
        except Unservable:
            self.refused += 1
            return
        self.replayed += 1
        self.kept_out += bool(out)
        now, then = control.chosen.offer.id, proposed.chosen.offer.id
        if now == note.first:
            self.same += 1
        else:
            gone = self._in_force.offer(note.first) is None
            self.otherwise[Why.GONE if gone else _why(note, control)] += 1
        self._share(note.first, now, then)
        if now == then == note.first and row.served_by not in self._proposed.repriced:
            self._stays(row, self._cluster(row.user_id), now)
        else:
            self.cases.append(self._case(row, control.ask, note.first, now, then))

    def _stays(self, row: PastRow, cluster: int, model: str) -> None:
        """Nothing of it changes; it is in all sums all the same."""
        offer = self._in_force.offer(model)
        quality = None if offer is None else self._in_force.quality(offer)
        self.unpriced += row.unpriced
        for figures in (self.figures, self.figures_of(row.use_case)):
            figures.requests += 1
            if not row.unpriced:
                figures.cost.add(row.cost_nanos, row.cost_nanos, row.cost_nanos)
            if row.latency_ms is not None:
                figures.latency.add(row.latency_ms, row.latency_ms, row.latency_ms)
            if quality is not None:
                figures.quality.add(quality, quality, quality)
        if row.latency_ms is not None:
            self.stayed.add(row.latency_ms)
            self.timed[cluster] += 1
        if quality is not None:
            self.rated[cluster] += 1

    def figures_of(self, use_case: str | None) -> Figures:
        """Those of a use case."""
        name = self._told_apart(use_case)
        found = self.by_use_case.get(name)
        if found is None:
            found = self.by_use_case[name] = Figures()
        return found

    def _case(self, row: PastRow, ask: Ask, first: str, now: str, then: str) -> Case:
        served = f"{row.provider}/{row.model}"
        usage = row.usage
        return Case(
            id=row.id,
            cluster=self._cluster(row.user_id),
            use_case=row.use_case,
            work=self._work(row),
            first=first,
            served=served,
            usage=usage,
            most_tokens=ask.max_tokens,
            cost_nanos=row.cost_nanos,
            recorded_nanos=self._recorded(row, served),
            latency_ms=row.latency_ms,
            happened_quality=_quality(self._in_force, first),
            in_force=_pick(self._in_force, row, ask, served, now),
            proposed=_pick(self._proposed, row, ask, served, then),
        )

    def _recorded(self, row: PastRow, served: str) -> int | None:
        """What the answer alone cost, at the prices of its time."""
        if row.unpriced:
            return None
        if row.attempts == 1:
            return row.cost_nanos
        offer = self._in_force.offer(served)
        if offer is None:
            return row.cost_nanos
        return cost(row.usage, prices_at(offer.model.prices, row.at_ms / 1000)).total

    def _share(self, first: str, now: str, then: str) -> None:
        self._of(first).happened += 1
        self._of(now).in_force += 1
        self._of(then).proposed += 1
        if now != then:
            self._of(now).loses += 1
            self._of(then).gains += 1

    def _of(self, model: str) -> Share:
        found = self.shares.get(model)
        if found is None:
            found = self.shares[model] = Share()
        return found

    def _cluster(self, user_id: str) -> int:
        found = self._users.get(user_id)
        if found is None:
            found = self._users[user_id] = len(self._users) % CLUSTERS
        return found

    def _told_apart(self, use_case: str | None) -> str | None:
        if use_case is None or use_case in self._use_cases:
            return use_case
        if len(self._use_cases) >= MOST_USE_CASES:
            return OTHERS
        self._use_cases.add(use_case)
        return use_case

    def _work(self, row: PastRow) -> Work:
        return Work(
            kind=row.type or CHAT,
            use_case=self._told_apart(row.use_case),
            task=row.task_type,
            level=None if row.complexity is None else level_of(row.complexity).value,
        )


def _pick(side: Side, row: PastRow, ask: Ask, served: str, model: str) -> Pick:
    offer, who = side.offer(model), side.offer(served)
    factor = 1.0
    if offer is not None and who is not None and (counted := ask.tokens_for(who)):
        factor = ask.tokens_for(offer) / counted
    return Pick(
        model=model,
        offer=offer,
        prices=None if offer is None else side.prices(offer, row.at_ms),
        served_prices=None if who is None else side.prices(who, row.at_ms),
        factor=factor,
        quality=_quality(side, model),
    )


def _quality(side: Side, model: str) -> float | None:
    offer = side.offer(model)
    return None if offer is None else side.quality(offer)


def _why(note: NotedDecision, control: Decision) -> Why:
    """Why the model of then is not chosen now."""
    then = note.first
    if note.source is Source.BUDGET:
        return Why.BUDGET
    if any(each.id == then for each in control.left_out):
        return Why.GONE
    if note.source is not control.source or control.source is not Source.SCORE:
        return Why.RULES
    return Why.SCORES if note.weights == control.weights else Why.WEIGHTS
