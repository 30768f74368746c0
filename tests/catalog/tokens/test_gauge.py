"""Tokens by what is seen from outside."""

import pytest

from baton.catalog.almanac import Almanac
from baton.catalog.lookup import Catalog
from baton.catalog.model import Model
from baton.catalog.tokens.families import packaged_calibration
from baton.catalog.tokens.gauge import ROUGHLY, Gauge
from baton.catalog.unlisted import UnlistedPrices
from baton.core.chars import chars_of
from baton.core.provider import ProviderSpec
from tests.chaos.sayings import SAYINGS

NOTHING: frozenset[str] = frozenset()


def test_without_a_calibration_four_characters_are_a_token() -> None:
    """In prompts and in answers."""
    assert ROUGHLY.prompt_tokens(100, frozenset({"tools", "vision"})) == 100
    assert ROUGHLY.answer_tokens(chars_of("four" * 25)) == 25
    assert (ROUGHLY.answer_tokens_of(1), ROUGHLY.answer_tokens_of(100)) == (1, 25)


def test_tools_and_images_count_once_where_they_are() -> None:
    """By the capabilities that the request takes."""
    gauge = Gauge(once=7, rough=1.5, tools=300, image=500)
    assert gauge.prompt_tokens(10, NOTHING) == 22
    assert gauge.prompt_tokens(10, frozenset({"tools", "streaming"})) == 322
    assert gauge.prompt_tokens(10, frozenset({"tools", "vision"})) == 822
    assert gauge.prompt_tokens(10, frozenset({"embeddings"})) == 10, "what is no chat has no frame"


@pytest.mark.parametrize("kind", SAYINGS)
def test_an_answer_is_counted_by_what_it_is_made_of(kind: str) -> None:
    """Within a fifth of the tokens that a public encoding has, whatever the text."""
    pieces = SAYINGS[kind]
    gauge = packaged_calibration().gauge_of("gpt-4o")
    assert gauge.answer_tokens(chars_of("".join(pieces))) == pytest.approx(len(pieces), rel=0.2)


def test_each_model_has_the_gauge_of_its_family() -> None:
    """Models that the catalog does not know too; what is no chat is not framed as one."""
    calibration = packaged_calibration()
    rows = [
        Model(provider="a", name="claude-opus-4-5", capabilities=frozenset({"text"})),
        Model(provider="a", name="text-embedding-3-small", capabilities=frozenset({"embeddings"})),
    ]
    spec = ProviderSpec(name="a", title="A", base_url="")
    catalog = Catalog(rows, (spec,), 0.0, almanac=Almanac(calibration=calibration, prices=UnlistedPrices({})))
    gauges = {name: catalog.resolve(f"a/{name}").offer.gauge for name in ("claude-opus-4-5", "grok-9")}
    assert gauges == {name: calibration.gauge_of(name) for name in gauges}
    assert gauges["claude-opus-4-5"].tools > 300
    assert catalog.resolve("a/text-embedding-3-small").offer.gauge is ROUGHLY
