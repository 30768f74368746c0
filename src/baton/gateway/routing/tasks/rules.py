"""What cues alone say of a prompt: a vote beside the model, for languages whose words it has not learnt."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from baton.core.task import TaskType
from baton.gateway.routing.tasks.cues import Cue

SPEAKING: Mapping[TaskType, Mapping[str, float]] = MappingProxyType(
    {
        TaskType.CONVERSATION: {"greet": 1.5, "errand": 0.5},
        TaskType.QUESTION_ANSWERING: {"ask": 0.7, "explain": 0.7},
        TaskType.CREATIVE_WRITING: {"imagine": 1.5, "work": 1.0},
        TaskType.CODING: {"program": 1.5, "technology": 1.5},
        TaskType.MATH_REASONING: {"calculate": 1.5, "logic": 0.5},
        TaskType.ANALYSIS: {"analyse": 1.5},
        TaskType.SUMMARIZATION: {"summarize": 2.5},
        TaskType.TRANSLATION: {"translate": 3.0, "language": 0.3},
        TaskType.EXTRACTION: {"extract": 2.0},
    }
)
"""Which senses of cues speak for a type, and how strongly: the more definite a word, the more. Who asks to
summarize a letter wants a summary, although letters are also written."""


def votes(cues: Sequence[Cue]) -> tuple[float, ...]:
    """For each type of `TaskType`, in its order, its strongest cue's strength; 0 where there is none."""
    senses = {cue.sense for cue in cues}
    return tuple(
        max((strength for sense, strength in SPEAKING[task].items() if sense in senses), default=0.0)
        for task in TaskType
    )
