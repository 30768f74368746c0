"""How hard a prompt looks, 0-1: from its length, structure, constraints, marks of reasoning and context."""

from collections.abc import Iterator, Sequence
from math import log2

from msgspec import Struct

from baton.gateway.routing.tasks.cues import Cue
from baton.gateway.routing.tasks.words import Passage

LENGTH, STRUCTURE, CONSTRAINTS, REASONING, CONTEXT = 0.40, 0.25, 0.30, 0.35, 0.25
"""How complex a prompt is of which nothing but this one is great."""

_SHORT_CHARS = 100
_LONG_CHARS = 6400
_MANY_PARTS = 12
_MANY_CONSTRAINTS = 5
_MANY_REASONS = 3
_MANY_TURNS = 12
_MUCH_CONTEXT_CHARS = 32_000
_TOLD_FROM = 0.25


class Signals(Struct, frozen=True):
    """What complexity is told from; none of them lowers it."""

    chars: int = 0
    """Of the last turn."""
    parts: int = 0
    """Paragraphs, points, fields, lines of code and questions in what was read of it."""
    constraints: int = 0
    """Different phrases that narrow what is wanted."""
    reasons: int = 0
    """Different phrases that ask for thinking."""
    turns: int = 1
    context_chars: int = 0
    """Of the system prompt and of earlier turns."""
    needs: int = 0
    """Capabilities beyond text that the request asks for: tools, a schema, images."""


def signals_of(passage: Passage, cues: Sequence[Cue], chars: int) -> Signals:
    """Those of a last turn of so many characters; its context is for the caller to add."""
    text = passage.text
    parts = sum(bool(line.strip()) for line in text.split("\n")) - 1 + text.count("?") + text.count("？")
    return Signals(
        chars=chars,
        parts=max(0, parts),
        constraints=len({cue.phrase for cue in cues if cue.sense == "constraint"}),
        reasons=len({cue.phrase for cue in cues if cue.sense == "reasoning"}),
    )


def complexity_of(signals: Signals) -> float:
    """1 - the product of what each leaves, `1 - weight · share`: it grows with each and never passes 1."""
    left = 1.0
    for weight, share in zip(
        (LENGTH, STRUCTURE, CONSTRAINTS, REASONING, CONTEXT), shares(signals), strict=True
    ):
        left *= 1 - weight * share
    return round(1 - left, 4)


def shares(signals: Signals) -> tuple[float, float, float, float, float]:
    """Length, structure, constraints, reasoning and context, each 0-1; length by doublings."""
    context = log2(1 + signals.context_chars / _SHORT_CHARS) / log2(1 + _MUCH_CONTEXT_CHARS / _SHORT_CHARS)
    around = 0.5 * context + 0.3 * (signals.turns - 1) / _MANY_TURNS + 0.2 * signals.needs / 2
    return (
        min(1.0, log2(1 + signals.chars / _SHORT_CHARS) / log2(1 + _LONG_CHARS / _SHORT_CHARS)),
        min(1.0, signals.parts / _MANY_PARTS),
        min(1.0, signals.constraints / _MANY_CONSTRAINTS),
        min(1.0, signals.reasons / _MANY_REASONS),
        min(1.0, max(0.0, around)),
    )


def told(signals: Signals) -> Iterator[str]:
    """What has made it complex, in words."""
    length, structure, _, _, context = shares(signals)
    if length >= _TOLD_FROM:
        yield f"{signals.chars} characters"
    if structure >= _TOLD_FROM:
        yield f"{signals.parts} parts"
    if signals.constraints:
        yield "1 constraint" if signals.constraints == 1 else f"{signals.constraints} constraints"
    if signals.reasons:
        yield "asks for reasoning"
    if context >= _TOLD_FROM:
        yield f"{signals.turns} turns, {signals.context_chars} characters before"
