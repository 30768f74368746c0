"""Points in time as people write them: `30d`, `12h`, `2026-01-31`."""

import re
from datetime import UTC, datetime, timedelta

from baton.api.bodies import milliseconds
from baton.cli.stop import MISUSED, Stop

_SPAN = re.compile(r"(\d{1,5})([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def ago_ms(text: str, option: str, now_s: float) -> int:
    """Unix milliseconds of a moment in the past; a span counts back from now.

    Raises:
        Stop: it is no moment; exit code 2.
    """
    return _moment(text, option, now_s, -1)


def ahead_ms(text: str, option: str, now_s: float) -> int:
    """Unix milliseconds of a moment to come; a span counts from now.

    Raises:
        Stop: it is no moment; exit code 2.
    """
    return _moment(text, option, now_s, 1)


def _moment(text: str, option: str, now_s: float, direction: int) -> int:
    """A day without a time is its beginning, a time without a zone is UTC."""
    try:
        if span := _SPAN.fullmatch(text.strip()):
            now = datetime.fromtimestamp(now_s, UTC)
            moment = now + direction * timedelta(**{_UNITS[span[2]]: int(span[1])})
        else:
            moment = datetime.fromisoformat(text.strip())
        return milliseconds(moment)
    except (ValueError, OverflowError) as error:
        raise Stop(f"{option}: {text!r} is no time; write e.g. 30d, 12h or 2026-01-31.", MISUSED) from error
