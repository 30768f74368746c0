"""What follows from a score."""

from collections.abc import Iterable
from enum import StrEnum

from baton.quality.objection import Objection, Severity

ACCEPTED_FROM = 70.0
OFFERED_FROM = 60.0
HELD_FROM = 30.0
"""Scores from which on, inclusive, an output is accepted, accepted and offered for review, held for it."""

CAP = 59.0
"""The most that an output is scored against which something serious speaks: the highest score with which a
person looks at it before it is used. Two serious objections cap as one does."""


class Verdict(StrEnum):
    """What becomes of an output."""

    ACCEPTED = "accepted"
    OFFERED = "offered"
    """Accepted, and offered for review."""
    HELD = "held"
    """Not used before a person has looked at it."""
    REJECTED = "rejected"
    """Not used; one better attempt may be made."""
    UNSCORED = "unscored"
    """Nobody could say; held for review where something depends on it."""

    @property
    def passes(self) -> bool:
        """Whether it is used without anybody looking at it."""
        return self in (Verdict.ACCEPTED, Verdict.OFFERED)


def verdict_on(score: float) -> Verdict:
    """What follows from a score, 0-100."""
    if score >= ACCEPTED_FROM:
        return Verdict.ACCEPTED
    if score >= OFFERED_FROM:
        return Verdict.OFFERED
    return Verdict.HELD if score >= HELD_FROM else Verdict.REJECTED


def capped(score: float, objections: Iterable[Objection]) -> float:
    """A judge's score, as far as the objections let it count."""
    serious = any(each.severity is not Severity.HINT for each in objections)
    return min(score, CAP) if serious else score
