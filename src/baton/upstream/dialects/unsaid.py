"""What of an answer only the dialect knows that it came in."""

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Raw

from baton.core.answer import ChatResponse, Unread
from baton.core.losses import Feature, Losses
from baton.upstream.dialects.wire import Fields

MOST_NAMED = 64
"""Fields that are named of one stream: a provider that makes up more and more must not fill the memory."""

_NULL = Raw(b"null")
_EMPTY = frozenset({b"null", b'""', b"[]", b"{}"})
_NOTHING: tuple[Any, ...] = (None, "", [], {})


def note_unsaid(response: ChatResponse, losses: Losses) -> None:
    """Note what whoever writes a whole answer in another dialect leaves out: log probabilities, and fields
    without a word in the core. Null ones say nothing."""
    _note(response.extras, "", losses)
    for at, choice in enumerate(response.choices):
        if choice.logprobs is not None:
            losses.drop(Feature.LOGPROBS)
        _note(choice.message_extras, f"choices[{at}].message.", losses)
        _note(choice.extras, f"choices[{at}].", losses)
    note_unread(response.unread, losses)


def note_unread(paths: Iterable[str], losses: Losses) -> None:
    """Note what an answer said that nobody else's dialect has a word for."""
    for path in paths:
        losses.drop(Feature.UNKNOWN_FIELDS, path)


def _note(fields: dict[str, Raw], at: str, losses: Losses) -> None:
    for name, value in fields.items():
        if value != _NULL:
            losses.drop(Feature.UNKNOWN_FIELDS, f"{at}{name}")


class Leftovers:
    """The paths of fields that a reader leaves out, each once."""

    __slots__ = ("paths",)

    def __init__(self) -> None:
        self.paths: dict[str, None] = {}

    def event(self, paths: list[str]) -> list[Unread]:
        """What is new among these, as an event."""
        if not paths:
            return []
        new = [path for path in dict.fromkeys(paths) if path not in self.paths]
        new = new[: MOST_NAMED - len(self.paths)]
        self.paths |= dict.fromkeys(new)
        return [Unread(tuple(new))] if new else []


def left_in(fields: Fields, known: frozenset[str] = frozenset()) -> list[str]:
    """The paths of the fields that nobody took; such as say nothing do not count."""
    rest = fields.rest.items()
    return [fields.path(name) for name, said in rest if name not in known and bytes(said) not in _EMPTY]


def unknown(fields: Mapping[str, Any], known: frozenset[str], at: str = "") -> list[str]:
    """The paths of the fields that are not among the known ones; such as say nothing do not count."""
    if fields.keys() <= known:
        return []
    return [f"{at}{name}" for name, said in fields.items() if name not in known and said not in _NOTHING]
