"""Measures the model on prompts that it has not seen: cross-fitted, and with a whole source left out."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Hashable, Sequence

from msgspec import Struct
from tools.tasks.training import FOLDS, Case, fit, train

from baton.core.task import TaskType
from baton.gateway.routing.tasks.model import TYPES, TaskModel, Trained


class Guess(Struct, frozen=True):
    """What a model says of an example that it was not trained on."""

    case: Case
    task: TaskType
    probability: float
    sure: bool

    @property
    def right(self) -> bool:
        """Whether it is one of the acceptable types."""
        return self.task in self.case.example.accept

    @property
    def counted_as(self) -> TaskType:
        """The type that the example counts as in a confusion table: an acceptable guess is no confusion."""
        return self.case.example.accept[0]


def cross_fitted(cases: Sequence[Case]) -> list[Guess]:
    """Each recorded example as told by a model of the other folds, with its own border of sureness."""
    return _held_out(cases, lambda case: case.example.fold % FOLDS, train)


def sources_left_out(cases: Sequence[Case]) -> list[Guess]:
    """Each recorded example as told by a model of all other sources and of our own prompts."""
    return _held_out(cases, lambda case: case.example.source, fit)


def guesses(model: TaskModel, cases: Sequence[Case]) -> list[Guess]:
    """What one model says of examples."""
    found: list[Guess] = []
    for case in cases:
        probabilities = model.probabilities(case.features)
        most = max(probabilities)
        found.append(Guess(case, TYPES[probabilities.index(most)], most, most >= model.sure_from))
    return found


def _held_out(
    cases: Sequence[Case], part: Callable[[Case], Hashable], make: Callable[[Sequence[Case]], Trained]
) -> list[Guess]:
    asked = [case for case in cases if not case.example.ours]
    ours = [case for case in cases if case.example.ours]
    found: list[Guess] = []
    for held in dict.fromkeys(map(part, asked)):
        model = TaskModel(make([*(case for case in asked if part(case) != held), *ours]))
        found += guesses(model, [case for case in asked if part(case) == held])
    return found


def share_right(found: Sequence[Guess]) -> float:
    """0-1."""
    return sum(guess.right for guess in found) / len(found)


def macro_f1(found: Sequence[Guess]) -> float:
    """The mean of the types' F1; an acceptable guess counts as the example's first type."""
    confused = confusion(found)
    scores: list[float] = []
    for task in TYPES:
        asked = sum(count for (truth, _), count in confused.items() if truth == task)
        told = sum(count for (_, guess), count in confused.items() if guess == task)
        scores.append(2 * confused[task, task] / (asked + told) if asked + told else 0.0)
    return sum(scores) / len(scores)


def confusion(found: Sequence[Guess]) -> Counter[tuple[TaskType, TaskType]]:
    """How often a type was taken for another one."""
    return Counter((guess.counted_as, guess.counted_as if guess.right else guess.task) for guess in found)


def area_under_curve(low: Sequence[float], high: Sequence[float]) -> float:
    """How often one of `high` is above one of `low`; equal ones count half (Mann-Whitney)."""
    values = sorted(low)
    below = sum(bisect_left(values, value) + bisect_right(values, value) for value in high) / 2
    return below / (len(low) * len(high))
