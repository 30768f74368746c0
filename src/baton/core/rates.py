"""How often something may be asked, and for how much."""

from msgspec import Struct


class Rates(Struct, frozen=True, kw_only=True):
    """The most that any minute and any day may hold; None: no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    requests_per_day: int | None = None
    tokens_per_day: int | None = None
