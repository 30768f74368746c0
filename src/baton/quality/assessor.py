"""Has an output assessed, asking a judge through the gateway, and keeps what was said of it."""

import asyncio
from collections.abc import Callable

from msgspec import Struct, structs

from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import Unavailable
from baton.prompts.prompt import PromptVersion
from baton.quality.assessment import Assessment, Examiner
from baton.quality.checks.checks import Checks
from baton.quality.judging.asking import Answers, Asking, Terms
from baton.quality.judging.fence import Draw
from baton.quality.judging.judge import Judge
from baton.quality.judging.prompt import JudgePrompt
from baton.quality.output import Output
from baton.quality.queue.item import Examined, Item, Said
from baton.quality.queue.store import Queue
from baton.quality.task import Task


class Bench(Struct, frozen=True, kw_only=True):
    """What outputs are judged with."""

    answers: Answers
    checks: Callable[[], Checks]
    """Reads files, so it is called when the first output is assessed."""
    again: str
    """What a judge is told whose answer could not be used."""
    version: Callable[[], PromptVersion]
    """Of its prompt, at the moment. Raises NotFound."""
    payer: Callable[[], Caller | None]
    """On whose account judges are asked; None: there is nobody."""
    draw: Draw
    new_id: Callable[[], str]
    clock: Clock


class Assessor:
    """Assesses and keeps."""

    def __init__(self, bench: Bench, queue: Queue) -> None:
        self._bench = bench
        self._queue = queue
        self._checks: Checks | None = None

    async def assess(
        self, task: Task, output: Output, examined: Examined, judge: str, terms: Terms
    ) -> Assessment:
        """All that is said of an output; kept. `judge`: the model that is asked, or `auto`.

        Raises:
            Refused: the judge's prompt cannot be used, nobody pays for it, or what was said cannot be kept.
        """
        bench = self._bench
        payer = bench.payer()
        if payer is None:
            raise Unavailable("There is no admin on whose account a judge could be asked.", code="no_payer")
        if self._checks is None:
            self._checks = await asyncio.to_thread(bench.checks)
        checks = self._checks
        version = bench.version()
        ask = Asking(bench.answers, payer, terms, version.reference, bench.new_id, bench.clock)
        examiner = Examiner(
            checks,
            Judge(
                ask=ask,
                model=judge,
                prompt=JudgePrompt(version=version, again=bench.again),
                draw=bench.draw,
                refusals=checks.refusals,
                steering=checks.steering,
            ),
        )
        assessment = await examiner.assess(task, output)
        now_ms = int(bench.clock.wall() * 1000)
        item = item_of(bench.new_id(), now_ms, examined, assessment)
        await self._queue.add(structs.replace(item, cost_nanos=ask.cost_nanos, unpriced=ask.unpriced))
        return assessment


def item_of(id: str, at_ms: int, examined: Examined, assessment: Assessment) -> Item:
    """What is kept of an assessment; what it cost is somebody else's to say."""
    judgement = assessment.judgement
    return Item(
        id=id,
        at_ms=at_ms,
        examined=examined,
        verdict=assessment.verdict,
        score=assessment.score,
        scores=None if judgement is None else judgement.scores,
        objections=tuple(each.kind for each in assessment.objections),
        judge=None if judgement is None else judgement.model,
        judge_prompt=None if judgement is None else judgement.prompt,
        asked=0 if judgement is None else judgement.asked,
        left_out=0 if judgement is None else judgement.left_out,
        said=Said(
            reasoning="" if judgement is None else judgement.reasoning,
            objections=assessment.objections,
            problems=() if judgement is None else judgement.problems,
        ),
    )
