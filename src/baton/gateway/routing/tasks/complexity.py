"""How hard a prompt looks, 0-1: length, structure, constraints, marks of reasoning, kind of work, context."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import log2
from types import MappingProxyType

from msgspec import Struct

from baton.core.task import TaskType
from baton.gateway.routing.tasks.cues import Cue
from baton.gateway.routing.tasks.words import Passage

LENGTH, STRUCTURE, CONSTRAINTS, REASONING, WORK, CONTEXT = 0.5, 0.3, 0.3, 0.35, 0.3, 0.25
"""How complex a prompt is of which nothing but this one is great."""

THINKING: Mapping[TaskType, float] = MappingProxyType(
    {
        TaskType.CONVERSATION: 0.0,
        TaskType.QUESTION_ANSWERING: 0.25,
        TaskType.CREATIVE_WRITING: 0.3,
        TaskType.CODING: 0.7,
        TaskType.MATH_REASONING: 0.9,
        TaskType.ANALYSIS: 0.7,
        TaskType.SUMMARIZATION: 0.3,
        TaskType.TRANSLATION: 0.25,
        TaskType.EXTRACTION: 0.25,
    }
)
"""How much thinking a kind of work mostly takes, 0-1."""

_WEIGHTS = (LENGTH, STRUCTURE, CONSTRAINTS, REASONING, WORK, CONTEXT)
_SHORT_CHARS = 100
_LONG_CHARS = 3200
_MANY_PARTS = 16
_MANY_CONSTRAINTS = 5
_MANY_REASONS = 3
_MANY_TURNS = 12
_MANY_NEEDS = 2
_MUCH_CONTEXT_CHARS = 32_000
_TOLD_FROM = 0.25
"""What is great by less is not worth telling."""


class Signals(Struct, frozen=True):
    """What complexity is told from; none of them lowers it."""

    chars: int = 0
    """Of the last turn."""
    parts: int = 0
    """Lines, questions and quantities in what was read of it."""
    constraints: int = 0
    """Different phrases that narrow what is wanted."""
    reasons: int = 0
    """Different phrases that ask for thinking."""
    work: float = 0.0
    """What its kind of work mostly takes: `THINKING`, by how probable each is."""
    turns: int = 1
    context_chars: int = 0
    """Of the system prompt and of earlier turns."""
    needs: int = 0
    """Capabilities beyond text that the request asks for: tools, a schema, images."""


def signals_of(
    passage: Passage, cues: Sequence[Cue], chars: int, likely: Iterable[tuple[float, TaskType]]
) -> Signals:
    """Those of a last turn of so many characters; its context is for the caller to add."""
    text = passage.text
    lines = sum(bool(line.strip()) for line in text.split("\n")) - 1
    return Signals(
        chars=chars,
        parts=max(0, lines) + text.count("?") + text.count("？") + passage.words.count("0"),
        constraints=len({cue.phrase for cue in cues if cue.sense == "constraint"}),
        reasons=len({cue.phrase for cue in cues if cue.sense == "reasoning"}),
        work=sum(probability * THINKING[task] for probability, task in likely),
    )


def complexity_of(signals: Signals) -> float:
    """1 - the product of what each leaves, `1 - weight · share`: it grows with each and never passes 1."""
    left = 1.0
    for weight, share in zip(_WEIGHTS, shares(signals), strict=True):
        left *= 1 - weight * share
    return round(1 - left, 4)


def shares(signals: Signals) -> tuple[float, float, float, float, float, float]:
    """Length, structure, constraints, reasoning, work and context, each 0-1; lengths by doublings."""
    around = (
        0.5 * _doublings(signals.context_chars, _MUCH_CONTEXT_CHARS)
        + 0.3 * (signals.turns - 1) / _MANY_TURNS
        + 0.2 * signals.needs / _MANY_NEEDS
    )
    return (
        _doublings(signals.chars, _LONG_CHARS),
        min(1.0, signals.parts / _MANY_PARTS),
        min(1.0, signals.constraints / _MANY_CONSTRAINTS),
        min(1.0, signals.reasons / _MANY_REASONS),
        min(1.0, signals.work),
        min(1.0, around),
    )


def told(signals: Signals) -> Iterator[str]:
    """What has made it complex, in words."""
    length, structure, _, _, _, context = shares(signals)
    if length >= _TOLD_FROM:
        yield f"{signals.chars} characters"
    if structure >= _TOLD_FROM:
        yield f"{signals.parts} lines, questions and quantities"
    if signals.constraints:
        yield "1 constraint" if signals.constraints == 1 else f"{signals.constraints} constraints"
    if signals.reasons:
        yield "asks for reasoning"
    if context >= _TOLD_FROM:
        yield f"{signals.turns} turns, {signals.context_chars} characters before"


def _doublings(chars: int, full: int) -> float:
    return min(1.0, log2(1 + chars / _SHORT_CHARS) / log2(1 + full / _SHORT_CHARS))
