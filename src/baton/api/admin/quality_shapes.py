"""What is said of outputs, as admins read and write it."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, JsonValue

from baton.api.bodies import Asked, Shown, moment
from baton.core.money import usd_text
from baton.quality.agreement import Agreement
from baton.quality.objection import Kind, Objection, Severity
from baton.quality.queue.figures import Figure
from baton.quality.queue.item import Item, Opinion, Review, State, state_of
from baton.quality.rules import QualityRule
from baton.quality.traffic.sampler import Sampler
from baton.quality.verdict import Verdict
from baton.records.kind import Record

_MAX_NOTES = 4000
"""Characters."""

_RULE_EXAMPLE: dict[str, JsonValue] = {"share": 0.05, "judge": "auto"}


class ObjectionShown(Shown):
    """What a check says against an output; `evidence` quotes it."""

    kind: Kind
    severity: Severity
    because: str
    evidence: str


class ReviewShown(Shown):
    """What one person said of it, last; `notes` null also in lists."""

    reviewer: str
    reviewed_at: datetime
    verdict: Opinion
    score: int | None
    notes: str | None


class AssessedShown(Shown):
    """One output that was assessed: of an interaction, or of a run's step. `score` is after the objections
    had their say; completeness, coherence and actionability are what the judge gave."""

    id: str
    assessed_at: datetime
    interaction_id: str | None
    run_id: str | None
    step: str | None
    user_id: str
    project: str | None
    use_case: str | None
    provider: str | None
    model_name: str | None
    prompt: str | None
    state: State
    verdict: Verdict
    score: float | None
    completeness: int | None
    coherence: int | None
    actionability: int | None
    objection_kinds: list[Kind]
    judge: str | None
    judge_prompt: str | None
    asked: int
    left_out_chars: int
    cost_usd: str
    unpriced: bool
    reviews: list[ReviewShown]


class AssessedDetail(AssessedShown):
    """The same with what was said in words; `problems`: of judges' answers that could not be used."""

    reasoning: str
    objections: list[ObjectionShown]
    problems: list[str]


class AssessedList(Shown):
    """A page, those assessed last first."""

    items: list[AssessedShown]
    next_cursor: str | None


