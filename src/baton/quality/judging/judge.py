"""Asks a model how good an output is: once, and once more where that could not be used."""

from typing import Protocol

from msgspec import Struct

from baton.core.answer import ChatResponse
from baton.core.errors import BatonError
from baton.core.request import ChatRequest
from baton.quality.checks.refusals import Refusals
from baton.quality.checks.steering import Steering, dictated
from baton.quality.judging.fence import Draw
from baton.quality.judging.prompt import JudgePrompt
from baton.quality.judging.reading import read, said
from baton.quality.output import Output
from baton.quality.scores import Scores
from baton.quality.task import Task
from baton.quality.verdict import verdict_on

_ASKED_AT_MOST = 2


class AskModel(Protocol):
    """Asks a model; who composes the program hands it in."""

    async def __call__(self, request: ChatRequest) -> ChatResponse:
        """Its answer, whole.

        Raises:
            BatonError: there is none.
        """
        ...


class Judgement(Struct, frozen=True, kw_only=True):
    """What a judge said of an output."""

    scores: Scores | None
    """None: it said nothing that could be used."""
    reasoning: str = ""
    problems: tuple[str, ...] = ()
    """What was wrong with each answer that could not be used."""
    asked: int
    """How often it was asked."""
    model: str
    """Who judged, by its own word; where nobody answered, who was asked."""
    prompt: str
    """By which version of which prompt, `name@version`."""
    left_out: int = 0
    """Characters of the output that it was not shown."""


class Judge(Struct, frozen=True, kw_only=True):
    """Judges outputs by the rubric."""

    ask: AskModel
    model: str
    prompt: JudgePrompt
    draw: Draw
    refusals: Refusals
    steering: Steering

    async def judge(self, task: Task, output: Output) -> Judgement:
        """Scores, or none: where the model is not to be had, or gives twice what is no judgement."""
        question = self.prompt.question(task, output, self.model, self.draw)
        wanted = dictated(output.text, self.steering) | _tempting(dictated(task.asked, self.steering))
        problems: list[str] = []
        model = self.model
        asked = 0
        while asked < _ASKED_AT_MOST:
            asked += 1
            try:
                response = await self.ask(question.request)
            except BatonError as error:
                problems.append(f"The judge could not be asked: {error.code or type(error).__name__}.")
                break
            model = response.model or model
            reading = read(response, output.text, wanted, self.refusals)
            if reading.scores is not None:
                return Judgement(
                    scores=reading.scores,
                    reasoning=reading.reasoning,
                    problems=tuple(problems),
                    asked=asked,
                    model=model,
                    prompt=self.prompt.version.reference,
                    left_out=question.left_out,
                )
            problems += reading.problems
            question = self.prompt.question_again(question, said(response), reading.problems)
        return Judgement(
            scores=None,
            problems=tuple(problems),
            asked=asked,
            model=model,
            prompt=self.prompt.version.reference,
            left_out=question.left_out,
        )


def _tempting(scores: frozenset[int]) -> frozenset[int]:
    """Of the scores that a task speaks of, those that would pass: what it holds may be somebody else's words,
    but it may as well ask for marks."""
    return frozenset(score for score in scores if verdict_on(score).passes)
