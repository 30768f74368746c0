"""Writes a text: a model is asked, the text is looked at, made once more where it was rejected, and kept."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from hashlib import sha256

from msgspec import Struct
from msgspec.structs import replace

from baton.core.answer import Finish
from baton.core.errors import BatonError
from baton.core.profile import Profile
from baton.pipelines.asking import Answer, Asks, Question
from baton.pipelines.authoring.scorer import Scorer
from baton.pipelines.engine.run import Call, Owner
from baton.pipelines.engine.running import Running
from baton.pipelines.engine.step import Step, StepFailed
from baton.pipelines.engine.work import Work
from baton.pipelines.outputs.output import Draft, Saved
from baton.quality.assessment import Assessment
from baton.quality.output import Output
from baton.quality.task import Task
from baton.quality.verdict import Verdict

TaskOf = Callable[[str, Mapping[str, str]], Task]
"""What a prompt, `name@version`, asks for with its variables filled in. Raises NotFound."""

Saves = Callable[[Owner, Draft], Awaitable[Saved]]
"""Keeps what was written, on the loop that serves requests. Raises NotFound where its owner does not work in
the project any more."""

_SCORE_TIMEOUT_S = 60.0
_SCORE_SHARE = 1 / 20
"""Of a run's budget, for the judging of one text."""


class Assignment(Struct, frozen=True, kw_only=True):
    """A text that is to be written."""

    kind: str
    """What it is: `strategy`; also the agent who writes it, and the output that it is kept as."""
    prompt: str
    variables: dict[str, str]
    timeout_s: float
    share: float = 1 / 8
    """The part of its run's budget that it may cost."""
    said_as: str | None = None
    """The variable in which the prompt takes what people added; None: it comes behind the prompt."""


