"""Looks at what was written: checks first, then a judge, who is asked as everything else is."""

import secrets
from collections.abc import Awaitable, Callable
from functools import partial

from msgspec import Struct

from baton.core.answer import ChatResponse, Choice, Finish
from baton.core.messages import Part, Refusal, Text
from baton.core.profile import Profile
from baton.core.request import ChatRequest
from baton.gateway.routing.decision import AUTO
from baton.pipelines.asking import Answer, Question
from baton.quality.assessment import Assessment, Examiner
from baton.quality.checks.checks import Checks, packaged_checks
from baton.quality.judging.judge import Judge
from baton.quality.judging.prompt import JudgePrompt, packaged_prompt
from baton.quality.output import Output
from baton.quality.task import Task

USE_CASE = "quality"
"""Of what judges are asked."""

AsksJudge = Callable[[Question], Awaitable[Answer]]
"""Asks on somebody's account. Raises BatonError."""


class Scorer(Struct, frozen=True):
    """Looks at outputs."""

    checks: Checks
    prompt: JudgePrompt

    async def score(self, ask: AsksJudge, task: Task, output: Output) -> Assessment:
        """What is said of an output."""
        judge = Judge(
            ask=partial(_asked, ask),
            model=AUTO,
            prompt=self.prompt,
            draw=secrets.token_hex,
            refusals=self.checks.refusals,
            steering=self.checks.steering,
        )
        return await Examiner(self.checks, judge).assess(task, output)


def packaged_scorer() -> Scorer:
    """With the checks and the rubric that are shipped; reads files, so call it once."""
    return Scorer(packaged_checks(), packaged_prompt())


async def _asked(ask: AsksJudge, request: ChatRequest) -> ChatResponse:
    """A judge's answer, as it is read. A cheap model judges."""
    question = Question(
        messages=request.messages,
        model=request.model,
        profile=Profile.COST_OPTIMIZED,
        use_case=USE_CASE,
        max_tokens=request.max_tokens,
        temperature=request.sampling.temperature,
        response_format=request.response_format,
    )
    answer = await ask(question)
    return ChatResponse(
        id=answer.call.interaction, model=answer.call.model, created=0, choices=(_choice(answer.output),)
    )


def _choice(output: Output) -> Choice:
    parts: tuple[Part, ...] = (Text(text=output.text),)
    if output.refusal:
        parts += (Refusal(text=output.refusal),)
    return Choice(index=0, parts=parts, finish=Finish.OTHER if output.more else output.finish)
