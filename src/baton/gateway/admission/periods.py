"""The calendar of budgets: which period a moment lies in, in the budget's own time zone."""

from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from msgspec import Struct


class Period(StrEnum):
    """How long a budget is for."""

    DAY = "day"
    MONTH = "month"
    LIFETIME = "lifetime"


class Span(Struct, frozen=True):
    """One period, Unix milliseconds."""

    name: str
    """`2026-11-21`, `2026-11`, or empty for a lifetime."""
    since_ms: int
    until_ms: int | None
    """Exclusive; None: never over."""


_EVER = Span("", 0, None)


def span_at(period: Period, zone: str, now_ms: int) -> Span:
    """The period that a moment lies in; a day has 23 to 25 hours where clocks are changed.

    Raises:
        zoneinfo.ZoneInfoNotFoundError: there is no such zone.
    """
    if period is Period.LIFETIME:
        return _EVER
    place = ZoneInfo(zone)
    today = datetime.fromtimestamp(now_ms / 1000, place).replace(
        hour=0, minute=0, second=0, microsecond=0, fold=0
    )
    if period is Period.DAY:
        return Span(f"{today:%Y-%m-%d}", _ms(today), _ms(today + timedelta(days=1)))
    first = today.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return Span(f"{first:%Y-%m}", _ms(first), _ms(following))


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
