"""Names resolve."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from baton.catalog.live import LiveCatalog
from baton.catalog.lookup import Catalog
from baton.catalog.model import Model
from baton.catalog.prices import FREE, Hours, Prices, Rates, Tariff
from baton.catalog.seed import packaged_models
from baton.catalog.tiers import DEFAULT_TIERS
from baton.core.errors import Invalid, NotFound
from baton.core.provider import ModelClasses, ProviderSpec

TODAY_S = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def provider(name: str, *aliases: str, local: bool = False, default: str | None = None) -> ProviderSpec:
    classes = ModelClasses(default=default, cheap=default, premium=default) if default else None
    return ProviderSpec(name=name, title=name, base_url="", aliases=aliases, local=local, classes=classes)


def model(name: str, provider: str = "acme", **fields: Any) -> Model:
    return Model(provider=provider, name=name, **fields)


PROVIDERS = (
    provider("acme", "anvil", default="large-20250102"),
    provider("zeta"),
    provider("home", local=True),
)
MODELS = (
    model("Large-20250102", aliases=("big",)),
    model("small-latest"),
    model("twin"),
    model("twin", "zeta"),
    model("acme/large", "zeta"),
    model("old", retired_at=date(2026, 1, 1), replaced_by="acme/middle"),
    model("middle", retired_at=date(2026, 6, 1), replaced_by="zeta/new"),
    model("new", "zeta"),
    model("gone", retired_at=date(2026, 1, 1)),
)


def catalog(*models: Model, strict: bool = False, now_s: float = TODAY_S) -> Catalog:
    return Catalog(models or MODELS, PROVIDERS, now_s, strict)


@pytest.mark.parametrize(
    "name",
    [
        "acme/Large-20250102",
        "ACME/large-20250102",
        "large-20250102",
        "Large",
        "acme/large",
        "big",
        "acme/BIG",
        "anvil/large",
        "Anvil/Big",
        "anvil",
        "acme",
    ],
)
def test_every_accepted_spelling_means_the_same_row(name: str) -> None:
    """Full, bare, undated and short names, provider words and any case; what was asked is kept as written."""
    found = catalog().resolve(name)
    assert (found.offer.id, found.asked, found.known, found.note) == ("acme/Large-20250102", name, True, None)


def test_a_bare_name_of_two_providers_is_refused_with_both() -> None:
    """An ambiguous name lists the full names to choose from."""
    with pytest.raises(Invalid, match="acme/twin, zeta/twin") as refused:
        catalog().resolve("Twin")
    assert (refused.value.code, refused.value.param) == ("ambiguous_model", "model")
    assert catalog().resolve("zeta/twin").offer.id == "zeta/twin"


def test_a_bare_name_that_only_one_provider_still_serves_is_unique() -> None:
    """Retired and disabled namesakes do not stand in the way."""
    rows = (model("twin", retired_at=date(2026, 1, 1)), model("twin", "zeta"))
    assert catalog(*rows).resolve("twin").offer.id == "zeta/twin"
    assert catalog(model("twin", is_enabled=False), rows[1]).resolve("twin").offer.id == "zeta/twin"


def test_a_retired_model_that_is_named_is_still_meant() -> None:
    """The catalog may be mistaken about the day, so the provider is asked; the note says what is known."""
    found = catalog().resolve("acme/old")
    assert (found.offer.id, found.offer.retired) == ("acme/old", True)
    assert found.note == "acme/old was retired on 2026-01-01."
    assert catalog(now_s=at("2025-12-31T23:59:59")).resolve("old").note is None


def with_default(*models: Model, now_s: float = TODAY_S) -> Catalog:
    return Catalog(models, (provider("acme", default="old"), provider("zeta")), now_s)


def test_a_provider_word_means_what_takes_its_retired_defaults_place() -> None:
    """Successors are followed to one that is served; the note names both ends and the day."""
    found = with_default(*MODELS).resolve("acme")
    assert found.offer.id == "zeta/new"
    assert found.note == "acme/old was retired on 2026-01-01; zeta/new takes its place."
    assert with_default(*MODELS, now_s=at("2025-12-31T23:59:59")).resolve("acme").offer.id == "acme/old"
    assert with_default(*MODELS, now_s=at("2026-01-01T00:00:00")).resolve("acme").offer.id == "acme/middle"


def test_a_retired_default_without_a_successor_stays_itself() -> None:
    """Nothing is put in its place; the offer says that it is retired."""
    found = with_default(model("old", retired_at=date(2026, 1, 1))).resolve("acme")
    assert (found.offer.id, found.offer.retired, found.note) == ("acme/old", True, None)


def test_successors_in_a_circle_end() -> None:
    """Two retired models that name each other do not hang the look-up."""
    day = date(2026, 1, 1)
    rows = (
        model("old", retired_at=day, replaced_by="acme/b"),
        model("b", retired_at=day, replaced_by="acme/old"),
    )
    assert with_default(*rows).resolve("acme").offer.retired


def test_an_unknown_name_is_not_found_and_the_nearest_are_named() -> None:
    """`model_not_found` with a suggestion; a monstrous name is cut."""
    with pytest.raises(NotFound, match="Did you mean acme/small-latest") as refused:
        catalog().resolve("smal-latest")
    assert (refused.value.code, refused.value.param) == ("model_not_found", "model")
    with pytest.raises(NotFound) as refused:
        catalog().resolve("x" * 100_000)
    assert len(refused.value.message) < 200


def test_any_name_of_a_known_provider_is_passed_on_unpriced() -> None:
    """What the catalog does not know the provider may; its declared capabilities are assumed."""
    found = catalog().resolve("anvil/Some-New")
    assert (found.offer.id, found.known, found.prices) == ("acme/Some-New", False, None)
    assert found.model.capabilities == PROVIDERS[0].capabilities | {"text"}


def test_a_local_provider_costs_nothing_unless_priced() -> None:
    """Models on one's own machine are free, in the catalog or not."""
    price = Prices(standard=Tariff(rates=Rates(input=1, output=1)))
    known = catalog(model("dear", "home", prices=(price,)), model("plain", "home"))
    assert known.resolve("home/anything").prices == FREE
    assert known.resolve("home/plain").prices == FREE
    assert known.resolve("home/dear").prices == price


