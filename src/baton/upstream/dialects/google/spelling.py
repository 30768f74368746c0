"""Field names: Google takes them in camelCase and in snake_case, and writes camelCase (protobuf's JSON)."""

import re
from functools import lru_cache

import msgspec
from msgspec import Raw

from baton.upstream.dialects.wire import Fields

_SNAKE = re.compile(r"_([a-z0-9])")


@lru_cache(maxsize=1024)
def camel(name: str) -> str:
    """`max_output_tokens` as `maxOutputTokens`."""
    return _SNAKE.sub(lambda found: found[1].upper(), name)


def spelt(fields: Fields) -> Fields:
    """The same fields, each by its camelCase name; where both spellings are there, that one counts."""
    rest = fields.rest
    for name in [name for name in rest if "_" in name]:
        value = rest.pop(name)
        rest.setdefault(camel(name), value)
    return fields


def inner(fields: Fields, name: str) -> Fields:
    """A field as an object, spelt; an empty one where it is absent."""
    return spelt(fields.inner(name))


def each(fields: Fields, name: str) -> list[Fields]:
    """A field as an array of objects, spelt; a lone object counts as an array of one, as Google has it."""
    value = fields.rest.get(name)
    if value is not None and bytes(value).lstrip()[:1] == b"{":
        fields.raw(name)
        return [spelt(Fields.of(value, fields.path(name)))]
    return [spelt(found) for found in fields.list(name)]


def texts(fields: Fields, name: str) -> tuple[str, ...]:
    """A field as strings; a lone one counts as an array of one."""
    value = fields.raw(name)
    if value is None:
        return ()
    whole = value if bytes(value).lstrip()[:1] == b"[" else Raw(b"[" + bytes(value) + b"]")
    again = Fields({name: whole}, fields.path(name).removesuffix(name).rstrip("."))
    return tuple(again.get(name, list[str]) or ())


def word(fields: Fields, name: str, numbered: tuple[str, ...] = ()) -> str | None:
    """An enum's word in upper case, from its name in either case or from its number."""
    value = fields.raw(name)
    if value is None:
        return None
    said = msgspec.json.decode(value)
    if isinstance(said, int) and not isinstance(said, bool):
        return numbered[said] if 0 <= said < len(numbered) else str(said)
    if not isinstance(said, str):
        raise fields.refuse(name, "expected a string")
    return said.upper()
