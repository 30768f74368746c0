"""The readers of all dialects by their names."""

import json
from collections.abc import Callable
from typing import Any

from baton.core.dialect import Dialect
from tests.contracts.wishes import completions, generations, messages, responses
from tests.contracts.wishes.wish import Wish

_READERS: dict[Dialect, Callable[[dict[str, Any]], Wish]] = {
    Dialect.OPENAI: completions.read,
    Dialect.OPENAI_RESPONSES: responses.read,
    Dialect.ANTHROPIC: messages.read,
    Dialect.GOOGLE: generations.read,
}


def wish_of(dialect: Dialect, body: bytes) -> Wish:
    """What a request asks for."""
    return _READERS[dialect](json.loads(body))
