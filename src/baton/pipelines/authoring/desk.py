"""Writes one text at once, for somebody who waits for it."""

from msgspec import Struct

from baton.pipelines.asking import Answer, Asking, Question
from baton.pipelines.authoring.author import (
    Assignment,
    Piece,
    Saves,
    TaskOf,
    Written,
    best_of,
    draft_of,
    piece_of,
    question_of,
    written_of,
)
from baton.pipelines.authoring.scorer import Scorer
from baton.pipelines.engine.run import Call, Owner
from baton.quality.assessment import Assessment


class Done(Struct, frozen=True, kw_only=True):
    """A text, and the calls that it took."""

    piece: Piece
    call: Call
    """Whose answer it is."""
    calls: tuple[Call, ...]


class Desk:
    """Has agents write for projects."""

    def __init__(self, asking: Asking, scorer: Scorer, task_of: TaskOf, saves: Saves) -> None:
        self._asking = asking
        self._scorer = scorer
        self._task_of = task_of
        self._saves = saves

    async def write(self, owner: Owner, project_id: str, assignment: Assignment, source: str) -> Done:
        """A text that was looked at, and where it is kept. `source`: the id of the request; it is kept once.

        Raises:
            Refused: not admitted, a budget is spent.
            AllAttemptsFailed: no model could write it.
            Unavailable: it could not be kept.
        """
        calls: list[Call] = []

        async def ask(question: Question) -> Answer:
            answer = await self._asking.ask(owner, question)
            calls.append(answer.call)
            return answer

        async def write(again: bool) -> Written:
            return written_of(await ask(question_of(assignment, again=again)))

        async def score(written: Written, again: bool) -> Assessment:
            del again
            task = self._task_of(written.call.prompt or assignment.prompt, assignment.variables)
            return await self._scorer.score(ask, task, written.output)

        written, said = await best_of(write, score)
        saved = await self._saves(owner, draft_of(assignment.kind, written, said, owner, project_id, source))
        piece = piece_of(assignment.kind, written, said, saved)
        return Done(piece=piece, call=written.call, calls=tuple(calls))
