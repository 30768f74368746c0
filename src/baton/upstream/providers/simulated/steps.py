"""The steps of an answer, which a socket server and an in-process transport both play."""

from msgspec import Struct

from baton.core.usage import Usage


class Pause(Struct, frozen=True):
    """Nothing happens for a while."""

    seconds: float


class Head(Struct, frozen=True, kw_only=True):
    """Status and headers."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    length: int | None = None
    """Bytes of the body; None: in chunks, until the end."""


class Send(Struct, frozen=True):
    """Some bytes of the body, in one piece, and what of the answer is in them."""

    data: bytes
    tokens: int = 0
    usage: Usage | None = None
    final: bool = False
    """Whether the answer is complete with it: who leaves now has missed nothing."""


class HalfHead(Struct, frozen=True):
    """Status and the beginning of the headers, then silence."""


class Silence(Struct, frozen=True):
    """Nothing ever again; the connection stays."""


class Cut(Struct, frozen=True):
    """The connection ends in mid-answer."""


class Reset(Struct, frozen=True):
    """The connection is torn down before the headers."""


Step = Pause | Head | Send | HalfHead | Silence | Cut | Reset
"""`HalfHead`, `Silence`, `Cut` and `Reset` are last steps; after any other, the end is the answer's own."""


def whole(status: int, body: bytes, *headers: tuple[str, str]) -> tuple[Step, ...]:
    """An answer in one piece; JSON unless its headers say otherwise."""
    named = any(name == "content-type" for name, _ in headers)
    typed = headers if named else (("content-type", "application/json"), *headers)
    head = Head(status=status, headers=typed, length=len(body))
    return (head, Send(body, final=True)) if body else (head,)