def _storable(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold the character U+0000")
    return text


class ReviewAsked(Asked):
    """What somebody makes of an output; said again, it takes the place of what they said before."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"verdict": "reject", "score": 40, "notes": "The prices are made up."}}
    )

    verdict: Opinion
    score: Annotated[
        int | None,
        Field(ge=0, le=100, strict=True, description="60 and more with `accept`, less with `reject`."),
    ] = None
    notes: Annotated[str, Field(max_length=_MAX_NOTES), AfterValidator(_storable)] | None = None


class AgreementShown(Shown):
    """How far scorers and reviewers agree, in the grades good, middling and bad. `share`: of equal grades;
    `kappa`: beyond chance, a farther grade counting as a larger disagreement. Intervals are of 95 %."""

    pairs: int
    share: float | None
    share_low: float | None
    share_high: float | None
    kappa: float | None
    kappa_low: float | None
    kappa_high: float | None


class QualityRuleAsked(Asked):
    """How much of a use case's answers is judged once they were given, and by whom."""

    model_config = ConfigDict(json_schema_extra={"example": _RULE_EXAMPLE})

    share: Annotated[float, Field(ge=0, le=1, description="0: none, 0.05: one in twenty.")]
    judge: Annotated[
        str, Field(max_length=255, description="Any name of a model, or `auto`: one of the cheap ones.")
    ] = "auto"


class QualityRuleShown(Shown):
    """The same; `useCase` `default`: of all that have no rule of their own."""

    use_case: str
    share: float
    judge: str
    revision: int
    deleted: bool


class FigureShown(Shown):
    """Sums over assessments; `mean` of the scores, `unscoredShare`: where nobody could say anything."""

    key: str | None
    assessed: int
    scored: int
    mean: float | None
    unscored_share: float | None
    verdicts: dict[Verdict, int]
    judge_cost_usd: str
    unpriced: int


class SamplingShown(Shown):
    """Of the process that answers, since it began: answers that were drawn, and what became of them."""

    waiting: int
    drawn: int
    assessed: int
    dropped: int
    passed_over: int
    failed: int


class QualityShown(Shown):
    """Settings and figures."""

    rules: list[QualityRuleShown]
    sampling: SamplingShown
    since: datetime
    total: FigureShown
    by_use_case: list[FigureShown]
    by_model: list[FigureShown]
    by_prompt: list[FigureShown]


def assessed_shown(item: Item) -> AssessedShown:
    """Without what was said in words."""
    return AssessedShown.model_validate(_fields(item))


def assessed_detail(item: Item) -> AssessedDetail:
    """With it."""
    said = item.said
    return AssessedDetail.model_validate(
        {
            **_fields(item),
            "reasoning": "" if said is None else said.reasoning,
            "objections": [] if said is None else [_objection(each) for each in said.objections],
            "problems": [] if said is None else list(said.problems),
        }
    )


def _fields(item: Item) -> dict[str, object]:
    examined, scores = item.examined, item.scores
    return {
        "id": item.id,
        "assessed_at": moment(item.at_ms),
        "interaction_id": examined.interaction_id,
        "run_id": examined.run_id,
        "step": examined.step,
        "user_id": examined.user_id,
        "project": examined.project,
        "use_case": examined.use_case,
        "provider": examined.provider,
        "model_name": examined.model,
        "prompt": examined.prompt,
        "state": state_of(item),
        "verdict": item.verdict,
        "score": item.score,
        "completeness": None if scores is None else scores.completeness,
        "coherence": None if scores is None else scores.coherence,
        "actionability": None if scores is None else scores.actionability,
        "objection_kinds": list(item.objections),
        "judge": item.judge,
        "judge_prompt": item.judge_prompt,
        "asked": item.asked,
        "left_out_chars": item.left_out,
        "cost_usd": usd_text(item.cost_nanos),
        "unpriced": item.unpriced,
        "reviews": [_review(each) for each in item.reviews],
    }


def _review(review: Review) -> ReviewShown:
    return ReviewShown(
        reviewer=review.reviewer,
        reviewed_at=moment(review.at_ms),
        verdict=review.verdict,
        score=review.score,
        notes=review.notes,
    )


def _objection(objection: Objection) -> ObjectionShown:
    return ObjectionShown(
        kind=objection.kind,
        severity=objection.severity,
        because=objection.because,
        evidence=objection.evidence,
    )


def agreement_shown(found: Agreement) -> AgreementShown:
    """As it is shown."""
    return AgreementShown(
        pairs=found.pairs,
        share=found.share,
        share_low=found.share_low,
        share_high=found.share_high,
        kappa=found.kappa,
        kappa_low=found.kappa_low,
        kappa_high=found.kappa_high,
    )


def rule_shown(record: Record[QualityRule]) -> QualityRuleShown:
    """As it is shown."""
    rule = record.value
    return QualityRuleShown(
        use_case=rule.use_case,
        share=rule.share,
        judge=rule.judge,
        revision=record.revision,
        deleted=record.deleted,
    )


def figure_shown(figure: Figure) -> FigureShown:
    """As it is shown."""
    return FigureShown(
        key=figure.key,
        assessed=figure.assessed,
        scored=figure.scored,
        mean=None if figure.mean is None else round(figure.mean, 2),
        unscored_share=None if figure.unscored_share is None else round(figure.unscored_share, 4),
        verdicts=dict(figure.verdicts),
        judge_cost_usd=usd_text(figure.cost_nanos),
        unpriced=figure.unpriced,
    )


def sampling_shown(sampler: Sampler) -> SamplingShown:
    """As it is shown."""
    counts = sampler.counts
    return SamplingShown(
        waiting=sampler.waiting,
        drawn=counts.drawn,
        assessed=counts.assessed,
        dropped=counts.dropped,
        passed_over=counts.passed_over,
        failed=counts.failed,
    )
