"""What all dialects share: JSON objects read field by field, with errors that name the field."""

import re
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec
from msgspec import Raw

from baton.core.errors import Invalid
from baton.core.request import MAX_MODEL_CHARS

T = TypeVar("T")

_PATH = re.compile(r" - at `(?:key in )?\$\.?(?P<path>[^`]*)`$")
_ABSENT = re.compile(r"Object missing required field `(?P<name>[^`]*)`")
_ESCAPE = re.compile(
    rb"\\(?:(?P<pair>u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|"
    rb"(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
_BACKSLASH = 0x5C
"""A byte as a number is found in a twentieth of the time of a text, and most pieces of streams hold none."""
_HALF_OF_A_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")
_NULL = Raw(b"null")
_OBJECT = dict[str, Raw]
_OBJECTS = list[dict[str, Raw]]

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What reading somebody else's JSON can end in: none at all, no UTF-8, nested without end."""


class Fields:
    """The fields of one JSON object, each still as it was written. Reading a field takes it out.

    What nobody took is `rest`: the fields that only this dialect knows. Every read raises `Invalid` where
    the field is of another kind; a field that is null counts as absent.
    """

    def __init__(self, fields: dict[str, Raw], at: str = "") -> None:
        self.rest = fields
        self._at = at

    @classmethod
    def of(cls, data: bytes | Raw, at: str = "") -> "Fields":
        """The fields of an object.

        Raises:
            Invalid: it is no JSON object.
        """
        return cls(decode(data, _OBJECT, at), at)

    @property
    def left(self) -> list[str]:
        """The paths of the fields that nobody took; null ones count as absent."""
        return [self.path(name) for name, value in self.rest.items() if value != _NULL]

    @property
    def extras(self) -> dict[str, Raw]:
        """The fields that nobody took; null ones count as absent."""
        return {name: value for name, value in self.rest.items() if value != _NULL}

    def path(self, name: str) -> str:
        """The field's path from the body's root, e.g. `messages[0].role`."""
        return f"{self._at}.{name}" if self._at else name

    def raw(self, name: str) -> Raw | None:
        """The field as it was written."""
        value = self.rest.pop(name, None)
        return None if value is None or value == _NULL else value

    def get(self, name: str, kind: type[T]) -> T | None:
        """The field as `kind`."""
        value = self.rest.pop(name, None)
        return None if value is None or value == _NULL else decode(value, kind, self.path(name))

    def text(self, name: str) -> str | None:
        """The field as a string."""
        return self.get(name, str)

    def inner(self, name: str) -> "Fields":
        """The field as an object; an empty one where it is absent."""
        value = self.raw(name)
        return Fields({}, self.path(name)) if value is None else Fields.of(value, self.path(name))

    def list(self, name: str) -> "list[Fields]":
        """The field as an array of objects."""
        found = self.get(name, _OBJECTS) or []
        return [Fields(fields, f"{self.path(name)}[{at}]") for at, fields in enumerate(found)]

    def refuse(self, name: str, why: str) -> Invalid:
        """The refusal of a field's value."""
        return Invalid(
            f"Invalid value for '{self.path(name)}': {why}.", param=self.path(name), code="invalid_value"
        )


def missing(name: str) -> Invalid:
    """The refusal of a body without a field it must have."""
    return Invalid(f"Missing required parameter: '{name}'.", param=name, code="missing_required_parameter")


def checked_model(model: str | None) -> str:
    """A model's name as callers may write it.

    Raises:
        Invalid: there is none, or it is too long for one.
    """
    if model is None:
        raise missing("model")
    if not 0 < len(model) <= MAX_MODEL_CHARS:
        raise Invalid(
            f"Invalid value for 'model': expected 1 to {MAX_MODEL_CHARS} characters.",
            param="model",
            code="invalid_value",
        )
    return model


def mended(data: bytes) -> bytes:
    """A provider's JSON, each escaped half of a surrogate pair that stands alone made U+FFFD.

    Providers that cut texts between UTF-16 units write such halves, at the ends of a stream's pieces; strict
    readers refuse the whole event for it (RFC 8259, section 8.2, calls what they do unpredictable).
    """
    if _BACKSLASH not in data or b"\\u" not in data or _HALF_OF_A_PAIR.search(data) is None:
        return data
    return _ESCAPE.sub(lambda found: b"\\ufffd" if found["half"] else found[0], data)


def decode(data: bytes | Raw, kind: type[T], at: str = "") -> T:
    """Read JSON as `kind`.

    Raises:
        Invalid: it is no JSON, or not of that kind; `param` is the field's path below `at`.
    """
    try:
        return _decoder(kind).decode(data)
    except msgspec.ValidationError as error:
        raise invalid(error, at) from None
    except UNREADABLE as error:
        raise no_json(error) from None


@lru_cache(maxsize=256)
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    """There are few kinds, and making a decoder takes longer than its work on a field."""
    return msgspec.json.Decoder(kind)


def no_json(error: Exception) -> Invalid:
    """The refusal of a body that is no JSON; the offending bytes are not repeated."""
    if isinstance(error, UnicodeDecodeError):
        return Invalid("The body is not valid JSON: a text in it is not UTF-8.")
    if isinstance(error, RecursionError):
        return Invalid("The body is nested too deeply.")
    return Invalid(f"The body is not valid JSON: {error}.")


def absent(error: msgspec.ValidationError) -> str | None:
    """The required field that a body lacks, if that is what a validation error says."""
    match = _ABSENT.fullmatch(str(error))
    return match["name"] if match else None


def invalid(error: msgspec.ValidationError, at: str = "") -> Invalid:
    """The refusal that a validation error means."""
    text = str(error)
    match = _PATH.search(text)
    path = match["path"] if match else ""
    joint = "." if at and path and not path.startswith("[") else ""
    param = at + joint + path
    what = text[: match.start()] if match else text
    where = f" for '{param}'" if param else ""
    return Invalid(f"Invalid value{where}: {what}.", param=param or None, code="invalid_value")


def raw(value: Any) -> Raw:
    """A value as the JSON it will travel as."""
    return Raw(msgspec.json.encode(value))


def as_object(value: object) -> dict[str, Any]:
    """The value if it is a JSON object, else an empty one: what a provider sends is not to be trusted."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """The value if it is a JSON array, else an empty one."""
    return cast("list[Any]", value) if isinstance(value, list) else []


def as_text(value: object) -> str | None:
    """The value if it is a string."""
    return value if isinstance(value, str) else None


def number(value: object) -> float | None:
    """A number that may be none: what it is otherwise is for the provider to refuse."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
