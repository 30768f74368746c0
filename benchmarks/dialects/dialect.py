"""What a dialect is to the benchmarks, and the words that all of them speak."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

BODY_BYTES = 500
ANSWER_BYTES = 600

SYSTEM = "You are a careful engineer. Answer briefly."
PROSE = (
    "Summarise in three sentences why a gateway between an application and the providers of language "
    "models should cost next to nothing itself, what it has to know about each request all the same, and "
    "how one would measure that honestly on a machine with two cores that other people are using too. "
)
PROMPT_TOKENS = 96
CREATED = 1767225600


@dataclass(frozen=True, slots=True)
class Said:
    """What a caller was told in a streamed answer."""

    texts: list[str]
    """The deltas that hold text, one by one."""
    usage: bool
    """Whether it was told what the answer took."""
    ended: bool
    """Whether the dialect's own end mark came last."""


@dataclass(frozen=True, slots=True, eq=False)
class Dialect:
    """One wire format."""

    name: str
    model: str
    """A model of a provider that speaks it, in that provider's own word."""
    path: Callable[[str, bool], str]
    """Where a model is asked, for a whole answer or for a stream."""
    stem: bytes
    """Occurs in all of its paths, and in no other dialect's."""
    body: Callable[..., bytes]
    """The request for a model, by keyword: `stream`, and `usage` where a caller must ask for it."""
    answer: bytes
    """A whole answer."""
    events: Callable[..., list[bytes]]
    """A streamed answer of so many texts, by keyword `usage` where it depends on the request."""
    mark: bytes
    """Occurs once in each event of a stream that holds text."""
    said: Callable[[bytes], Said]
    """Reads a streamed answer. Raises ValueError where it is not one."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """What its callers send besides the key."""
    usage_on_request: bool = False
    """Whether its callers hear what a stream took only when they asked."""


def padded(text: str, size: int) -> str:
    """`text` repeated and cut to exactly `size` bytes (it is ASCII)."""
    return (text * (size // len(text) + 1))[:size]


def compact(value: object) -> str:
    """JSON without spaces."""
    return json.dumps(value, separators=(",", ":"))


def filled(write: Callable[[str], object], size: int) -> bytes:
    """The JSON that `write` makes of a text, with a text so long that it has exactly `size` bytes."""
    spare = size - len(compact(write("")))
    return compact(write(padded(PROSE, spare))).encode()


def words(count: int, each: int = 1) -> list[str]:
    """The texts of a stream: `each` words of prose in every one, with the space before it."""
    source = itertools.cycle(" " + word for word in PROSE.split())
    return ["".join(itertools.islice(source, each)) for _ in range(count)]


def data_of(body: bytes) -> Iterator[str]:
    """The data of each event of a stream."""
    text = body.decode().replace("\r\n", "\n")
    if not text.endswith("\n\n"):
        raise ValueError(f"the last event is cut off: {text[-200:]!r}")
    for event in text.split("\n\n")[:-1]:
        lines = [line[6:] for line in event.split("\n") if line.startswith("data: ")]
        if lines:
            yield "\n".join(lines)


def objects(body: bytes) -> list[dict[str, Any]]:
    """The data of each event of a stream, all of them JSON objects."""
    return [json.loads(data) for data in data_of(body)]
