"""Models in and out as admins write them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic.alias_generators import to_camel

from baton.catalog import admin_body
from baton.catalog.price_body import FEE_NAMES
from baton.catalog.seed import packaged_models
from baton.catalog.tiers import DEFAULT_TIERS
from baton.core.errors import Invalid
from baton.core.money import usd_text
from baton.core.usage import Charge

SMALL = {"provider": "acme", "name": "small-1"}


def read(**fields: Any) -> Any:
    return admin_body.read({**SMALL, **fields}, DEFAULT_TIERS)


@pytest.mark.parametrize("model", packaged_models(DEFAULT_TIERS), ids=lambda m: m.id)
def test_what_is_written_reads_back_the_same(model: Any) -> None:
    """Nothing is lost between a row and its body, for every packaged model."""
    assert admin_body.read(admin_body.write(model), DEFAULT_TIERS) == model


@given(st.integers(0, 10**18), st.integers(0, 10**18))
def test_every_price_survives_the_trip_exactly(price_in: int, price_out: int) -> None:
    """Any whole number of nano-dollars per million tokens comes back as itself."""
    model = read()
    priced = admin_body.read(
        {"pricePer": "1M", "prices": {"input": usd_text(price_in), "output": usd_text(price_out)}},
        DEFAULT_TIERS,
        model,
    )
    assert priced.prices[0].standard.rates.input == price_in
    assert admin_body.read(admin_body.write(priced), DEFAULT_TIERS) == priced


def test_prices_per_thousand_and_per_million_mean_the_same() -> None:
    """0.00015 USD per 1K is 0.15 USD per 1M; numbers and strings are both taken."""
    thousand = read(pricePer="1K", prices={"input": "0.00015", "output": 0.0006})
    million = read(pricePer="1M", prices={"input": 0.15, "output": "0.60"})
    assert thousand == million
    assert admin_body.write(thousand)["prices"] == [{"input": "0.15", "output": "0.6"}]


def test_fees_and_other_processing_are_prices_as_all_are() -> None:
    """A fee says what it is for and heeds no unit of tokens; a tariff for a provider's word heeds it."""
    model = read(
        pricePer="1K",
        prices={
            "input": "0.001",
            "output": "0.002",
            "imageOut": "0.03",
            "processing": {"priority": {"input": "0.002", "output": "0.004"}},
            "fees": {"thousandWebSearches": "10", "hourOfSound": 0.36, "picture": "0.04"},
        },
    )
    (entry,) = model.prices
    assert entry.fees == {Charge.WEB_SEARCH: 10**10, Charge.SOUND: 360_000_000, Charge.PICTURE: 40_000_000}
    assert entry.standard.rates.image_out == 30 * 10**9
    assert entry.processing["priority"].rates.input == 2 * 10**9
    written = admin_body.write(model)["prices"]
    assert written == [
        {
            "input": "1",
            "output": "2",
            "imageOut": "30",
            "processing": {"priority": {"input": "2", "output": "4"}},
            "fees": {"thousandWebSearches": "10", "hourOfSound": "0.36", "picture": "0.04"},
        }
    ]
    assert admin_body.read(admin_body.write(model), DEFAULT_TIERS) == model


@pytest.mark.parametrize("charge", Charge)
def test_every_charge_has_a_fee_that_can_be_written(charge: Charge) -> None:
    """What is counted can be priced."""
    name = to_camel(FEE_NAMES[charge])
    (entry,) = read(pricePer="1M", prices={"input": "0", "output": "0", "fees": {name: "3"}}).prices
    assert entry.fees == {charge: 3 * 10**9}


def test_free_and_unpriced_are_different() -> None:
    """Zero is a price; null is none."""
    assert read(pricePer="1M", prices={"input": "0", "output": 0}).prices[0].standard.rates.input == 0
    assert read(prices=None).prices == ()
    assert read().prices == ()


def test_tiers_capabilities_and_rules_may_be_written_in_every_accepted_way() -> None:
    """Tiers by any of their words, capabilities as a list or as switches, rules nested or flat."""
    nested = read(
        tierAccess=["Premium", "ENTERPRISE", "free"],
        capabilities={"text": True, "vision": True, "audio": False},
        routingRules={"preferredFor": ["chat"], "avoidFor": ["greeting"]},
    )
    flat = read(
        tierAccess=["expert", "master", "free"],
        capabilities=["vision", "text"],
        preferredFor=["chat"],
        avoidFor=["greeting"],
    )
    assert nested == flat
    assert flat.tier_access == {"free", "expert", "master"}


