"""What an execution has in its hands: the run, what it begins steps on, and what came of them."""

import msgspec
from msgspec import Raw, Struct

from baton.pipelines.engine.run import Call, Owner, StepState


class Superseded(Exception):
    """The run is not this execution's any more."""


class OverBudget(Exception):
    """The step might cost more than the run has left."""


class Holding(Struct, frozen=True):
    """A run in the hands of one execution."""

    run_id: str
    turn: int


class Taken(Struct, frozen=True):
    """A run as it was taken up."""

    holding: Holding
    recipe: str
    version: int
    owner: Owner
    input: Raw
    places: dict[str, int]
    """The position of each step that has begun, by name."""


class Terms(Struct, frozen=True):
    """On what a step is begun."""

    name: str
    position: int
    gate: bool = False
    most_nanos: int = 0
    shows: Raw | None = None
    """What people see at a gate."""


class Begun(Struct, frozen=True):
    """A step that may go on, or has ended before."""

    state: StepState
    edition: int
    attempt: int
    instructions: tuple[str, ...]
    left_nanos: int | None


class Tally(Struct, frozen=True):
    """What an attempt cost, and what was held for it."""

    cost_nanos: int
    most_nanos: int
    calls: tuple[Call, ...] = ()

    @property
    def lines(self) -> str:
        """The calls as they are kept, one a line."""
        return "".join(f"{msgspec.json.encode(call).decode()}\n" for call in self.calls)


def calls_in(lines: str | None) -> tuple[Call, ...]:
    """Calls as they were kept."""
    return tuple(msgspec.json.decode(line, type=Call) for line in (lines or "").splitlines())
