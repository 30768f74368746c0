"""What all bodies of Baton's own routes share: camelCase, times in RFC 3339, money as decimal strings."""

from datetime import UTC, datetime, timedelta

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from baton.core.money import usd_text

_EPOCH = datetime.fromtimestamp(0, UTC)
_MS = timedelta(milliseconds=1)


class Shown(BaseModel):
    """A body that goes out; made in code by its own names, written in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


class Asked(BaseModel):
    """A body that comes in; a field that is not known is refused, so that a slip of the pen is not silent."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


def moment(at_ms: int) -> datetime:
    """Unix milliseconds as a time in UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC)


def moment_or_none(at_ms: int | None) -> datetime | None:
    """The same where there may be none."""
    return None if at_ms is None else moment(at_ms)


def milliseconds(time: datetime) -> int:
    """A time as Unix milliseconds; one without a zone is taken for UTC."""
    if time.tzinfo is None:
        time = time.replace(tzinfo=UTC)
    return (time - _EPOCH) // _MS


def usd(nanos: int | None) -> str | None:
    """An amount where there may be none."""
    return None if nanos is None else usd_text(nanos)