def test_an_update_changes_only_what_it_names() -> None:
    """Fields that the body leaves out keep their values."""
    model = read(quality=0.8, pricePer="1M", prices={"input": "1", "output": "2"}, dailyBudgetUsd="12.5")
    changed = admin_body.read({"quality": 0.9}, DEFAULT_TIERS, model)
    assert changed.quality == 0.9
    assert (changed.prices, changed.daily_budget, changed.id) == (model.prices, 12_500_000_000, model.id)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"quality": 1.01}, "quality"),
        ({"priority": 1001}, "priority"),
        ({"contextWindow": 0}, "contextWindow"),
        ({"contextWindow": 100, "maxOutputTokens": 101}, "maxOutputTokens"),
        ({"speedTier": "warp"}, "speedTier"),
        ({"tierAccess": ["gold"]}, "tierAccess"),
        ({"capabilities": "vision"}, "capabilities"),
        ({"routingRules": {"never": []}}, "routingRules.never"),
        ({"name": "two words"}, "name"),
        ({"retiredAt": "soon"}, "retiredAt"),
        ({"deprecatedAt": "2026-02-01", "retiredAt": "2026-01-01"}, "retiredAt"),
        ({"replacedBy": "acme/small-1"}, "replacedBy"),
        ({"dailyBudgetUsd": "-1"}, "dailyBudgetUsd"),
        ({"dailyBudget": 5}, "dailyBudget"),
        ({"maxRetries": 11}, "maxRetries"),
        ({"maxRetries": -1}, "maxRetries"),
        ({"colour": "blue"}, "colour"),
        ({"prices": {"input": "1", "output": "1"}}, "pricePer"),
        ({"pricePer": "1G", "prices": {"input": "1", "output": "1"}}, "pricePer"),
        ({"pricePer": "1M", "prices": {"input": "-1", "output": "1"}}, "prices.input"),
        ({"pricePer": "1M", "prices": {"input": "NaN", "output": "1"}}, "prices.input"),
        ({"pricePer": "1M", "prices": {"input": "0.0000000001", "output": "1"}}, "prices.input"),
        ({"pricePer": "1M", "prices": {"input": "1000000001", "output": "1"}}, "prices.input"),
        ({"pricePer": "1K", "prices": {"input": "1", "output": "1000001"}}, "prices.output"),
        ({"pricePer": "1M", "prices": {"input": "1e400", "output": "1"}}, "prices.input"),
        ({"pricePer": "1M", "prices": {"input": "1"}}, "prices.output"),
        (
            {"pricePer": "1M", "prices": {"input": "1", "output": "1", "fees": {"tea": "1"}}},
            "prices.fees.tea",
        ),
        (
            {"pricePer": "1M", "prices": {"input": "1", "output": "1", "fees": {"picture": "-1"}}},
            "prices.fees.picture",
        ),
        (
            {
                "pricePer": "1M",
                "prices": {"input": "1", "output": "1", "processing": {"flex": {"input": "1"}}},
            },
            "prices.processing[...].output",
        ),
        ({"pricePer": "1M", "prices": {"input": "1", "output": "1", "tea": "1"}}, "prices.tea"),
        (
            {
                "pricePer": "1M",
                "prices": [{"input": 1, "output": 1, "hours": {"from": "25:00", "to": "26:00"}}],
            },
            "prices[0].hours.from",
        ),
        (
            {
                "pricePer": "1M",
                "prices": {"input": 1, "output": 1, "hours": {"from": "04:00", "to": "01:00"}},
            },
            "prices",
        ),
    ],
)
def test_a_wrong_field_is_refused_by_name(fields: dict[str, Any], param: str) -> None:
    """Each mistake names the field that is wrong."""
    with pytest.raises(Invalid) as refused:
        read(**fields)
    assert refused.value.param == param


@pytest.mark.parametrize("name", ["..", ".", "a/../b", "../a", "a/..", "./a", "a/./b"])
def test_a_name_that_would_move_the_path_is_refused(name: str) -> None:
    """It may stand in a provider's address; dots that are no step of their own are welcome."""
    with pytest.raises(Invalid) as caught:
        read(name=name)
    assert caught.value.param == "name"
    assert read(name="gpt-4.1/..a/b..").name == "gpt-4.1/..a/b.."
