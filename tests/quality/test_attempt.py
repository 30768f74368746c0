"""One better attempt."""

from baton.core.errors import BatonError, Unavailable
from baton.quality.assessment import Assessment
from baton.quality.attempt import settle
from baton.quality.checks.checks import Checks
from baton.quality.output import Output
from baton.quality.task import Task
from baton.quality.verdict import Verdict
from tests.quality.judging.bench import Model, examiner_of, scored

TASK = Task(asked="Plan a day.")
FIRST = Output(text="Go somewhere nice and have a look at it.")
OTHER = Output(text="See the Forum in the morning and Trastevere at night.")


class Maker:
    """Makes the other output, or fails."""

    def __init__(self, made: Output | BatonError = OTHER) -> None:
        self._made = made
        self.seen: list[Assessment] = []

    async def better(self, task: Task, rejected: Assessment) -> Output:
        """Another output."""
        self.seen.append(rejected)
        if isinstance(self._made, BatonError):
            raise self._made
        return self._made


async def test_what_is_not_rejected_is_kept(checks: Checks) -> None:
    """Nothing is made anew for an output that is accepted, offered, held, or that nobody could score."""
    for said in (scored(90), scored(65), scored(30), "no"):
        maker = Maker()
        settled = await settle(examiner_of(Model([said]), checks), TASK, FIRST, maker)
        assert settled.output is FIRST
        assert maker.seen == []


async def test_a_rejected_one_is_made_better_once(checks: Checks) -> None:
    """Whoever makes it sees what was wrong, and what was rejected is remembered."""
    maker = Maker()
    settled = await settle(examiner_of(Model([scored(10), scored(80)]), checks), TASK, FIRST, maker)
    assert settled.output is OTHER
    assert settled.assessment.verdict is Verdict.ACCEPTED
    [rejected] = maker.seen
    assert settled.rejected is rejected
    assert rejected.score == 10


async def test_there_is_no_third_one(checks: Checks) -> None:
    """Rejected twice is rejected; the better of both is kept."""
    for first, second, kept in ((10, 20, OTHER), (20, 10, FIRST), (20, 20, OTHER)):
        maker = Maker()
        model = Model([scored(first), scored(second)])
        settled = await settle(examiner_of(model, checks), TASK, FIRST, maker)
        assert settled.output is kept
        assert settled.assessment.verdict is Verdict.REJECTED
        assert len(maker.seen) == 1
        assert settled.rejected is not None


async def test_what_the_checks_reject_is_made_anew_too(checks: Checks) -> None:
    """An empty output costs no judge; a better attempt that is empty as well stays rejected."""
    model = Model([scored(80)])
    settled = await settle(examiner_of(model, checks), TASK, Output(text=""), Maker())
    assert settled.assessment.verdict is Verdict.ACCEPTED
    assert model.asked == 1
    settled = await settle(examiner_of(model, checks), TASK, Output(text=""), Maker(Output(text="…")))
    assert settled.assessment.verdict is Verdict.REJECTED
    assert model.asked == 1


async def test_an_attempt_that_nobody_could_score_is_held(checks: Checks) -> None:
    """It is not known to be bad, as the first one is; it does not pass either."""
    settled = await settle(examiner_of(Model([scored(10), "no", "no"]), checks), TASK, FIRST, Maker())
    assert settled.output is OTHER
    assert settled.assessment.verdict is Verdict.UNSCORED


async def test_an_attempt_that_fails_leaves_it_rejected(checks: Checks) -> None:
    """Where no stronger model is to be had the first output stays what it is, with the reason."""
    maker = Maker(Unavailable("Full.", code="ledger_full"))
    settled = await settle(examiner_of(Model([scored(10)]), checks), TASK, FIRST, maker)
    assert settled.output is FIRST
    assert settled.assessment.verdict is Verdict.REJECTED
    assert settled.failure == "ledger_full"
