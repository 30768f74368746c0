"""How long a provider asks us to wait: the forms seen in recorded exchanges, in headers and in words."""

import email.utils
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from math import inf

from baton.core.provider import LimitHeaders, ProviderSpec, WaitForm

MAX_WAIT_S = 86_400.0
"""The longest wait that is passed on: daily quotas reset within it."""

_MOST_BELIEVED_S = 31 * 86_400.0
"""Monthly quotas reset within it; what is longer is no wait (a moment where a delay should be, a joke)."""

NO_CLOCK_S = inf
"""The time where nobody looks at a clock, as inside streams: every moment that is named has gone by."""

_MOST_SEARCHED_CHARS = 10_000
"""Of a message: enough for any sentence about a wait, too little to be kept busy with."""

_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,18})?")
_GO_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_GO_STEP = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,18})?)(ms|us|µs|ns|h|m|s)")
_GO_WHOLE = re.compile(rf"(?:{_GO_STEP.pattern})+")
_SPENT = re.compile(r";\s*r=0\s*(?:;|$)")
_RESET = re.compile(r";\s*t=([0-9]{1,15})\s*(?:;|$)")
_LIMITED = 429


def go_duration_s(text: str) -> float | None:
    """Seconds of a Go duration such as `1m13.588s`; None where it is none."""
    if not _GO_WHOLE.fullmatch(text):
        return None
    return sum(float(count) * _GO_UNITS[unit] for count, unit in _GO_STEP.findall(text))


def _number(text: str) -> float | None:
    return float(text) if _NUMBER.fullmatch(text) else None


def _moment_s(moment: datetime) -> float:
    """Unix time; who names no zone means UTC."""
    return (moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)).timestamp()


def retry_after_s(text: str, now_s: float) -> float | None:
    """Seconds of a `Retry-After` (RFC 9110, section 10.2.3): a delay or a date; None where it is neither.

    A date gone by is less than 0.
    """
    delay = _number(text)
    if delay is not None:
        return delay
    try:
        return _moment_s(email.utils.parsedate_to_datetime(text)) - now_s
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return go_duration_s(text)


def reset_s(text: str, form: WaitForm, now_s: float) -> float | None:
    """Seconds until a limit resets, from its header; None where it cannot be read, below 0 where it has."""
    match form:
        case WaitForm.GO_DURATION:
            return go_duration_s(text)
        case WaitForm.RFC3339:
            try:
                return _moment_s(datetime.fromisoformat(text)) - now_s
            except (ValueError, OverflowError, OSError):
                return None
        case WaitForm.SECONDS | WaitForm.UNIX_MS | WaitForm.UNIX_S:
            number = _number(text)
            if number is None or form is WaitForm.SECONDS:
                return number
            return number / (1000 if form is WaitForm.UNIX_MS else 1) - now_s


def stated_wait_s(
    spec: ProviderSpec, status: int | None, headers: Mapping[str, str], message: str, now_s: float
) -> float | None:
    """The wait that an error states, in seconds; the longest where what it says disagrees; None if none.

    `headers`: names in lower case. Above 0, at most `MAX_WAIT_S`: a wait of nothing, like a date gone by,
    says that somebody has not counted, not that the next call will be served. Resets of limits are asked
    only where nothing else is said, only of a 429, and only those of limits that are spent.
    """
    waits = _believed([*_in_headers(headers, now_s), *_in_words(spec, message)])
    if not waits and status == _LIMITED:
        waits = _believed([*_of_policies(headers), *_of_spent(spec.limits, headers, now_s)])
    return min(max(waits), MAX_WAIT_S) if waits else None


def _believed(waits: list[float | None]) -> list[float]:
    return [wait for wait in waits if wait is not None and 0 < wait <= _MOST_BELIEVED_S]


def _in_headers(headers: Mapping[str, str], now_s: float) -> list[float | None]:
    waits: list[float | None] = []
    stated = headers.get("retry-after")
    if stated is not None:
        waits.append(retry_after_s(stated.strip(), now_s))
    in_ms = _number(headers.get("retry-after-ms", "").strip())
    if in_ms is not None:
        waits.append(in_ms / 1000)
    return waits


def _in_words(spec: ProviderSpec, message: str) -> list[float | None]:
    waits: list[float | None] = []
    for pattern in spec.waits:
        found = re.search(pattern, message[:_MOST_SEARCHED_CHARS], re.IGNORECASE)
        if found is not None:
            stated = found[1]
            waits.append(go_duration_s(stated) if stated[-1:].isalpha() else _number(stated))
    return waits


def _of_policies(headers: Mapping[str, str]) -> list[float | None]:
    """`RateLimit: "api";r=0;t=295` (the IETF's draft on rate-limit headers): policies with nothing left."""
    waits: list[float | None] = []
    for policy in headers.get("ratelimit", "").split(","):
        reset = _RESET.search(policy)
        if reset is not None and _SPENT.search(policy):
            waits.append(float(reset[1]))
    return waits


def _of_spent(
    limits: tuple[LimitHeaders, ...], headers: Mapping[str, str], now_s: float
) -> list[float | None]:
    waits: list[float | None] = []
    for limit in limits:
        for name in limit.names:
            left = headers.get(limit.remaining.format(name))
            reset = headers.get(limit.reset.format(name))
            if left is not None and left.strip() in limit.spent and reset is not None:
                waits.append(reset_s(reset.strip(), limit.reset_form, now_s))
    return waits
