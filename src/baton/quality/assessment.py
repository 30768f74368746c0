"""All that is said of one output, and what follows from it."""

import asyncio

from msgspec import Struct

from baton.quality.checks.checks import Checks
from baton.quality.judging.judge import Judge, Judgement
from baton.quality.objection import Objection, Severity
from baton.quality.output import Output
from baton.quality.task import Task
from baton.quality.verdict import Verdict, capped, verdict_on


class Assessment(Struct, frozen=True, kw_only=True):
    """What is said of one output."""

    verdict: Verdict
    score: float | None
    """0-100, after the objections had their say; None: no judge was asked, or none said anything usable."""
    objections: tuple[Objection, ...] = ()
    judgement: Judgement | None = None
    """None: no judge was asked, for something fatal speaks against it or there is no text in it."""

    @property
    def standing(self) -> float:
        """Which of two outputs is kept: the higher. What nobody could score is not known to be bad."""
        if self.verdict is Verdict.UNSCORED:
            return float("inf")
        return -1.0 if self.score is None else self.score


class Examiner(Struct, frozen=True):
    """Assesses outputs: checks first, then a judge."""

    checks: Checks
    judge: Judge

    async def assess(self, task: Task, output: Output) -> Assessment:
        """All that is said of an output."""
        objections = await asyncio.to_thread(self.checks.objections, task, output)  # milliseconds of CPU
        if any(each.severity is Severity.FATAL for each in objections):
            return Assessment(verdict=Verdict.REJECTED, score=None, objections=objections)
        if not output.text.strip():  # pictures, calls of tools: a judge would be shown nothing
            return Assessment(verdict=Verdict.UNSCORED, score=None, objections=objections)
        judgement = await self.judge.judge(task, output)
        if judgement.scores is None:
            return Assessment(
                verdict=Verdict.UNSCORED, score=None, objections=objections, judgement=judgement
            )
        score = capped(judgement.scores.overall, objections)
        return Assessment(verdict=verdict_on(score), score=score, objections=objections, judgement=judgement)
