"""What is proposed to a backtest: bodies like those that would be set."""

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, TypeVar

from msgspec import Struct
from pydantic import ConfigDict, Field, JsonValue

from baton.api.admin.agent_routing import RoutingAsked, routing_asked
from baton.api.admin.routing_rules import ListedRule, rule_asked
from baton.api.admin.routing_weights import WeightsAsked, weighing_asked
from baton.api.bodies import Asked
from baton.api.problems import Mistaken, Wrong
from baton.catalog import admin_body
from baton.catalog.chains import id_of
from baton.catalog.kind import model_kind
from baton.catalog.lookup import Catalog
from baton.catalog.model import Model
from baton.catalog.tiers import Tiers
from baton.core.errors import Invalid
from baton.gateway.routing.rules.agents import agents_kind
from baton.gateway.routing.rules.use_cases import rules_kind
from baton.gateway.routing.weighing import weighings_kind
from baton.records.kind import RecordKind
from baton.records.store import Records
from baton.watch.backtest.backtests import MOST_ROWS
from baton.watch.backtest.proposal import Proposal

T = TypeVar("T", bound=Struct)

_MOST = 1000
_EXAMPLE: dict[str, JsonValue] = {
    "rules": [{"useCase": "chat", "preferred": ["simulated/lorem"]}],
    "prices": [{"model": "simulated/echo", "pricePer": "1M", "prices": {"input": "1", "output": "2"}}],
    "sample": 10_000,
}


class ListedRouting(RoutingAsked):
    """A routing with its agent."""

    agent: str


class ListedWeights(WeightsAsked):
    """Weights with whose they are: `default`, or a profile's."""

    name: str


class PriceAsked(Asked):
    """A model's price list, as its row would have it."""

    model: Annotated[str, Field(description="Any name of a model that has a row.")]
    price_per: Annotated[str, Field(description="`1M` or `1K` tokens.")] = "1M"
    prices: Annotated[Any, Field(description="One entry, or a list of them; null: unpriced.")]


class BacktestAsked(Asked):
    """What is proposed; what is not named stays as it is. A rule that is to go is proposed as not enabled.

    `since`: 30 days ago, if not said; `until`: not included; now, if not said. `sample`: of more interactions
    about so many are drawn.
    """

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    rules: Annotated[tuple[ListedRule, ...], Field(max_length=_MOST)] = ()
    agents: Annotated[tuple[ListedRouting, ...], Field(max_length=_MOST)] = ()
    weights: Annotated[tuple[ListedWeights, ...], Field(max_length=_MOST)] = ()
    prices: Annotated[tuple[PriceAsked, ...], Field(max_length=_MOST)] = ()
    since: datetime | None = None
    until: datetime | None = None
    sample: Annotated[int, Field(ge=1, le=MOST_ROWS)] = MOST_ROWS

    def proposal(self, catalog: Catalog, models: Records[Model], tiers: Tiers) -> Proposal:
        """What the body means.

        Raises:
            Mistaken: something of it could not be set; each place is named.
        """
        found = _Found()
        rules = [
            found.value(f"rules[{at}]", rules_kind(), partial(rule_asked, catalog, each.use_case, each))
            for at, each in enumerate(self.rules)
        ]
        agents = [
            found.value(f"agents[{at}]", agents_kind(), partial(routing_asked, catalog, each.agent, each))
            for at, each in enumerate(self.agents)
        ]
        weights = [
            found.value(f"weights[{at}]", weighings_kind(), partial(weighing_asked, catalog, each.name, each))
            for at, each in enumerate(self.weights)
        ]
        rows = [
            found.value(f"prices[{at}]", model_kind(tiers), partial(_repriced, catalog, models, tiers, each))
            for at, each in enumerate(self.prices)
        ]
        if found.wrong:
            raise Mistaken(found.wrong)
        return Proposal(
            rules=tuple(each for each in rules if each is not None),
            agents=tuple(each for each in agents if each is not None),
            weights=tuple(each for each in weights if each is not None),
            models=tuple(each for each in rows if each is not None),
        )


class _Found:
    """Takes values that could be set, each key once, and notes what is wrong with the others."""

    def __init__(self) -> None:
        self.wrong: list[Wrong] = []
        self._keys: set[tuple[str, str]] = set()

    def value(self, place: str, kind: RecordKind[T], make: Callable[[], T]) -> T | None:
        """The value at a place; None: it could not be set."""
        try:
            value = make()
            key = (kind.name, kind.checked_key(value))
            if key in self._keys:
                raise Invalid(f"{key[1]} is there twice.")
        except Invalid as error:
            self.wrong.append(Wrong(f"{place}.{error.param}" if error.param else place, error.message))
            return None
        self._keys.add(key)
        return value


def _repriced(catalog: Catalog, models: Records[Model], tiers: Tiers, asked: PriceAsked) -> Model:
    row = models.get(id_of(catalog, "model", asked.model)).value
    return admin_body.read({"pricePer": asked.price_per, "prices": asked.prices}, tiers, row)