class Written(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a model wrote; `content` may be a person's by now."""

    content: str
    finish: Finish | None
    digest: str
    """Of what the model wrote."""
    call: Call
    edited_by: str | None = None
    """The id of the person whose words it has by now; whoever takes edits sets it."""

    @property
    def is_edited(self) -> bool:
        """Whether a person has changed it."""
        return self.edited_by is not None or digest_of(self.content) != self.digest

    @property
    def output(self) -> Output:
        """As it is looked at."""
        return Output(text=self.content, finish=None if self.is_edited else self.finish)


class Piece(Struct, frozen=True, kw_only=True, rename="camel"):
    """A text that was written, what was said of it, and where it is kept."""

    kind: str
    content: str
    output_id: str
    version: int
    score: float | None
    verdict: Verdict
    reasoning: str

    @property
    def told(self) -> "Told":
        """Without the text."""
        return Told(
            kind=self.kind,
            output_id=self.output_id,
            version=self.version,
            score=self.score,
            verdict=self.verdict,
        )


class Told(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where a text is kept, and how good it is."""

    kind: str
    output_id: str
    version: int
    score: float | None
    verdict: Verdict


def written_of(answer: Answer) -> Written:
    """A model's answer as a text."""
    return Written(content=answer.text, finish=answer.finish, digest=digest_of(answer.text), call=answer.call)


def digest_of(text: str) -> str:
    """By which a changed text is told."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Author:
    """Writes texts as steps of a run."""

    def __init__(self, asks: Asks, scorer: Scorer, task_of: TaskOf, saves: Saves) -> None:
        self._asks = asks
        self._scorer = scorer
        self._task_of = task_of
        self._saves = saves

    async def write(self, run: Running, name: str, assignment: Assignment) -> Piece:
        """A text, by steps `name`, `name score`, where that is rejected `name again` and its score, and
        `name save`.

        Raises:
            StepFailed: no model could write it, or it could not be kept.
        """

        async def write(again: bool) -> Written:
            called = f"{name} again" if again else name
            return await run.do(self._asked(run, called, assignment, again))

        async def score(written: Written, again: bool) -> Assessment:
            called = f"{name} again score" if again else f"{name} score"
            return await run.do(self._scored(run, called, assignment, written))

        written, said = await best_of(write, score)
        return await self._kept(run, name, assignment, written, said)

    async def keep(self, run: Running, name: str, assignment: Assignment, written: Written) -> Piece:
        """The same for a text that is there already; it is not written once more."""
        said = await run.do(self._scored(run, f"{name} score", assignment, written))
        return await self._kept(run, name, assignment, written, said)

    async def _kept(
        self, run: Running, name: str, assignment: Assignment, written: Written, said: Assessment
    ) -> Piece:
        saved = await run.do(
            Step(
                name=f"{name} save",
                body=partial(self._save, assignment, written, said),
                returns=Saved,
                attempts=5,
            )
        )
        return piece_of(assignment.kind, written, said, saved)

    def _asked(self, run: Running, name: str, assignment: Assignment, again: bool) -> Step[Written]:
        async def ask(work: Work) -> Written:
            question = question_of(assignment, work.instructions, again=again)
            return written_of(await self._asks(work, question))

        return Step(
            name=name,
            body=ask,
            returns=Written,
            timeout_s=assignment.timeout_s,
            most_nanos=run.share(assignment.share),
        )

    def _scored(self, run: Running, name: str, assignment: Assignment, written: Written) -> Step[Assessment]:
        async def score(work: Work) -> Assessment:
            each = None if work.most_nanos is None else work.most_nanos // 2  # a judge is asked twice at most

            async def ask(question: Question) -> Answer:
                return await self._asks(work, replace(question, max_cost_nanos=each))

            task = self._task_of(written.call.prompt or assignment.prompt, assignment.variables)
            return await self._scorer.score(ask, task, written.output)

        return Step(
            name=name,
            body=score,
            returns=Assessment,
            timeout_s=_SCORE_TIMEOUT_S,
            most_nanos=run.share(_SCORE_SHARE),
        )

    async def _save(self, assignment: Assignment, written: Written, said: Assessment, work: Work) -> Saved:
        project_id = work.owner.project_id
        assert project_id is not None  # whoever starts such a run says for which project
        draft = draft_of(
            assignment.kind, written, said, work.owner, project_id, work.key().rpartition(".")[0]
        )
        return await work.across(partial(self._saves, work.owner, draft))


async def best_of(
    write: Callable[[bool], Awaitable[Written]], score: Callable[[Written, bool], Awaitable[Assessment]]
) -> tuple[Written, Assessment]:
    """A text and what was said of it: where the first was rejected, the better of it and of one by a stronger
    model, if that can be had. Both are told whether it is the second."""
    written = await write(False)
    said = await score(written, False)
    if said.verdict is Verdict.REJECTED and not written.is_edited:
        try:
            better = await write(True)
            anew = await score(better, True)
        except (BatonError, StepFailed):  # there is no better one, but the first is there and paid for
            return written, said
        if anew.standing >= said.standing:
            return better, anew
    return written, said


def piece_of(kind: str, written: Written, said: Assessment, saved: Saved) -> Piece:
    """A text, once it is kept."""
    return Piece(
        kind=kind,
        content=written.content,
        output_id=saved.output_id,
        version=saved.version,
        score=None if said.score is None else round(said.score, 1),
        verdict=said.verdict,
        reasoning="" if said.judgement is None else said.judgement.reasoning,
    )


def question_of(
    assignment: Assignment, instructions: tuple[str, ...] = (), *, again: bool = False
) -> Question:
    """What a model is asked, for an assignment; `again`: a stronger one."""
    variables, said = assignment.variables, instructions
    if assignment.said_as is not None and instructions:
        variables = variables | {assignment.said_as: "\n".join(f"- {text}" for text in instructions)}
        said = ()
    return Question(
        prompt=assignment.prompt,
        variables=variables,
        profile=Profile.PERFORMANCE if again else None,
        agent=assignment.kind,
        use_case=assignment.kind,
        timeout_s=assignment.timeout_s,
        said=said,
    )


def draft_of(
    kind: str, written: Written, said: Assessment, owner: Owner, project_id: str, source: str
) -> Draft:
    """A text as it is kept. `source`: the key of the step or request that it comes of."""
    run_id, _, rest = source.partition(":")
    return Draft(
        project_id=project_id,
        kind=kind,
        by=written.edited_by or owner.user_id,
        source=source,
        run_id=run_id if rest else None,
        content=written.content,
        edited=written.is_edited,
        score=said.score,
        verdict=said.verdict.value,
        said=said,
        call=written.call,
    )
