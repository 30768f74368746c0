"""A decision of the router's as it is shown; scores are 0-1, money is a decimal string in USD."""

from msgspec import Struct

from baton.core.money import usd_text
from baton.core.task import level_of
from baton.gateway.routing.decision import Decision, Scored


class CandidateShown(Struct, frozen=True, kw_only=True, rename="camel"):
    """A model that could have served it; `shift` is what its priority moves."""

    model: str
    score: float
    quality: float
    cost: float
    availability: float
    shift: float
    estimated_cost_usd: str | None


class DecisionShown(Struct, frozen=True, kw_only=True, rename="camel"):
    """Why this model. `source` is whose word chose it; `taskType`, `complexity` are null where nobody knows
    them, or the model was named."""

    model: str
    named: bool
    source: str
    reasoning: str
    task_type: str | None
    complexity: float | None
    level: str | None
    candidates: int
    ranked: tuple[CandidateShown, ...]
    fallbacks: tuple[str, ...]
    estimated_input_tokens: int
    estimated_output_tokens: int


def decision_shown(decision: Decision) -> DecisionShown:
    """A decision."""
    ask = decision.ask
    return DecisionShown(
        model=decision.chosen.offer.id,
        named=decision.named,
        source=decision.source.value,
        reasoning=decision.reasoning,
        task_type=None if ask.task is None else ask.task.value,
        complexity=ask.complexity,
        level=None if ask.complexity is None else level_of(ask.complexity).value,
        candidates=decision.candidates,
        ranked=tuple(_candidate(candidate) for candidate in decision.ranked),
        fallbacks=tuple(offer.id for offer in decision.fallbacks),
        estimated_input_tokens=decision.input_tokens,
        estimated_output_tokens=decision.output_tokens,
    )


def _candidate(candidate: Scored) -> CandidateShown:
    scores = candidate.scores
    return CandidateShown(
        model=candidate.offer.id,
        score=scores.final,
        quality=scores.quality,
        cost=scores.cost,
        availability=scores.availability,
        shift=scores.shift,
        estimated_cost_usd=None if candidate.estimate is None else usd_text(candidate.estimate),
    )
