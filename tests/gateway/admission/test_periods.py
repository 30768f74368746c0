"""The calendar of budgets."""

import zoneinfo
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.gateway.admission.periods import Period, span_at

ZONES = ("UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/St_Johns", "America/Havana", "Africa/Cairo")
HOUR_MS = 3_600_000
MOMENTS = st.integers(946_684_800_000, 4_102_444_800_000)
"""From 2000 to 2100, Unix milliseconds."""


def ms(zone: str, *when: int) -> int:
    return int(datetime(*when, tzinfo=ZoneInfo(zone)).timestamp() * 1000)  # pyright: ignore[reportArgumentType]


@given(at_ms=MOMENTS, zone=st.sampled_from(ZONES), period=st.sampled_from([Period.DAY, Period.MONTH]))
def test_spans_hold_their_moment_and_tile(at_ms: int, zone: str, period: Period) -> None:
    """Each moment lies in its span, which is the same for its first and last millisecond; the next begins
    where it ends, under another name."""
    span = span_at(period, zone, at_ms)
    assert span.until_ms is not None
    assert span.since_ms <= at_ms < span.until_ms
    assert span_at(period, zone, span.since_ms) == span_at(period, zone, span.until_ms - 1) == span
    following, before = span_at(period, zone, span.until_ms), span_at(period, zone, span.since_ms - 1)
    assert (following.since_ms, before.until_ms) == (span.until_ms, span.since_ms)
    assert before.name < span.name < following.name


@pytest.mark.parametrize(("day", "hours"), [((2026, 3, 29), 23), ((2026, 10, 25), 25), ((2026, 11, 21), 24)])
def test_a_day_is_as_long_as_it_is(day: tuple[int, int, int], hours: int) -> None:
    """Where clocks are changed a day of Berlin has 23 or 25 hours, and all of them are in it."""
    for hour in (0, 2, 3, 23):
        span = span_at(Period.DAY, "Europe/Berlin", ms("Europe/Berlin", *day, hour))
        assert span.name == f"{datetime(*day):%Y-%m-%d}"
        assert span.until_ms == span.since_ms + hours * HOUR_MS


@pytest.mark.parametrize(
    ("last", "name", "following"),
    [
        ((2026, 12, 31, 23, 59, 59), "2026-12", "2027-01"),
        ((2028, 2, 29, 23, 59, 59), "2028-02", "2028-03"),
        ((2026, 1, 31, 0, 0, 0), "2026-01", "2026-02"),
    ],
)
def test_months_end_where_the_calendar_says(last: tuple[int, ...], name: str, following: str) -> None:
    """At the end of a year, of a leap year's February, and after a 31st."""
    span = span_at(Period.MONTH, "Europe/Berlin", ms("Europe/Berlin", *last))
    assert span.name == name
    assert span.until_ms is not None
    assert span_at(Period.MONTH, "Europe/Berlin", span.until_ms).name == following


def test_a_day_begins_where_its_zone_is() -> None:
    """On Kiritimati it is tomorrow for fourteen hours before it is in Greenwich."""
    noon = datetime(2026, 11, 21, 12, tzinfo=UTC)
    at_ms = int(noon.timestamp() * 1000)
    assert span_at(Period.DAY, "UTC", at_ms).name == "2026-11-21"
    span = span_at(Period.DAY, "Pacific/Kiritimati", at_ms)
    assert span.name == "2026-11-22"
    assert span.since_ms == int((noon - timedelta(hours=2)).timestamp() * 1000)


def test_a_lifetime_has_no_end() -> None:
    """One period for all moments."""
    assert span_at(Period.LIFETIME, "UTC", 0) == span_at(Period.LIFETIME, "Europe/Berlin", 1 << 42)
    assert span_at(Period.LIFETIME, "UTC", 0).until_ms is None


@pytest.fixture
def slim() -> Iterator[None]:
    """A machine without time zones of its own, as small images of containers are."""
    zoneinfo.reset_tzpath(to=())
    yield
    zoneinfo.reset_tzpath()


@pytest.mark.usefixtures("slim")
@pytest.mark.parametrize("zone", ZONES)
def test_zones_are_known_where_the_machine_knows_none(zone: str) -> None:
    """They come along with Baton."""
    assert ZoneInfo.no_cache(zone).key == zone
