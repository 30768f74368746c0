"""How much a provider says is left of its limits, in the headers of its answers."""

from collections.abc import Mapping

from msgspec import Struct

from baton.core.provider import LimitHeaders
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


def headroom(
    limits: tuple[LimitHeaders, ...], headers: Mapping[str, str], now_s: float, told_s: float
) -> Headroom | None:
    """The scarcest of the limits that an answer tells of; None: it tells of none. `headers`: names in lower
    case; `now_s`: Unix time, `told_s`: the same moment on the monotonic clock."""
    least: Headroom | None = None
    for limit in limits:
        for name in limit.names:
            left, most = (headers.get(form.format(name)) for form in (limit.remaining, limit.limit))
            if left is None or most is None:
                continue
            share = _share(left, most)
            if share is None or (least is not None and share >= least.share):
                continue
            reset = headers.get(limit.reset.format(name))
            wait_s = None if reset is None else reset_s(reset.strip(), limit.reset_form, now_s)
            rest_s = _USUAL_RESET_S if wait_s is None else min(max(0.0, wait_s), MAX_WAIT_S)
            least = Headroom(name, share, told_s, told_s + rest_s)
    return least


def _share(left: str, most: str) -> float | None:
    try:
        remaining, limit = float(left), float(most)
    except ValueError:
        return None
    if not (0 < limit < float("inf") and 0 <= remaining < float("inf")):
        return None
    return min(1.0, remaining / limit)
