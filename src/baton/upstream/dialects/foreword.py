"""Fields of a body that get something before what their caller wrote in them."""

from collections.abc import Iterable

import msgspec
from msgspec import Raw

_NULL = b"null"
_GAP = "\n\n"
_read = msgspec.json.Decoder().decode
_list = msgspec.json.Decoder(list[Raw]).decode


def raw(value: object) -> Raw:
    """A value as it stands in a body."""
    return Raw(msgspec.json.encode(value))


def said(fields: dict[str, Raw], name: str) -> bool:
    """Whether a field says anything."""
    return name in fields and bytes(fields[name]) != _NULL


def items(field: Raw) -> list[Raw]:
    """The items of a list; what is none is one."""
    written = bytes(field)
    return _list(written) if written.lstrip()[:1] == b"[" else [field]


def text_of(field: Raw | None) -> str | None:
    """A field that is a text; None: it is no text."""
    value: object = None if field is None else _read(field)
    return value if isinstance(value, str) else None


def joined(first: str, then: str) -> str:
    """Two texts, one below the other."""
    return f"{first}{_GAP}{then}" if then else first


def together(parts: Iterable[Raw]) -> Raw:
    """Items as a list."""
    return raw(list(parts))
