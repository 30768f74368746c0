"""What can be said in an answer, whatever the dialect."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any


class End(StrEnum):
    """Why an answer ended, as far as a caller acts on it."""

    STOP = "stop"
    LENGTH = "length"
    TOOLS = "tools"
    FILTER = "filter"
    REFUSAL = "refusal"
    PAUSE = "pause"
    OTHER = "other"
    NONE = "none"


@dataclass(frozen=True)
class Call:
    """A call of one of the caller's tools."""

    id: str
    name: str
    arguments: Any
    """Parsed; the text itself where it is no JSON."""


@dataclass
class Said:
    """One of the answers asked for."""

    text: str = ""
    thought: str = ""
    refusal: str = ""
    calls: list[Call] = field(default_factory=list[Call])
    end: End = End.NONE
    cited: set[str] = field(default_factory=set[str])
    """Where the text has something from: URLs, or titles of what has none."""
    media: list[str] = field(default_factory=list[str])
    """Fingerprints of images and sounds."""
    steps: list[str] = field(default_factory=list[str])
    """Steps of tools that the provider ran itself, by their kind."""
    likelihoods: bool = False
    """Whether the tokens' log probabilities are told."""
    sealed: list[str] = field(default_factory=list[str])
    """Signatures and thoughts in cipher, as the dialect has them."""


@dataclass(frozen=True)
class Tokens:
    """What it took. `prompt` includes `cached`, `completion` includes `reasoning`."""

    prompt: int
    completion: int
    cached: int = 0
    reasoning: int | None = 0
    """None: the dialect reports none in this answer."""


@dataclass
class Answer:
    """An answer."""

    said: list[Said]
    tokens: Tokens | None
    id: str = ""
    model: str = ""
    """Who answered, in the provider's word."""
    resealed: set[str] = field(default_factory=set[str])
    """The same seals written another time: ciphers differ from event to event."""
    wrong: list[str] = field(default_factory=list[str])
    """What is no good grammar of the dialect, in words."""


def parsed(arguments: str) -> Any:
    """Arguments as the value they mean."""
    try:
        return json.loads(arguments) if arguments else {}
    except ValueError:
        return arguments


def unwrapped(arguments: Any) -> Any:
    """Arguments that are no object, out of the object that a dialect demands."""
    if isinstance(arguments, dict) and isinstance(arguments.get("_raw"), str) and len(arguments) == 1:
        return parsed(arguments["_raw"])
    return arguments


def fingerprint(data: str) -> str:
    """Of base64 data, however its alphabet is spelt."""
    plain = data.replace("-", "+").replace("_", "/").rstrip("=")
    return sha256(plain.encode()).hexdigest()[:12]
