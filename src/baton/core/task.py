"""What kind of work a prompt asks for, and how hard it looks."""

from enum import StrEnum


class TaskType(StrEnum):
    """The nine kinds of work that routing tells apart."""

    CONVERSATION = "conversation"
    QUESTION_ANSWERING = "question_answering"
    CREATIVE_WRITING = "creative_writing"
    CODING = "coding"
    MATH_REASONING = "math_reasoning"
    ANALYSIS = "analysis"
    SUMMARIZATION = "summarization"
    TRANSLATION = "translation"
    EXTRACTION = "extraction"


class Level(StrEnum):
    """How complex a prompt is, in a word; `level_of` has the borders."""

    SIMPLE = "simple"
    MODERATE = "moderate"
    COMPLEX = "complex"


MODERATE_FROM = 0.3
"""Complexity from which a prompt is no longer simple: inclusive."""

COMPLEX_FROM = 0.5
"""Complexity from which a prompt is complex: inclusive."""


def level_of(complexity: float) -> Level:
    """The word for a complexity of 0-1."""
    if complexity < MODERATE_FROM:
        return Level.SIMPLE
    return Level.MODERATE if complexity < COMPLEX_FROM else Level.COMPLEX
