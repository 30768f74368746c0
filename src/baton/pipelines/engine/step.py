"""One piece of a run, as its recipe declares it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from baton.pipelines.engine.run import Failing
from baton.pipelines.engine.work import Work

T = TypeVar("T")

LONGEST_NAME = 100


class StepFailed(Exception):
    """A step came to nothing; a recipe that can do without it catches this."""

    def __init__(self, step: str, why: Failing) -> None:
        super().__init__(f"{step}: {why.message}")
        self.step = step
        self.why = why


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Generic[T]):
    """One piece of a run: it is done once, and what came of it is kept."""

    name: str
    """Unique in a run; a loop or parallel steps number theirs."""
    body: Callable[[Work], Awaitable[T]]
    returns: type[T]
    """What it makes; kept as JSON, and given to the recipe as read from there."""
    attempts: int = 3
    """How often it is tried where it fails in a way that another try may help."""
    wait_s: float = 1.0
    """Before the second attempt; doubled before each further one."""
    timeout_s: float = 600.0
    """Of one attempt."""
    most_nanos: int = 0
    """What an attempt may cost at most; held against the run's budget while it goes on."""
