"""One better attempt, with a stronger model, where an output was rejected."""

from typing import Protocol

from msgspec import Struct

from baton.core.errors import BatonError
from baton.quality.assessment import Assessment, Examiner
from baton.quality.output import Output
from baton.quality.task import Task
from baton.quality.verdict import Verdict


class MakesBetter(Protocol):
    """Does the task again; who runs it knows with which model."""

    async def better(self, task: Task, rejected: Assessment) -> Output:
        """Another output, by a stronger model.

        Raises:
            BatonError: there is none.
        """
        ...


class Settled(Struct, frozen=True, kw_only=True):
    """The output that is kept, and what was said of it and of the other one."""

    output: Output
    assessment: Assessment
    rejected: Assessment | None = None
    """What was said of the output that is not kept; None: there was no other one."""
    failure: str | None = None
    """Why no better attempt could be made; None: it was made, or there was no need of one."""


async def settle(examiner: Examiner, task: Task, output: Output, maker: MakesBetter) -> Settled:
    """Assess an output; where it is rejected, have it made once more, and keep the better one.

    There is one attempt, whatever comes of it: an output may be rejected in the end.
    """
    first = await examiner.assess(task, output)
    if first.verdict is not Verdict.REJECTED:
        return Settled(output=output, assessment=first)
    try:
        other = await maker.better(task, first)
    except BatonError as error:
        return Settled(output=output, assessment=first, failure=error.code or type(error).__name__)
    second = await examiner.assess(task, other)
    if second.standing >= first.standing:
        return Settled(output=other, assessment=second, rejected=first)
    return Settled(output=output, assessment=first, rejected=second)
