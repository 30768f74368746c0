"""What is kept of an output that was assessed, and what people said of it; never the output itself."""

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

from baton.core.errors import Invalid
from baton.quality.agreement import GRADES, Grade
from baton.quality.objection import Kind, Objection
from baton.quality.scores import Scores
from baton.quality.verdict import Verdict, verdict_on


class Examined(Struct, frozen=True, kw_only=True):
    """Which output it was: an interaction's, or a run's."""

    user_id: str
    """Who asked for it."""
    interaction_id: str | None = None
    run_id: str | None = None
    step: str | None = None
    project: str | None = None
    use_case: str | None = None
    provider: str | None = None
    model: str | None = None
    """Who made it."""
    prompt: str | None = None
    """By which version of which prompt, `name@version`."""


class Said(Struct, frozen=True, kw_only=True):
    """What was said of it in words; kept sealed, for it quotes."""

    reasoning: str = ""
    objections: tuple[Objection, ...] = ()
    problems: tuple[str, ...] = ()
    """What was wrong with judges' answers that could not be used."""


class Opinion(StrEnum):
    """What a person makes of an output."""

    ACCEPT = "accept"
    REJECT = "reject"


class Review(Struct, frozen=True, kw_only=True):
    """What one person said of it; the last word of theirs."""

    reviewer: str
    at_ms: int
    verdict: Opinion
    score: int | None = None
    """0-100."""
    notes: str | None = None
    """None also where notes were not asked for."""

    @property
    def grade(self) -> Grade:
        """What it says in words that scorers have, too."""
        if self.score is not None:
            return GRADES[verdict_on(self.score)]
        return Grade.GOOD if self.verdict is Opinion.ACCEPT else Grade.BAD


class Item(Struct, frozen=True, kw_only=True):
    """One output that was assessed."""

    id: str
    at_ms: int
    examined: Examined
    verdict: Verdict
    score: float | None
    """0-100; None: nobody gave one."""
    scores: Scores | None = None
    """What its judge gave, before the objections had their say."""
    objections: tuple[Kind, ...] = ()
    judge: str | None = None
    """`provider/name` of who judged; None: nobody was asked."""
    judge_prompt: str | None = None
    asked: int = 0
    """How often a judge was asked."""
    left_out: int = 0
    """Characters that it was not shown."""
    cost_nanos: int = 0
    unpriced: bool = False
    said: Said | None = None
    """None: it was not asked for."""
    reviews: tuple[Review, ...] = ()


class State(StrEnum):
    """Whether a person is wanted."""

    WAITING = "waiting"
    """Somebody should look at it, and nobody has."""
    REVIEWED = "reviewed"
    NONE = "none"
    """Nobody needs to look at it, and nobody has."""


LOOKED_AT: Mapping[Verdict, bool] = {
    Verdict.ACCEPTED: False,
    Verdict.OFFERED: True,
    Verdict.HELD: True,
    Verdict.REJECTED: True,
    Verdict.UNSCORED: False,
}
"""Which verdicts want a person, of ordinary answers; of a run's outputs unscored ones do, too."""


def state_of(item: Item) -> State:
    """Whether a person is wanted."""
    if item.reviews:
        return State.REVIEWED
    held = item.verdict is Verdict.UNSCORED and item.examined.run_id is not None
    return State.WAITING if held or LOOKED_AT[item.verdict] else State.NONE


def checked(review: Review) -> Review:
    """The review.

    Raises:
        Invalid: its score says the other thing than its verdict.
    """
    if review.score is not None:
        passes = verdict_on(review.score).passes
        if passes != (review.verdict is Opinion.ACCEPT):
            word = "passes" if passes else "does not pass"
            raise Invalid(f"A score of {review.score} {word}; the verdict says otherwise.", param="score")
    return review
