"""Who would be asked after a model has failed, as people are told of it."""

from datetime import date

import pytest

from baton.catalog.live import LiveCatalog
from baton.catalog.lookup import Offer
from baton.catalog.model import Model
from baton.core.clock import SystemClock
from baton.core.errors import Unservable
from baton.core.provider import Auth, ProviderSpec
from baton.gateway.routing.alternatives import Alternatives
from baton.gateway.routing.conditions import Conditions
from baton.gateway.routing.live import LiveRouter
from baton.gateway.routing.outlook import Outlook, Outlooks
from baton.upstream.directory import Directory, ProviderSettings
from tests.gateway.routing.landscape import ask, model

NAMES = ("a", "b", "c", "away")
SPECS = tuple(
    ProviderSpec(name=name, title=name, base_url="http://127.0.0.1:9", auth=Auth(required=True))
    for name in NAMES
)
ROWS = (
    model("a/first", quality=0.9),
    model("a/second", quality=0.8),
    model("a/old", retired_at=date(2020, 1, 1), replaced_by="a/second"),
    model("a/gone", retired_at=date(2020, 1, 1)),
    model("b/good", quality=0.7),
    model("b/dear", quality=0.6, tier_access=frozenset({"pro"})),
    model("c/off", is_enabled=False),
    model("c/plain", quality=0.2),
    model("away/far"),
)


def outlook(
    *chain: str,
    name: str = "a/first",
    rows: tuple[Model, ...] = ROWS,
    shut: str = "",
    by_default: bool = True,
    tier: str = "free",
) -> Outlook:
    """What follows `name`, whose chain lists these."""
    keys = {each: ProviderSettings(keys=("k",)) for each in NAMES if each != "away"}

    def closed(offer: Offer) -> str | None:
        return "its breaker is open" if offer.id == shut else None

    router = LiveRouter(
        LiveCatalog(rows, SPECS, SystemClock()),
        Directory(SPECS, keys),
        frozenset({"c"}),
        conditions=Conditions(shut=closed),
    )

    def chains(of: str) -> tuple[str, ...]:
        return chain if of == "a/first" else ()

    alternatives = Alternatives(router, chains, by_default=by_default)
    return Outlooks(router, alternatives, chains, closed).of(name, ask(tier=tier))


def order(found: Outlook) -> list[str]:
    return [each.id for each in found.prospects]


def reasons(found: Outlook) -> dict[str, str]:
    return {each.id: each.reason for each in found.left_out}


def test_the_chain_comes_first_in_its_order_and_then_the_routers_next_best() -> None:
    """Nobody twice; who lists whom is told, and everybody else has a reason."""
    found = outlook("a/second", "b/good")
    assert [(each.id, each.chained) for each in found.prospects] == [("a/second", True), ("b/good", True)]
    assert order(outlook("b/good")) == ["b/good", "a/second"]
    assert order(outlook()) == ["b/good", "a/second"]
    told = reasons(found)
    assert {*order(found), *told, found.model} == {row.id for row in ROWS}
    assert told["b/dear"] == "not in the tier free"
    assert told["c/off"] == "switched off"
    assert "is not configured" in told["away/far"]
    assert order(outlook(tier="pro")) == ["b/good", "b/dear", "a/second"]


def test_a_retired_entry_means_what_takes_its_place() -> None:
    """The place in the chain is the heir's; an entry without an heir, or without a row, is passed over."""
    found = outlook("a/gone", "b/deleted", "a/old", "b/good")
    assert [(each.id, each.chained) for each in found.prospects] == [("a/second", True), ("b/good", True)]
    assert list(reasons(found).items())[:3] == [
        ("a/gone", "retired on 2020-01-01, and nothing takes its place"),
        ("b/deleted", "not in the catalog any more"),
        ("a/old", "retired; a/second takes its place"),
    ]


def test_an_entry_that_cannot_stand_in_is_passed_over_and_says_why() -> None:
    """Tiers, configuration and switches hold for chains too; so do open breakers and stand-ins."""
    found = outlook("away/far", "b/dear", "c/off", "c/plain", "a/second", "b/good", shut="a/second")
    assert order(found) == ["b/good"]
    told = reasons(found)
    assert next(iter(told)) == "a/second"
    assert told["a/second"] == "its breaker is open"
    assert told["c/plain"] == "stands in for no real provider"
    assert told["b/dear"] == "not in the tier free"


def test_where_fallback_is_off_nobody_follows_and_that_is_why() -> None:
    """The setting is named, for those who would have fitted."""
    found = outlook("b/good", by_default=False)
    assert order(found) == []
    assert "BATON_FALLBACK" in reasons(found)["b/good"]


def test_after_a_stand_in_no_real_provider_is_asked() -> None:
    """Whoever names one does not pay for another."""
    found = outlook(name="c/plain")
    assert order(found) == []
    assert "stand-in" in reasons(found)["b/good"]


def test_those_behind_the_last_that_would_be_tried_are_told() -> None:
    """There is an end to falling back, and it is no riddle."""
    many = tuple(model(f"b/{number}") for number in range(20))
    found = outlook("b/3", rows=(*ROWS[:1], *many))
    assert order(found)[0] == "b/3"
    assert set(reasons(found).values()) == {"enough others come before it"}
    assert len(found.prospects) + len(found.left_out) == 20


def test_a_model_that_cannot_be_asked_itself_has_no_outlook() -> None:
    """Its requests are refused before anything fails."""
    with pytest.raises(Unservable, match="not configured"):
        outlook(name="away/far")
