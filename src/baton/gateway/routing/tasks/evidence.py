"""Why a prompt was taken for a type of task, in phrases that a person understands."""

from collections.abc import Iterator, Sequence

from baton.core.task import TaskType
from baton.gateway.routing.tasks.cues import Cue
from baton.gateway.routing.tasks.features import Features
from baton.gateway.routing.tasks.model import TaskModel
from baton.gateway.routing.tasks.rules import SPEAKING
from baton.gateway.routing.tasks.words import Passage

_MOST = 3

_CALLED = {
    TaskType.CONVERSATION: "conversation",
    TaskType.QUESTION_ANSWERING: "an answer",
    TaskType.CREATIVE_WRITING: "a text to be written",
    TaskType.CODING: "code",
    TaskType.MATH_REASONING: "a calculation or a proof",
    TaskType.ANALYSIS: "analysis",
    TaskType.SUMMARIZATION: "a summary",
    TaskType.TRANSLATION: "translation",
    TaskType.EXTRACTION: "extraction",
}

_SHAPES = {
    TaskType.QUESTION_ANSWERING: {"options": "answers to choose from", "blank": "a blank to fill in"},
    TaskType.CODING: {
        "fence": "a code block",
        "code line>=2": "lines of code",
        "code sign>=2": "signs of code",
    },
    TaskType.MATH_REASONING: {
        "formula>=1": "a formula",
        "maths>=1": "mathematical notation",
        "number>=4": "numbers",
    },
}


def evidence_of(
    task: TaskType, passage: Passage, cues: Sequence[Cue], features: Features, model: TaskModel
) -> Iterator[str]:
    """At most a handful: phrases that ask for it, shapes that go with it, else its most telling words."""
    phrases = dict.fromkeys(cue.phrase for sense in SPEAKING[task] for cue in cues if cue.sense == sense)
    for phrase in list(phrases)[:_MOST]:
        yield f'"{phrase}" asks for {_CALLED[task]}'
    for shape, called in _SHAPES.get(task, {}).items():
        if shape in features.marks:
            yield called
    asked = {word for words in passage.sentences for word in words}
    if not phrases and (telling := model.telling(asked, task)[:_MOST]):
        yield "words like " + ", ".join(f'"{word}"' for word in telling)
