"""Which entry of a price list holds, and until when."""

from datetime import UTC, date, datetime

from baton.catalog.prices import Hours, Prices, Rates, Tariff, in_force, next_change_s


def entry(price: int, valid_from: date | None = None, hours: Hours | None = None) -> Prices:
    return Prices(standard=Tariff(rates=Rates(input=price, output=price)), valid_from=valid_from, hours=hours)


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def price(price_list: tuple[Prices, ...], moment: str) -> int | None:
    found = in_force(price_list, at(moment))
    return None if found is None else found.standard.rates.input


RAISED = (entry(1), entry(2, date(2026, 8, 17)))
PEAKS = (entry(1), entry(2, hours=Hours(start=60, end=240)), entry(3, date(2026, 9, 1)))


def test_a_price_holds_from_its_first_day_in_utc() -> None:
    """The old price until midnight UTC, the new one from then on."""
    assert price(RAISED, "2026-08-16T23:59:59") == 1
    assert price(RAISED, "2026-08-17T00:00:00") == 2


def test_peak_hours_have_their_own_price() -> None:
    """The span's first minute is inside, its last is not; a later entry wins."""
    assert price(PEAKS, "2026-08-20T00:59:59") == 1
    assert price(PEAKS, "2026-08-20T01:00:00") == 2
    assert price(PEAKS, "2026-08-20T03:59:59") == 2
    assert price(PEAKS, "2026-08-20T04:00:00") == 1
    assert price(PEAKS, "2026-09-01T02:00:00") == 3


def test_no_list_is_no_price_and_before_the_list_the_first_entry_counts() -> None:
    """Nothing known is None; what is older than the list is priced by its oldest entry."""
    assert price((), "2026-01-01T00:00:00") is None
    assert price((entry(5, date(2026, 8, 1)), entry(6, date(2026, 9, 1))), "2026-01-01T00:00:00") == 5


def test_the_next_change_is_the_moment_after_which_the_answer_may_differ() -> None:
    """Days and hours both count; a list of one entry never changes."""
    assert next_change_s([RAISED], at("2026-08-01T12:00:00")) == at("2026-08-17T00:00:00")
    assert next_change_s([RAISED], at("2026-08-17T00:00:00")) == float("inf")
    assert next_change_s([PEAKS], at("2026-08-20T00:10:00")) == at("2026-08-20T01:00:00")
    assert next_change_s([PEAKS], at("2026-08-20T01:00:00")) == at("2026-08-20T04:00:00")
    assert next_change_s([PEAKS], at("2026-08-20T05:00:00")) == at("2026-08-21T01:00:00")
    assert next_change_s([(entry(1, date(2027, 1, 1)),), ()], at("2026-08-20T05:00:00")) == float("inf")
