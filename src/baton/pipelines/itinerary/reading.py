"""Reads the JSON that models write: strictly what it says, forgiving what stands around it."""

import json
import re
from typing import Any, TypeVar, cast

import msgspec

T = TypeVar("T")

_FENCE = re.compile(r"```[a-zA-Z]*\s*")
_MOST_CHARS = 1_000_000
_MOST_AROUND = 400
"""Characters before or behind the object: a sentence or two, not a second answer."""


class Unreadable(msgspec.ValidationError):
    """What a model wrote is not what it was asked for; another try may help."""


def read(text: str, kind: type[T]) -> T:
    """The object of JSON in a model's answer: one, with or without a code fence and a sentence around it.

    Numbers may stand in quotation marks; unknown fields and those that are null are passed over.

    Raises:
        Unreadable: there is none, there are several, it is cut off, or it is of another form.
    """
    if len(text) > _MOST_CHARS:
        raise Unreadable("The answer is far too long.")
    bare = _FENCE.sub("", text).strip()
    begins = bare.find("{")
    if not 0 <= begins <= _MOST_AROUND:
        raise Unreadable("The answer is no JSON object.")
    try:
        value, ends = _DECODER.raw_decode(bare, begins)
        said = _without_nulls(value)
    except (ValueError, RecursionError):
        raise Unreadable("The answer's JSON is broken or cut off.") from None
    behind = bare[ends:]
    if len(behind) > _MOST_AROUND or "{" in behind:
        raise Unreadable("There is more behind the JSON object than a sentence.")
    try:
        return msgspec.convert(said, type=kind, strict=False)
    except msgspec.ValidationError as error:
        raise Unreadable(str(error)) from error


def _without_nulls(value: Any) -> Any:
    """Fields that are null are fields that are not there."""
    if isinstance(value, dict):
        fields = cast(dict[str, Any], value)
        return {name: _without_nulls(inner) for name, inner in fields.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in cast(list[Any], value)]
    return value


def _no_number(name: str) -> float:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_no_number)
