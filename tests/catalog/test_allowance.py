"""Which models a key's list means."""

import pytest

from baton.catalog.allowance import allowance
from baton.catalog.lookup import Catalog
from baton.catalog.model import Model
from baton.core.provider import ProviderSpec

MODELS = [
    Model(provider="acme", name="large-1-2025-01-01", aliases=("grand",)),
    Model(provider="acme", name="small-1"),
    Model(provider="other", name="small-1"),
    Model(provider="other", name="team/small-2"),
]
SPECS = [
    ProviderSpec(name=name, title=name, base_url="", aliases=aliases)
    for name, aliases in (("acme", ("acme-ai",)), ("other", ()))
]
CATALOG = Catalog(MODELS, SPECS, 0.0)


def meant(*words: str) -> list[str]:
    found = allowance(CATALOG, words)
    return [offer.id for offer in CATALOG.offers if found.holds(offer)]


@pytest.mark.parametrize(
    ("words", "ids"),
    [
        (["acme/small-1"], ["acme/small-1"]),
        (["ACME/Small-1"], ["acme/small-1"]),
        (["grand"], ["acme/large-1-2025-01-01"]),
        (["large-1"], ["acme/large-1-2025-01-01"]),
        (["acme-ai/large-1"], ["acme/large-1-2025-01-01"]),
        (["small-1"], ["acme/small-1", "other/small-1"]),
        (["acme/*"], ["acme/large-1-2025-01-01", "acme/small-1"]),
        (["Acme-AI/*"], ["acme/large-1-2025-01-01", "acme/small-1"]),
        (["small*"], ["acme/small-1", "other/small-1"]),
        (["*/*small*"], ["acme/small-1", "other/small-1", "other/team/small-2"]),
        (["acme/l*5-01-01"], ["acme/large-1-2025-01-01"]),
        (["acme/sm.ll*"], []),
        (["nothing"], []),
        (["acme/*", "other/team/small-2"], [MODELS[0].id, "acme/small-1", "other/team/small-2"]),
    ],
)
def test_a_list_means_what_its_names_and_patterns_resolve_to(words: list[str], ids: list[str]) -> None:
    """Ids, aliases, undated and bare names in any case; `*` for any part of an id, or of a name."""
    assert meant(*words) == ids


def test_only_a_name_that_is_written_out_opens_what_the_catalog_does_not_have() -> None:
    """A pattern would open whatever a provider has, at prices that nobody knows."""
    unlisted = CATALOG.resolve("acme/brand-new")
    assert not unlisted.known
    for words, opens in ((["acme/*"], False), (["acme/brand-new"], True), (["ACME-AI/brand-new"], True)):
        found = allowance(CATALOG, words)
        assert found.holds(unlisted.offer, known=False) is opens
        assert found.names(unlisted.offer) is opens