@pytest.mark.parametrize("name", ["acme/unheard-of", "acme/", "nobody/x", "acme/a b", "acme/a\nb", ""])
def test_strict_passes_nothing_on(name: str) -> None:
    """With strict models only the catalog counts; names no provider could have are never passed on."""
    with pytest.raises(NotFound):
        catalog(strict=True).resolve(name)
    if name != "acme/unheard-of":
        with pytest.raises(NotFound):
            catalog().resolve(name)


def test_a_hosts_copy_of_a_model_is_never_taken_for_the_providers_own() -> None:
    """`acme/large` is acme's, though zeta hosts a model of that very name."""
    rows = (model("acme/large", "zeta"),)
    assert catalog(*rows).resolve("acme/large").known is False
    assert catalog(*rows).resolve("zeta/acme/large").known is True


def test_the_packaged_aliases_resolve() -> None:
    """Short and undated historical names find their rows."""
    packaged = Catalog(packaged_models(DEFAULT_TIERS), (), at("2025-01-15T00:00:00"))
    for short, full in [
        ("claude-3-5-sonnet", "anthropic/claude-3-5-sonnet-20241022"),
        ("claude-3-opus", "anthropic/claude-3-opus-20240229"),
        ("grok-2", "xai/grok-2-latest"),
        ("gpt-4-turbo-preview", "openai/gpt-4-turbo"),
        ("GPT-4o", "openai/gpt-4o"),
    ]:
        assert packaged.resolve(short).offer.id == full


class Calendar:
    """A clock that is set by hand."""

    def __init__(self, now_s: float) -> None:
        self.now_s = now_s

    def wall(self) -> float:
        return self.now_s

    def monotonic(self) -> float:
        return self.now_s


def test_the_live_catalog_follows_the_calendar_and_the_rows() -> None:
    """The same object while nothing changes; a new one at a price's hour, a retirement, a changed row."""
    peak = Prices(standard=Tariff(rates=Rates(input=2, output=2)), hours=Hours(start=60, end=120))
    always = Prices(standard=Tariff(rates=Rates(input=1, output=1)))
    clock = Calendar(at("2026-05-31T00:30:00"))
    live = LiveCatalog((*MODELS, model("peaky", prices=(always, peak))), PROVIDERS, clock)
    first = live.current()
    assert live.current() is first
    assert first.resolve("peaky").prices == always
    clock.now_s = at("2026-05-31T01:00:00")
    assert live.current().resolve("peaky").prices == peak
    assert not live.current().resolve("middle").offer.retired
    clock.now_s = at("2026-06-01T00:00:00")
    assert live.current().resolve("middle").offer.retired
    live.replace(MODELS[:1])
    assert [offer.id for offer in live.current().offers] == ["acme/Large-20250102"]


def test_prices_say_which_edition_of_which_revision_they_are() -> None:
    """The record's revision and the entry's days and hours; what is free at home says so; else nothing."""
    always = Prices(standard=Tariff(rates=Rates(input=1, output=1)))
    later = Prices(standard=always.standard, valid_from=date(2026, 5, 31))
    peak = Prices(standard=always.standard, valid_from=date(2026, 5, 31), hours=Hours(start=60, end=1440))
    rows = (
        model("one", prices=(always,)),
        model("two", prices=(always, later)),
        model("three", prices=(always, later, peak)),
        model("four"),
        model("five", "home"),
    )
    live = LiveCatalog((), PROVIDERS, Calendar(at("2026-05-31T12:00:00")))
    live.replace(rows, {"acme/one": 1, "acme/two": 7, "acme/three": 2, "acme/four": 1, "home/five": 1})
    versions = {offer.id: offer.price_version for offer in live.current().offers}
    assert versions == {
        "acme/one": "r1@initial",
        "acme/two": "r7@2026-05-31",
        "acme/three": "r2@2026-05-31/01:00-24:00",
        "acme/four": "",
        "home/five": "local",
    }
    assert live.current().resolve("home/anything").offer.price_version == "local"
