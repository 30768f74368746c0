"""Ledgers of which the truth is known: a house of two models, and rows as its router would leave them."""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from baton.access.preferences.choices import NOTHING_CHOSEN
from baton.catalog.data_policy import NO_POLICIES
from baton.catalog.live import LiveCatalog
from baton.catalog.model import Model
from baton.catalog.pricing import cost
from baton.core.caller import Caller
from baton.core.provider import Auth, ProviderSpec
from baton.core.usage import Usage
from baton.gateway.routing.decision import Ask
from baton.gateway.routing.noted import NotedDecision, Notes, read_note
from baton.gateway.routing.observed import NOTHING_OBSERVED, Observed
from baton.gateway.routing.router import usual_weighing
from baton.gateway.routing.rules.rules import Rules
from baton.gateway.routing.rules.use_cases import UseCaseRule
from baton.gateway.routing.standing import UNDECIDED, Standing
from baton.ledger.moments import id_from
from baton.ledger.past import PastRow, Period
from baton.upstream.directory import Directory, ProviderSettings
from baton.watch.backtest.interval import Draws
from baton.watch.backtest.pace import Pace
from baton.watch.backtest.proposal import NOTHING, Proposal
from baton.watch.backtest.reckoning import Reckoning
from baton.watch.backtest.report import Report
from baton.watch.backtest.side import Deciding, Side
from baton.watch.backtest.tally import Tally
from tests.clocks import SetClock
from tests.gateway.routing.landscape import NOW_S, ask, model, prices

DEAR = model("a/dear", quality=0.9, prices=prices("2.5", "10"), avg_latency_ms=1200)
CHEAP = model("b/cheap", quality=0.7, prices=prices("0.5", "2"), avg_latency_ms=600)
CHAT_IS_DEAR = UseCaseRule(use_case="chat", preferred=("a/dear", "b/cheap"))
CHAT_IS_CHEAP = replace(CHAT_IS_DEAR, preferred=("b/cheap", "a/dear"))
PERIOD = Period(since_ms=int(NOW_S - 86_400) * 1000, until_ms=int(NOW_S) * 1000)


USUAL = Usage(prompt=200, completion=100)


class House:
    """Makes rows, and replays them."""

    def __init__(
        self,
        models: Iterable[Model] = (DEAR, CHEAP),
        rules: tuple[UseCaseRule, ...] = (CHAT_IS_DEAR,),
        configured: frozenset[str] = frozenset({"a", "b"}),
        observed: Observed = NOTHING_OBSERVED,
        **other: Any,
    ) -> None:
        specs = tuple(
            ProviderSpec(name=name, title=name, base_url="http://127.0.0.1:9", auth=Auth(required=False))
            for name in sorted({each.provider for each in models})
        )
        keys = {name: ProviderSettings(keys=("k",)) for name in configured}
        off = {spec.name: ProviderSettings(enabled=False) for spec in specs if spec.name not in configured}
        fields: dict[str, Any] = {
            "catalog": LiveCatalog(models, specs, SetClock(NOW_S)),
            "directory": Directory(specs, keys | off),
            "stand_ins": frozenset(),
            "chain": (),
            "way": UNDECIDED.way,
            "rules": lambda: rules,
            "agents": tuple,
            "agent_providers": {},
            "weighing": usual_weighing,
            "policies": lambda: NO_POLICIES,
            "observed": lambda: observed,
            "choices": lambda user_id: NOTHING_CHOSEN,
        }
        self.deciding = Deciding(**(fields | other))
        self._standing = Standing(rules=Rules({each.use_case: each for each in rules}.get))
        self.side = Side(self.deciding, NOTHING, observed, NOW_S)
        self._notes = Notes()
        self._made = 0

    def row(
        self,
        user: str = "u",
        usage: Usage = USUAL,
        asked: Ask | None = None,
        named: str | None = None,
        **columns: Any,
    ) -> PastRow:
        """One more that the router decided, or that `named` its model."""
        asked = ask(use_case="chat", input_tokens=200) if asked is None else asked
        routing, served = None, named
        if named is None:
            routing, served = self._decided(asked)
        assert served is not None
        provider, _, name = served.partition("/")
        offer = self.side.offer(served)
        paid = None if offer is None else cost(usage, offer.prices).total
        self._made += 1
        at_ms = PERIOD.since_ms + self._made
        fields: dict[str, Any] = {
            **dict.fromkeys(PastRow.__struct_fields__),
            "id": f"{id_from(at_ms)}-7000-8000-{self._made:012x}",
            "at_ms": at_ms,
            "user_id": user,
            "key_id": "k",
            "tier": "free",
            "use_case": asked.use_case,
            "agent": asked.agent,
            "type": "chat",
            "task_type": None if asked.task is None else asked.task.value,
            "complexity": asked.complexity,
            "status": "ok",
            "provider": provider,
            "model": name,
            "attempts": 1,
            "prompt_tokens": usage.prompt,
            "completion_tokens": usage.completion,
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_write,
            "cache_write_long_tokens": usage.cache_write_long,
            "reasoning_tokens": usage.reasoning,
            "audio_in_tokens": 0,
            "audio_out_tokens": 0,
            "image_in_tokens": 0,
            "image_out_tokens": 0,
            "usage_estimated": False,
            "cost_nanos": paid or 0,
            "unpriced": paid is None,
            "latency_ms": 1000,
            "routing": routing,
        }
        return PastRow(**(fields | columns))

    def tally(self, rows: Iterable[PastRow], proposal: Proposal = NOTHING) -> Tally:
        """The rows, decided again."""
        observed = self.deciding.observed()
        proposed = Side(self.deciding, proposal, observed, NOW_S)
        tally = Tally(proposal, self.side, proposed, Pace(sleep=lambda _: None))
        tally.take(list(rows))
        return tally

    @staticmethod
    def note(row: PastRow) -> NotedDecision:
        """What a row noted."""
        assert row.routing is not None
        return read_note(row.routing)

    def report(
        self,
        rows: Iterable[PastRow],
        proposal: Proposal,
        interactions: int | None = None,
        draws: Callable[[int], Draws] = Draws,
    ) -> Report:
        """What comes of it. `interactions`: of the period; None: these rows are all."""
        listed = list(rows)
        tally = self.tally(listed, proposal)
        count = len(listed) if interactions is None else interactions
        return Reckoning(tally, Pace(sleep=lambda _: None), draws).report(PERIOD, count)

    def _decided(self, asked: Ask) -> tuple[str | None, str]:
        completed = self._standing.completed(
            Caller(user_id="u", key_id="k", tier="free", roles=frozenset()), asked
        )
        decision = self.side.router.decide(completed, self.deciding.observed())
        return self._notes.of(decision), decision.chosen.offer.id


CHEAPER = Proposal(rules=(CHAT_IS_CHEAP,))
