"""The readers of all dialects by their names."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from baton.core.dialect import Dialect
from tests.contracts.events import Event, read_events
from tests.contracts.facts import completions, generations, messages, responses
from tests.contracts.facts.fact import Answer

_WHOLE: dict[Dialect, Callable[[dict[str, Any]], Answer]] = {
    Dialect.OPENAI: completions.read,
    Dialect.OPENAI_RESPONSES: responses.read,
    Dialect.ANTHROPIC: messages.read,
    Dialect.GOOGLE: generations.read,
}
_STREAMED: dict[Dialect, Callable[[list[Event]], Answer]] = {
    Dialect.OPENAI: completions.read_stream,
    Dialect.OPENAI_RESPONSES: responses.read_stream,
    Dialect.ANTHROPIC: messages.read_stream,
    Dialect.GOOGLE: generations.read_stream,
}


class Unreadable(Exception):
    """No answer of the dialect."""


def answer_of(dialect: Dialect, body: bytes) -> Answer:
    """What a whole answer says.

    Raises:
        Unreadable: it says nothing that can be understood.
    """
    with _reading(body):
        return _WHOLE[dialect](json.loads(body))


def streamed_answer_of(dialect: Dialect, body: bytes) -> Answer:
    """What a streamed answer says. Raises as `answer_of`."""
    with _reading(body):
        return read_events_of(dialect, read_events(body))


def read_events_of(dialect: Dialect, events: list[Event]) -> Answer:
    """What the events of a stream say."""
    return _STREAMED[dialect](events)


@contextmanager
def _reading(body: bytes) -> Generator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise Unreadable(f"it cannot be read: {error!r} in {body[:300]!r}") from error
