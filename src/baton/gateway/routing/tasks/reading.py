"""What is known of a prompt before any model is asked: its type of task, how complex it looks, and why."""

from msgspec import Struct
from msgspec.structs import replace

from baton.core.task import Level, TaskType, level_of
from baton.gateway.routing.tasks.complexity import complexity_of, signals_of, told
from baton.gateway.routing.tasks.cues import Cues, packaged_cues
from baton.gateway.routing.tasks.evidence import evidence_of
from baton.gateway.routing.tasks.features import features_of
from baton.gateway.routing.tasks.model import TYPES, TaskModel, packaged_model
from baton.gateway.routing.tasks.words import passage_of

_LIKELY = 3


class Prompt(Struct, frozen=True):
    """What a request says, as far as its kind of work depends on it."""

    text: str
    """The user's last turn."""
    system_chars: int = 0
    turns: int = 1
    """Of the user, the last one among them."""
    chars: int = 0
    """Of the whole conversation; less than the last turn's is taken as no more than that."""
    needs: frozenset[str] = frozenset()
    """Capabilities that the request asks for: `tools`, `json`, `vision` …"""


class Reading(Struct, frozen=True):
    """What a prompt was read as."""

    task: TaskType | None
    """None: unsure, so nothing should be moved by it."""
    likely: tuple[tuple[TaskType, float], ...]
    """The three most likely types with their probabilities, best first."""
    complexity: float
    """0-1."""
    level: Level
    evidence: tuple[str, ...]
    """Why, in phrases: first of the most likely type, then of the complexity."""


class TaskReader:
    """Reads prompts: pure, and in time that does not grow with them."""

    __slots__ = ("_cues", "model")

    def __init__(self, cues: Cues, model: TaskModel) -> None:
        self._cues = cues
        self.model = model

    def read(self, prompt: Prompt) -> Reading:
        """Type and complexity of a prompt; any text will do, an empty one is unsure."""
        passage = passage_of(prompt.text)
        cues = self._cues.found(passage)
        features = features_of(passage, cues)
        probabilities = self.model.probabilities(features)
        ranked = sorted(zip(probabilities, TYPES, strict=True), key=lambda pair: (-pair[0], pair[1]))
        probability, best = ranked[0]
        chars = len(prompt.text)
        signals = replace(
            signals_of(passage, cues, chars, ranked),
            turns=max(1, prompt.turns),
            context_chars=max(0, prompt.chars - chars, prompt.system_chars),
            needs=len(prompt.needs),
        )
        complexity = complexity_of(signals)
        return Reading(
            task=best if passage.words and probability >= self.model.sure_from else None,
            likely=tuple((task, round(value, 4)) for value, task in ranked[:_LIKELY]),
            complexity=complexity,
            level=level_of(complexity),
            evidence=(*evidence_of(best, passage, cues, features, self.model), *told(signals)),
        )


def load_task_reader() -> TaskReader:
    """With what is shipped; reads two files (tens of ms), so call it when first needed, and once."""
    return TaskReader(packaged_cues(), packaged_model())
