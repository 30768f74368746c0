"""Newer price data beside a row."""

from datetime import UTC, date, datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from baton.catalog.model import Model
from baton.catalog.prices import Hours, Prices, Rates, Tariff, in_force
from baton.catalog.refresh import Alteration, alterations, merged, refreshed
from baton.core.usage import Charge

TODAY = date(2026, 11, 21)


def entry(cost: int, day: date | None = None, hours: Hours | None = None) -> Prices:
    return Prices(standard=Tariff(rates=Rates(input=cost, output=cost)), valid_from=day, hours=hours)


def charged(prices: tuple[Prices, ...], day: date, hour: int = 12) -> int | None:
    held = in_force(prices, datetime.combine(day, time(hour), UTC).timestamp())
    return None if held is None else held.standard.rates.input


def days(*costs: tuple[int, int | None]) -> tuple[Prices, ...]:
    """A list of costs with their days, counted from today."""
    return tuple(entry(cost, None if day is None else TODAY + timedelta(days=day)) for cost, day in costs)


def test_a_price_that_changed_without_a_day_counts_from_today() -> None:
    """Yesterday still costs what it cost; the entry of long ago is not rewritten."""
    found = merged((entry(5),), (entry(4),), TODAY)
    assert found == (entry(5), entry(4, TODAY))


def test_a_price_with_a_day_of_its_own_keeps_it() -> None:
    """What the data itself dates, past or to come, holds from that day."""
    found = merged(days((5, None)), days((6, None), (4, -10), (3, 10)), TODAY)
    assert found == days((5, None), (4, -10), (3, 10))


def test_an_announcement_that_was_taken_back_goes() -> None:
    """A price to come that the newer data does not know is no longer to come."""
    assert merged(days((5, None), (9, 30)), days((5, None)), TODAY) == days((5, None))


def test_hours_of_the_day_come_and_go_with_their_entry() -> None:
    """A new night price counts from today, with the day price beside it."""
    night = Hours(start=60, end=240)
    found = merged((entry(5),), (entry(5), entry(2, None, night)), TODAY)
    assert found == (entry(5), entry(5, TODAY), entry(2, TODAY, night))
    assert charged(found, TODAY, hour=2) == 2
    assert charged(found, TODAY - timedelta(days=1), hour=2) == 5


def test_no_price_takes_none_away() -> None:
    """Where the data has none the row keeps its own; a row without any takes all there is."""
    assert merged(days((5, None)), (), TODAY) == days((5, None))
    assert merged((), days((5, None), (4, -10)), TODAY) == days((5, None), (4, -10))


LISTS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(-20, 20)), max_size=4, unique_by=lambda pair: pair[1]
).map(lambda pairs: days((1, None), *sorted(pairs, key=lambda pair: pair[1])))


@given(stored=LISTS, fresh=LISTS)
def test_from_today_on_it_charges_what_the_data_says(
    stored: tuple[Prices, ...], fresh: tuple[Prices, ...]
) -> None:
    """On every day from today on; and doing it again, also a day later, changes nothing."""
    found = merged(stored, fresh, TODAY)
    for day in range(30):
        at = TODAY + timedelta(days=day)
        assert charged(found, at) == charged(fresh, at)
    assert merged(found, fresh, TODAY) == found
    assert merged(found, fresh, TODAY + timedelta(days=1)) == found


@given(stored=LISTS, cost=st.integers(0, 3))
def test_data_without_days_never_changes_the_past(stored: tuple[Prices, ...], cost: int) -> None:
    """Every day before today costs what it did."""
    found = merged(stored, (entry(cost),), TODAY)
    for day in range(1, 30):
        at = TODAY - timedelta(days=day)
        assert charged(found, at) == charged(stored, at)


def test_fees_and_other_processing_are_told_by_name() -> None:
    """What comes, what changes and what goes stand where they are; the rest goes without saying."""
    old, new = (
        replace(entry(5), fees=fees, processing={word: entry(cost).standard})
        for fees, word, cost in (
            ({Charge.WEB_SEARCH: 7 * 10**9, Charge.FILE_SEARCH: 2 * 10**9}, "flex", 2),
            ({Charge.WEB_SEARCH: 10**10}, "priority", 9),
        )
    )
    model = Model(provider="acme", name="one", prices=(old,))
    (told,) = alterations(model, refreshed(model, replace(model, prices=(new,)), TODAY))
    assert told.before == (
        "flex input 0.000000002, flex output 0.000000002, thousand web searches 7, thousand file searches 2"
    )
    assert told.after == ("thousand web searches 10, priority input 0.000000009, priority output 0.000000009")
    (gone,) = alterations(model, replace(model, prices=(replace(old, fees={}),)))
    assert gone.after == "none of these"


def test_an_entry_that_charges_as_before_is_told_whole() -> None:
    """The whole day's price becomes that of some hours, beside a cheaper one: figures on both sides."""
    model = Model(provider="acme", name="one", prices=(entry(5),))
    fresh = (entry(2), entry(5, None, Hours(start=60, end=240)))
    told = alterations(model, refreshed(model, replace(model, prices=fresh), TODAY))
    five, two = (f"input 0.00000000{cost}, output 0.00000000{cost}" for cost in (5, 2))
    assert [(one.before, one.after) for one in told] == [(five, two), (five, five)]


def test_only_prices_and_retirement_are_taken_over() -> None:
    """What else newer data says of a model is left; what differs is told by its figures."""
    stored = Model(provider="acme", name="one", quality=0.9, prices=days((5, None)))
    fresh = replace(stored, quality=0.1, prices=days((4, None)), retired_at=TODAY, replaced_by="acme/two")
    found = refreshed(stored, fresh, TODAY)
    assert (found.quality, found.retired_at, found.replaced_by) == (0.9, TODAY, "acme/two")
    assert alterations(stored, found) == (
        Alteration(what="retired", before="", after="2026-11-21"),
        Alteration(what="replaced by", before="", after="acme/two"),
        Alteration(
            what="price from 2026-11-21",
            before="input 0.000000005, output 0.000000005",
            after="input 0.000000004, output 0.000000004",
        ),
    )
