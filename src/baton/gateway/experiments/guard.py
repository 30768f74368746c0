"""Looks at what runs, stops arms that fail, and promotes winners where that was wished for."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

import structlog
from sqlalchemy.exc import SQLAlchemyError

from baton.core.errors import BatonError, Conflict
from baton.gateway.experiments.conduct import without
from baton.gateway.experiments.experiment import Arm, Experiment, Guard, Status
from baton.gateway.experiments.promotion import Promotion
from baton.gateway.experiments.results import ArmResult, Results, results_of
from baton.gateway.experiments.statistics import Difference
from baton.ledger.trials import Last, Metric, Trials
from baton.records.audit.entry import SYSTEM, Actor
from baton.records.kind import Record
from baton.records.store import Records

EVERY_S = 30.0

RUN = 20
"""Failures in a row that end an arm at once, whatever the statistics say so far …"""

RUN_USERS = 3
"""… of so many users: one alone may ask for what nobody can answer."""

JOB = Actor(id=SYSTEM.id, source="job")

_log: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class Guarding:
    """One task; `async with` starts it."""

    def __init__(
        self,
        experiments: Records[Experiment],
        trials: Trials,
        promotion: Promotion,
        every_s: float = EVERY_S,
    ) -> None:
        self._experiments = experiments
        self._trials = trials
        self._promotion = promotion
        self._every_s = every_s
        self._task: asyncio.Task[None] | None = None

    async def results(self, experiment: Experiment) -> Results:
        """What may be said of one at this moment.

        Raises:
            Unavailable: the database is away.
        """
        return results_of(experiment, await self._trials.tally(experiment.name, experiment.phase))

    async def look(self) -> None:
        """Look at all that run, now; one that cannot be looked at is looked at the next time."""
        for record in self._experiments.list():
            if record.value.status is Status.RUNNING:
                try:
                    await self._look_at(record)
                except Conflict:  # another process, or an admin, was quicker
                    _log.debug("experiment_changed_meanwhile", experiment=record.key)
                except (BatonError, SQLAlchemyError, OSError) as error:
                    _log.warning("experiment_not_guarded", experiment=record.key, error=str(error)[:200])

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._look_on(), name="experiments")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def _look_on(self) -> None:
        while True:
            await asyncio.sleep(self._every_s)
            await self.look()

    async def _look_at(self, record: Record[Experiment]) -> None:
        experiment = record.value
        results = await self.results(experiment)
        if experiment.guard.is_enabled:
            left = await self._guarded(experiment, results)
            if left != experiment:
                await self._experiments.put(left, JOB, record.revision)
                return
        if experiment.promotes and results.winner is not None and not await self._was_ended(experiment):
            await self._promotion.promote(record.key, results.winner, (), JOB, record.revision)
            _log.info("experiment_promoted", experiment=record.key, arm=results.winner)

    async def _guarded(self, experiment: Experiment, results: Results) -> Experiment:
        """The experiment without the arms that fail."""
        left = experiment
        for each in results.arms[1:]:
            if each.arm.stopped is not None:
                continue
            why = _shown(experiment.guard, each) or await self._failing(experiment, each.arm)
            if why is not None and not await self._was_stopped(experiment, each.arm):
                _log.warning("arm_stopped", experiment=experiment.name, arm=each.arm.name, why=why)
                left = without(left, each.arm.name, why)
        return left

    async def _failing(self, experiment: Experiment, arm: Arm) -> str | None:
        """Why an arm is stopped whose last requests all failed; None: not all, or the control's did too."""
        last = await self._trials.last(experiment.name, experiment.phase, arm.name, RUN)
        if len(last) < RUN or not _all_failed(last) or len({each.user_id for each in last}) < RUN_USERS:
            return None
        control = experiment.control.name
        beside = await self._trials.last(experiment.name, experiment.phase, control, RUN, last[-1].id)
        if beside and _all_failed(beside):
            return None
        return f"Its last {RUN} requests all failed."

    async def _was_stopped(self, experiment: Experiment, arm: Arm) -> bool:
        """Whether the guard has stopped it before in this phase: then somebody wanted it back, and knows."""
        return any(
            one.name == arm.name and one.stopped is not None
            for each in await self._done(experiment)
            for one in each.arms
        )

    async def _was_ended(self, experiment: Experiment) -> bool:
        """Whether it has been ended from here before in this phase, and somebody wanted it back."""
        return any(each.status is Status.STOPPED for each in await self._done(experiment))

    async def _done(self, experiment: Experiment) -> Sequence[Experiment]:
        """What was made of it from here, in this phase."""
        history = await self._experiments.history(experiment.name)
        values = [each.value for each in history if each.changed_by == JOB.id]
        return [each for each in values if each.phase == experiment.phase]


def _all_failed(requests: Sequence[Last]) -> bool:
    return all(each.failed for each in requests)


def _shown(guard: Guard, arm: ArmResult) -> str | None:
    """Why an arm is stopped that is shown to be worse than it may be; None: it is not."""
    bounds = (
        (Metric.FAILURES, guard.max_failure_increase),
        (Metric.COST, guard.max_cost_increase),
        (Metric.LATENCY, guard.max_latency_increase),
    )
    for metric, bound in bounds:
        found = arm.difference(metric)
        if bound is not None and found.low is not None and found.low > bound:
            return _words(found)
    return None


def _words(found: Difference) -> str:
    assert found.low is not None
    if found.metric is Metric.FAILURES:
        return f"It fails more often than the control, by at least {found.low:.1%} of the requests."
    what = "dearer" if found.metric is Metric.COST else "slower"
    return f"It is {what} than the control, by at least {found.low:.1%}."
