"""How long a provider asks us to wait: the header forms seen in recorded exchanges."""

import email.utils
import re
from collections.abc import Mapping
from datetime import datetime

from baton.core.provider import LimitHeaders, WaitForm

_GO_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_GO_STEP = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|h|m|s)")
_GO_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|us|µs|ns|h|m|s))+")


MAX_WAIT_S = 86_400.0
"""The longest wait that is believed: daily quotas reset within it."""


def go_duration_s(text: str) -> float | None:
    """Seconds of a Go duration such as `1m13.588s`; None where it is none."""
    if not _GO_WHOLE.fullmatch(text):
        return None
    return sum(float(count) * _GO_UNITS[unit] for count, unit in _GO_STEP.findall(text))


def retry_after_s(text: str, now_s: float) -> float | None:
    """Seconds of a `Retry-After` (RFC 9110, section 10.2.3): delay or date; a date gone by is 0."""
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - now_s)
    except (ValueError, IndexError, OverflowError, OSError):
        return go_duration_s(text)


def reset_s(text: str, form: WaitForm, now_s: float) -> float | None:
    """Seconds until a limit resets, from its header; None where it cannot be read."""
    try:
        match form:
            case WaitForm.GO_DURATION:
                return go_duration_s(text)
            case WaitForm.SECONDS:
                return max(0.0, float(text))
            case WaitForm.UNIX_MS:
                return max(0.0, float(text) / 1000 - now_s)
            case WaitForm.UNIX_S:
                return max(0.0, float(text) - now_s)
            case WaitForm.RFC3339:
                return max(0.0, datetime.fromisoformat(text).timestamp() - now_s)
    except (ValueError, OverflowError, OSError):
        return None


def stated_wait_s(limits: LimitHeaders, headers: Mapping[str, str], now_s: float) -> float | None:
    """The wait an error answer states, in seconds; the longest where its headers disagree; None if none.

    Never more than `MAX_WAIT_S`.
    """
    waits: list[float | None] = []
    stated = headers.get("retry-after")
    if stated is not None:
        waits.append(retry_after_s(stated.strip(), now_s))
    in_ms = headers.get("retry-after-ms")
    if in_ms is not None:
        ms = reset_s(in_ms.strip(), WaitForm.SECONDS, now_s)
        waits.append(None if ms is None else ms / 1000)
    if not any(wait is not None for wait in waits) and limits.reset is not None:
        for unit in ("requests", "tokens"):
            remaining = headers.get(limits.remaining.format(unit)) if limits.remaining else None
            reset = headers.get(limits.reset.format(unit))
            if reset is not None and (remaining is None or remaining.strip() in ("0", "-1")):
                waits.append(reset_s(reset.strip(), limits.reset_form, now_s))
    known = [wait for wait in waits if wait is not None]
    return min(max(known), MAX_WAIT_S) if known else None
