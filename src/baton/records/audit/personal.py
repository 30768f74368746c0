"""What of a change belongs to a person: taken out before it is written down, put back when it is read."""

from collections.abc import Collection, Mapping

import msgspec
from msgspec import Raw, Struct

SEALED = "(sealed)"
"""What stands in a stored body in place of a value that is kept apart."""

_MARK = msgspec.json.encode(SEALED)

Fields = Mapping[str, Raw]


class Personal(Struct, frozen=True, kw_only=True):
    """The values that were taken out, by the name of their field."""

    before: dict[str, Raw] = {}
    after: dict[str, Raw] = {}


def parted(body: str | None, names: Collection[str]) -> tuple[str | None, dict[str, Raw]]:
    """The body without the fields of these names, and those; fields that say nothing stay where they are."""
    if body is None:
        return None, {}
    fields = msgspec.json.decode(body, type=dict[str, Raw])
    apart = {name: raw for name, raw in fields.items() if name in names and bytes(raw) != b"null"}
    left = {name: Raw(_MARK) if name in apart else raw for name, raw in fields.items()}
    return msgspec.json.encode(left).decode(), apart


def joined(body: str | None, apart: Fields) -> Raw | None:
    """The body with these fields in their places."""
    if body is None:
        return None
    if not apart:
        return Raw(body)
    fields = msgspec.json.decode(body, type=dict[str, Raw])
    return Raw(msgspec.json.encode({**fields, **apart}))


def lost(body: str | None, word: str) -> Raw | None:
    """The body with `word` in each place where a value is kept apart."""
    if body is None:
        return None
    fields = msgspec.json.decode(body, type=dict[str, Raw])
    instead = Raw(msgspec.json.encode(word))
    told = {name: instead if bytes(raw) == _MARK else raw for name, raw in fields.items()}
    return Raw(msgspec.json.encode(told))
