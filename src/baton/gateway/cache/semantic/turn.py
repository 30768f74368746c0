"""A request's last turn, and the rest of it: in whatever dialect, as far as it is plain text."""

from typing import Any, cast

from msgspec import Struct

MOST_CHARS = 4000
"""Of a turn that is compared by its meaning; longer ones are the same to the letter, or not."""

_TURNS = ("messages", "contents", "input")
"""Where the dialects have them."""

_INSIDES = ("content", "parts")
_TEXTS = frozenset({"text", "input_text"})


class Turn(Struct, frozen=True):
    """What was said last, and all else."""

    text: str
    rest: dict[str, Any]
    """The request's fields without that text."""


def last_turn(fields: dict[str, Any]) -> Turn | None:
    """The last turn of a body's fields; None: it is nobody's, or not the user's, or more than text."""
    name = next((name for name in _TURNS if name in fields), None)
    if name is None:
        return None
    turns = fields[name]
    if isinstance(turns, str):
        return _turn(fields, name, turns, "")
    if not isinstance(turns, list) or not turns:
        return None
    said = cast("list[Any]", turns)
    last: Any = said[-1]
    if not isinstance(last, dict):
        return None
    message = cast("dict[str, Any]", last)
    if message.get("role", "user") != "user":
        return None
    inside = next((each for each in _INSIDES if each in message), None)
    if inside is None:
        return None
    text = _text(message[inside])
    return None if text is None else _turn(fields, name, text, [*said[:-1], {**message, inside: ""}])


def _turn(fields: dict[str, Any], name: str, text: str, left: object) -> Turn | None:
    if not text.strip() or len(text) > MOST_CHARS:
        return None
    return Turn(text, {**fields, name: left})


def _text(content: Any) -> str | None:
    """All of a message, where it is text."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    said: list[str] = []
    for part in cast("list[Any]", content):
        if not isinstance(part, dict):
            return None
        piece = cast("dict[str, Any]", part)
        text = piece.get("text")
        if not isinstance(text, str) or not set(piece) <= {"type", "text"}:
            return None
        if piece.get("type", "text") not in _TEXTS:
            return None
        said.append(text)
    return "\n".join(said) if said else None
