"""One errand as the simulated provider answers it: decided in full before a byte is sent."""

from collections.abc import Callable
from typing import TypeVar

import msgspec
from msgspec import Struct, structs

from baton.core.answer import ChatResponse
from baton.core.errors import Invalid
from baton.core.usage import Usage
from baton.upstream.dialects.wire import UNREADABLE, invalid, missing, no_json

B = TypeVar("B")


class Request(Struct, frozen=True):
    """What came in."""

    body: bytes
    content_type: str


class Deed(Struct, frozen=True, kw_only=True):
    """What goes out."""

    model: str
    """As it was asked for."""
    body: bytes
    usage: Usage
    content_type: str = "application/json"

    def written(self, _: ChatResponse) -> bytes:
        """The body, as a wire writes it."""
        return self.body

    def without_usage(self) -> "Deed":
        """The same from a provider that does not count."""
        if self.content_type != "application/json":
            return self
        fields = msgspec.json.decode(self.body, type=dict[str, msgspec.Raw])
        fields.pop("usage", None)
        return structs.replace(self, body=msgspec.json.encode(fields))


class Deeds(Struct, frozen=True, kw_only=True):
    """One service."""

    path_end: str
    """How the paths of its route end."""
    do: Callable[[Request], Deed]
    """Raises Invalid."""


def read(request: Request, kind: type[B]) -> B:
    """The body as `kind`.

    Raises:
        Invalid: no JSON, or a field missing or of a wrong kind.
    """
    try:
        return msgspec.json.decode(request.body, type=kind)
    except msgspec.ValidationError as error:
        _, _, field = str(error).partition("Object missing required field `")
        raise missing(field.rstrip("`")) if field else invalid(error) from None
    except UNREADABLE as error:
        raise no_json(error) from None


def refuse(param: str, why: str) -> Invalid:
    """The refusal of a value."""
    return Invalid(f"Invalid value for '{param}': {why}.", param=param, code="invalid_value")
