"""How a judge is asked."""

from baton.core.errors import Unavailable
from baton.quality.checks.checks import Checks
from baton.quality.judging.prompt import MOST_OUTPUT_CHARS
from baton.quality.output import Output
from baton.quality.task import Task
from baton.quality.verdict import Verdict
from tests.quality.judging.bench import GOOD, Model, examiner_of, judge_of

TASK = Task(asked="Plan a day.")
OUTPUT = Output(text="Go to Rome and see the Forum.")


async def test_a_good_answer_is_the_judgement(checks: Checks) -> None:
    """It is asked once, and the judgement says by whom and with which prompt."""
    model = Model([GOOD])
    judgement = await judge_of(model, checks).judge(TASK, OUTPUT)
    assert model.asked == judgement.asked == 1
    assert judgement.scores is not None
    assert judgement.scores.overall == 80
    assert judgement.reasoning
    assert judgement.problems == ()
    assert (judgement.model, judgement.prompt, judgement.left_out) == ("cheap-1", "quality-score@1", 0)


async def test_a_judge_that_is_away_is_not_asked_twice(checks: Checks) -> None:
    """The gateway has tried what there was to try; the output is unscored, and the reason is kept."""
    model = Model([Unavailable("The ledger is full.", code="ledger_full")])
    assessment = await examiner_of(model, checks).assess(TASK, OUTPUT)
    assert model.asked == 1
    assert assessment.verdict is Verdict.UNSCORED
    assert assessment.judgement is not None
    assert assessment.judgement.model == "cheap"
    assert "ledger_full" in assessment.judgement.problems[0]


async def test_a_judge_that_goes_away_has_not_judged(checks: Checks) -> None:
    """An unusable answer and then none at all is no score either."""
    model = Model(["no", Unavailable("Gone.")])
    judgement = await judge_of(model, checks).judge(TASK, OUTPUT)
    assert judgement.scores is None
    assert judgement.asked == 2
    assert len(judgement.problems) == 2


async def test_every_examination_has_a_mark_of_its_own(checks: Checks) -> None:
    """Who saw one question knows nothing of the mark of the next."""
    model = Model([GOOD])
    judge = judge_of(model, checks)
    await judge.judge(TASK, OUTPUT)
    await judge.judge(TASK, OUTPUT)
    one, other = (request.messages[1].text for request in model.requests)
    assert one != other


async def test_what_was_not_shown_is_counted(checks: Checks) -> None:
    """A judgement of a part says that it is one."""
    output = Output(text="Go to Rome. " * MOST_OUTPUT_CHARS)
    judgement = await judge_of(Model([GOOD]), checks).judge(TASK, output)
    assert judgement.left_out == len(output.text) - MOST_OUTPUT_CHARS


async def test_what_has_no_text_is_not_judged(checks: Checks) -> None:
    """A call of a tool, or a picture, is nothing that a judge could read: nobody is asked, nobody scores."""
    model = Model([GOOD])
    assessment = await examiner_of(model, checks).assess(TASK, Output(text=" ", more=True))
    assert assessment.verdict is Verdict.UNSCORED
    assert model.asked == 0
