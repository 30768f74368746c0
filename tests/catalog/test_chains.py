"""Chains of fallbacks: what may be listed, and what a new installation begins with."""

from datetime import date

import pytest

from baton.catalog.chains import FallbackChain, chain_of, chains_kind, followers, packaged_chains
from baton.catalog.lookup import Catalog
from baton.catalog.model import Model
from baton.catalog.seed import packaged_models
from baton.catalog.tiers import DEFAULT_TIERS
from baton.core.errors import Invalid, NotFound
from baton.core.provider import ProviderSpec
from baton.records.kind import Origin, Record

KIND = chains_kind()
NOW_S = 1_795_000_000.0  # November 2026
SPECS = [ProviderSpec(name=name, title=name, base_url="") for name in ("a", "b")]
ROWS = [
    Model(provider="a", name="one-2026-01-01"),
    Model(provider="a", name="two", aliases=("second",)),
    Model(provider="a", name="old", retired_at=date(2026, 1, 1), replaced_by="a/two"),
    Model(provider="b", name="two"),
    Model(provider="b", name="deep/three"),
]


def catalog(strict: bool = False) -> Catalog:
    return Catalog(ROWS, SPECS, NOW_S, strict)


def test_the_two_chains_of_the_specification_come_with_baton() -> None:
    """Under the ids of the catalog, each of which has a row."""
    assert packaged_chains() == (
        FallbackChain(
            model="openai/gpt-4o",
            fallbacks=("openai/gpt-4o-mini", "anthropic/claude-3-5-sonnet-20241022"),
        ),
        FallbackChain(
            model="anthropic/claude-3-5-sonnet-20241022",
            fallbacks=("openai/gpt-4o", "google/gemini-1.5-pro"),
        ),
    )
    ids = {model.id for model in packaged_models(DEFAULT_TIERS)}
    for chain in packaged_chains():
        assert {chain.model, *chain.fallbacks} <= ids
        assert KIND.checked_key(chain) == chain.model


def test_any_name_of_a_model_is_written_down_as_its_id() -> None:
    """Aliases and undated names in any case; a retired model stays itself, its heir is found when needed."""
    chain = chain_of(catalog(), "b/deep/three", ["SECOND", "a/one", "b/Two", "a/old"])
    assert chain.fallbacks == ("a/two", "a/one-2026-01-01", "b/two", "a/old")


@pytest.mark.parametrize("strict", [False, True])
def test_a_slip_of_the_pen_is_told_with_the_nearest_name(strict: bool) -> None:
    """Also where such a name could be passed on to its provider: nobody but admins would be served by it."""
    with pytest.raises(Invalid, match="Did you mean a/two") as wrong:
        chain_of(catalog(strict), "b/two", ["a/old", "a/twoo"])
    assert (wrong.value.code, wrong.value.param) == ("model_not_found", "fallbacks[1]")
    with pytest.raises(NotFound, match="Did you mean b/two"):
        chain_of(catalog(strict), "b/twoo", ["a/two"])
    with pytest.raises(NotFound):
        chain_of(catalog(strict), "second", ["b/two"])


def test_a_name_of_two_models_is_refused_by_its_place() -> None:
    """Whoever writes it has to say which."""
    with pytest.raises(Invalid, match="a/two, b/two") as wrong:
        chain_of(catalog(), "b/deep/three", ["two"])
    assert (wrong.value.code, wrong.value.param) == ("ambiguous_model", "fallbacks[0]")


@pytest.mark.parametrize(
    ("fallbacks", "place"),
    [
        (("b/x", "a/x"), "fallbacks[1]"),
        (("b/x", "b/y", "b/x"), "fallbacks[2]"),
        ((), "fallbacks"),
        (tuple(f"b/{number}" for number in range(9)), "fallbacks"),
        (("bare",), "fallbacks[0]"),
        (("b/../x",), "fallbacks[0]"),
    ],
)
def test_a_chain_is_one_to_eight_other_models(fallbacks: tuple[str, ...], place: str) -> None:
    """None of them twice, nor the model itself; each an id. The place of what is wrong is told."""
    with pytest.raises(Invalid) as wrong:
        KIND.checked_key(FallbackChain(model="a/x", fallbacks=fallbacks))
    assert wrong.value.param == place


def test_who_follows_is_found_by_the_exact_id() -> None:
    """A model without a chain has no followers."""
    chain = FallbackChain(model="a/x", fallbacks=("b/y", "b/z"))
    record = Record(
        key="a/x", value=chain, revision=1, origin=Origin.ADMIN, changed_at_ms=0, changed_by="tests"
    )
    assert followers({"a/x": record}, "a/x") == ("b/y", "b/z")
    assert followers({"a/x": record}, "a/X") == ()
