"""What can be understood of a paid answer with a field of an unexpected kind: all but that field."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec

from baton.upstream.dialects.codec import NotAnAnswer
from baton.upstream.dialects.failures import malformed
from baton.upstream.dialects.wire import UNREADABLE, as_object

T = TypeVar("T")

_OBJECT = msgspec.json.Decoder(dict[str, Any])


def glimpse(body: bytes, decoder: msgspec.json.Decoder[T], leniently: Callable[[dict[str, Any]], T]) -> T:
    """The few fields of a whole answer that `decoder` reads; where it cannot, `leniently` takes them singly.

    Raises:
        NotAnAnswer: it is no JSON object.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        odd = error
    except UNREADABLE as error:
        raise NotAnAnswer(malformed(body, str(error))) from None
    try:
        fields = _OBJECT.decode(body)
    except UNREADABLE:
        raise NotAnAnswer(malformed(body, str(odd))) from None
    return leniently(fields)


def or_empty(value: object, kind: type[T]) -> T:
    """The value as `kind`; one without any field where it is odd."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return kind()


def counts_in(usage: object, kind: type[T], names: Iterable[str]) -> T | None:
    """A usage object as `kind`; where a field is odd, only its counts of these names; None: it is empty."""
    counts = as_object(usage)
    try:
        return msgspec.convert(counts, kind) if counts else None
    except msgspec.ValidationError:
        plain = {name: counts[name] for name in names if type(counts.get(name)) is int}
        return msgspec.convert(plain, kind) if plain else None
