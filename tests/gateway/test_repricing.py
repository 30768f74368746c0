"""Attempts of the past at today's knowledge of the prices of their time."""

from collections.abc import Mapping
from datetime import UTC, date, datetime

import pytest
from msgspec.structs import replace

from baton.catalog.almanac import packaged_almanac
from baton.catalog.model import Model
from baton.catalog.prices import Prices, Rates, Tariff
from baton.core.usage import Charge, Usage
from baton.gateway.repricing import PastPrices
from baton.ledger.repricings import Priced, Spent
from baton.records.kind import Origin, Record
from baton.upstream.directory import declared

USD = 10**9
RATES = Rates(input=2 * USD, output=8 * USD, cached=USD, cache_write=3 * USD, cache_write_long=4 * USD)
LISTED = Prices(
    standard=Tariff(rates=RATES),
    batch=Tariff(rates=Rates(input=USD, output=4 * USD)),
    processing={"flex": Tariff(rates=Rates(input=USD, output=4 * USD, cached=USD // 2))},
    fees={Charge.WEB_SEARCH: 10 * USD},
)
DEARER = replace(LISTED, standard=Tariff(rates=replace(RATES, input=20 * USD)), valid_from=date(2026, 6, 1))
HEARD = Prices(standard=Tariff(rates=Rates(input=0, output=0)), fees={Charge.SOUND: 36 * USD})


def catalog() -> Mapping[str, Record[Model]]:
    rows = (
        Model(provider="openai", name="listed", prices=(LISTED, DEARER)),
        Model(provider="openai", name="unlisted"),
        Model(
            provider="openai",
            name="listener",
            prices=(HEARD,),
            required_capabilities=frozenset({"transcriptions"}),
        ),
        Model(
            provider="openai",
            name="reader",
            prices=(Prices(standard=Tariff(rates=RATES)),),
            required_capabilities=frozenset({"transcriptions"}),
        ),
    )
    return {
        row.id: Record(
            key=row.id, value=row, revision=3, origin=Origin.SEED, changed_at_ms=0, changed_by="seed"
        )
        for row in rows
    }


def again(usage: Usage, model: str = "listed", provider: str = "openai", day: str = "2026-03-01") -> Priced:
    at_ms = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)
    spent = Spent(provider=provider, model=model, at_ms=at_ms, usage=usage)
    return PastPrices(catalog(), declared(), packaged_almanac())(spent)


PLAIN = Usage(prompt=1000, completion=100)


@pytest.mark.parametrize(
    ("usage", "input_nanos", "output_nanos", "partly"),
    [
        (PLAIN, 2_000_000, 800_000, False),
        (replace(PLAIN, cached=400), 1_200_000 + 400_000, 800_000, False),
        (
            replace(PLAIN, cache_write=500, cache_write_long=200),
            1_000_000 + 900_000 + 800_000,
            800_000,
            False,
        ),
        (replace(PLAIN, processing="flex", cached=400), 600_000 + 200_000, 400_000, False),
        (replace(PLAIN, processing="batch"), 1_000_000, 400_000, False),
        (replace(PLAIN, processing="priority"), 2_000_000, 800_000, True),
        (replace(PLAIN, charges=((Charge.WEB_SEARCH, 3),)), 2_000_000 + 30_000_000, 800_000, False),
        (replace(PLAIN, charges=((Charge.FILE_SEARCH, 3),)), 2_000_000, 800_000, True),
        (replace(PLAIN, beside=True), 2_000_000, 800_000, True),
    ],
)
def test_every_kind_of_use_is_priced_as_it_is_at_first(
    usage: Usage, input_nanos: int, output_nanos: int, partly: bool
) -> None:
    """Long-kept cache writes, tiers and searches, each at its own price of that day; the rest says it is not
    all."""
    found = again(usage)
    assert found.cost is not None
    assert (found.cost.input_nanos, found.cost.output_nanos) == (input_nanos, output_nanos)
    assert (found.partly, found.version) == (partly, "r3@initial")


def test_the_price_is_that_of_the_day() -> None:
    """From the first day on that the list names, the new price; the version says which it was."""
    before, after = again(PLAIN, day="2026-05-31"), again(PLAIN, day="2026-06-01")
    assert before.cost is not None
    assert after.cost is not None
    assert (before.cost.input_nanos, after.cost.input_nanos) == (2_000_000, 20_000_000)
    assert (before.version, after.version) == ("r3@initial", "r3@2026-06-01")


def test_what_only_the_price_package_knows_has_its_price() -> None:
    """A model that the catalog has no row of: by its name, dated or not, never by one that begins alike."""
    found = again(PLAIN, "claude-sonnet-4-5-20250929", "anthropic")
    assert found.cost is not None
    assert (found.cost.input_nanos, found.cost.output_nanos) == (3_000_000, 1_500_000)
    assert found.version.startswith("package@")
    assert again(PLAIN, "claude-sonnet-4-5-of-mine", "anthropic").cost is None


def test_what_nobody_lists_is_unknown_and_what_runs_here_is_free() -> None:
    """A model without prices, one that is not in the catalog, and one of one's own machine."""
    assert again(PLAIN, "unlisted").cost is None
    assert again(PLAIN, "nobodys").cost is None
    local = again(PLAIN, "llama3", "ollama")
    assert local.cost is not None
    assert (local.cost.total_nanos, local.version) == (0, "local")


def test_a_guess_at_tokens_is_no_cost_of_sound() -> None:
    """Ten seconds are; words without a length are not, be their model paid by the hour or by tokens."""
    guessed = Usage(prompt=30, completion=9, estimated=True)
    heard = again(replace(guessed, charges=((Charge.SOUND, 10_000),)), "listener")
    assert heard.cost is not None
    assert heard.cost.total_nanos == 100_000_000
    assert again(guessed, "listener").cost is None
    assert again(guessed, "reader").cost is None
    counted = again(replace(guessed, estimated=False), "reader")
    assert counted.cost is not None
