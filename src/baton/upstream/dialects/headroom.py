"""How much a provider says is left of its limits, in the headers of its answers."""

from collections.abc import Mapping
from functools import cache

from msgspec import Struct

from baton.core.clock import Clock
from baton.core.provider import LimitHeaders, WaitForm
from baton.upstream.dialects.waits import MAX_WAIT_S, reset_s

_USUAL_RESET_S = 60.0
"""Where it is not said when a limit resets: most are per minute."""


class Headroom(Struct, frozen=True):
    """What is left of the limit of which least is."""

    limit: str
    """In the provider's word: `requests`, `tokens`."""
    share: float
    """0-1."""
    told_s: float
    """When that was said, on the monotonic clock."""
    until_s: float
    """When it resets."""


class _Told(Struct, frozen=True):
    """Where an answer tells of one limit."""

    limit: str
    remaining: str
    most: str
    reset: str
    form: WaitForm


def headroom(limits: tuple[LimitHeaders, ...], headers: Mapping[str, str], clock: Clock) -> Headroom | None:
    """The scarcest of the limits that an answer tells of now; None: it tells of none. `headers`: names in
    lower case."""
    least: Headroom | None = None
    for told in _told_in(limits):
        left = headers.get(told.remaining)
        if left is None:  # of nearly all, in every answer
            continue
        share = _share(left, headers.get(told.most, ""))
        if share is None or (least is not None and share >= least.share):
            continue
        reset, now_s = headers.get(told.reset), clock.monotonic()
        wait_s = None if reset is None else reset_s(reset.strip(), told.form, clock.wall())
        rest_s = _USUAL_RESET_S if wait_s is None else min(max(0.0, wait_s), MAX_WAIT_S)
        least = Headroom(told.limit, share, now_s, now_s + rest_s)
    return least


@cache
def _told_in(limits: tuple[LimitHeaders, ...]) -> tuple[_Told, ...]:
    """The names of a provider's headers; there are as many kinds as providers."""
    return tuple(
        _Told(
            name,
            limit.remaining.format(name),
            limit.limit.format(name),
            limit.reset.format(name),
            limit.reset_form,
        )
        for limit in limits
        for name in limit.names
    )


def _share(left: str, most: str) -> float | None:
    try:
        remaining, limit = float(left), float(most)
    except ValueError:
        return None
    if not (0 < limit < float("inf") and 0 <= remaining < float("inf")):
        return None
    return min(1.0, remaining / limit)
