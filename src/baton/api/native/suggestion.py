"""What would be chosen for a prompt, and why: its body, and how it is shown."""

from decimal import Decimal
from typing import Annotated

from pydantic import ConfigDict, Field, JsonValue, model_validator

from baton.api.bodies import Asked, Shown, usd
from baton.api.data_needs import DataNeedsAsked
from baton.api.native.chat_body import ChatBody, FormatAsked, MessageAsked, Name, ToolAsked, Word, Words
from baton.api.native.chat_stream import Pen
from baton.api.native.envelope import envelope_of
from baton.core.data_needs import read_data_needs
from baton.core.money import nanos_from_usd
from baton.core.profile import Profile
from baton.core.request import Envelope, Options
from baton.core.task import level_of
from baton.gateway.routing.decision import AUTO, Decision, Scores
from baton.gateway.routing.noted import NotedCandidate
from baton.gateway.routing.weighing import Weights

_MOST_PROMPT = 1_000_000
_MOST_USD = 1_000_000
_EXAMPLE: dict[str, JsonValue] = {
    "prompt": "Why is the sky blue?",
    "useCase": "chat",
    "maxTokens": 200,
}


class SuggestionAsked(Asked):
    """A prompt or messages, and what a chat may say besides. Nothing is sent to any model."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    prompt: Annotated[str | None, Field(min_length=1, max_length=_MOST_PROMPT)] = None
    messages: Annotated[
        tuple[MessageAsked, ...], Field(max_length=10_000, description="Instead of a prompt.")
    ] = ()
    system_prompt: Annotated[str | None, Field(max_length=_MOST_PROMPT)] = None
    model: Annotated[Name, Field(description="`auto`, or the one that a request would name.")] = AUTO
    max_tokens: Annotated[int | None, Field(ge=1)] = None
    tools: tuple[ToolAsked, ...] = ()
    response_format: FormatAsked | None = None
    stream: bool = False
    use_case: Word | None = None
    agent: Word | None = None
    profile: Profile | None = None
    max_cost: Annotated[
        Decimal | None, Field(gt=0, le=_MOST_USD, description="USD, as a decimal string.")
    ] = None
    preferred_provider: Word | None = None
    exclude_providers: Words = ()
    require_capabilities: Words = ()
    data_needs: DataNeedsAsked = ()
    project_id: Word | None = None

    @model_validator(mode="after")
    def _one_text(self) -> "SuggestionAsked":
        if (self.prompt is None) == (not self.messages):
            raise ValueError("say either a prompt or messages")
        return self

    def envelope(self) -> Envelope:
        """The request that a chat of these words would be."""
        said = self.messages or (MessageAsked(role="user", content=self.prompt),)
        chat = ChatBody(
            messages=[*said],
            model=self.model,
            system_prompt=self.system_prompt,
            max_tokens=self.max_tokens,
            tools=self.tools,
            response_format=self.response_format,
            stream=self.stream,
        )
        options = Options(
            use_case=self.use_case,
            agent=self.agent,
            project=self.project_id,
            provider=self.preferred_provider,
            profile=self.profile,
            max_cost_nanos=None if self.max_cost is None else nanos_from_usd(self.max_cost),
            exclude=self.exclude_providers,
            require=self.require_capabilities,
            data_needs=read_data_needs(self.data_needs, "dataNeeds"),
        )
        return envelope_of(chat, b"", options, Pen())


class WeighedShown(Shown):
    """How much each score counts; they add up to 1."""

    quality: float
    cost: float
    availability: float


class RankedShown(Shown):
    """A model that could serve it. Scores are 0-1; `shift` is what its priority moves."""

    model: str
    score: float
    quality: float
    cost: float
    availability: float
    shift: float
    estimated_cost_usd: str | None


class PassedOver(Shown):
    """A model that could not, and why."""

    model: str
    reason: str


class SuggestionShown(Shown):
    """The decision. `source` is whose word it is; `taskType` null: unsure; `strongModelGain`: how much more
    often a strong model is right on such prompts than a weak one, null where nothing like it was recorded;
    `estimatedCostUsd` null: no price is known; `ranked` and `weights` are empty where the model was named.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "model": "acme/small-1",
                "provider": "acme",
                "source": "score",
                "reasoning": "acme/small-1 scores 0.894 …, the best of 12; next is acme/large-1 with 0.871.",
                "taskType": "question_answering",
                "complexity": 0.12,
                "level": "simple",
                "strongModelGain": None,
                "evidence": ["asks why"],
                "weights": {"quality": 0.25, "cost": 0.45, "availability": 0.3},
                "estimatedInputTokens": 12,
                "estimatedOutputTokens": 200,
                "estimatedCostUsd": "0.0001218",
                "candidates": 12,
                "ranked": [
                    {
                        "model": "acme/small-1",
                        "score": 0.894,
                        "quality": 0.87,
                        "cost": 0.999,
                        "availability": 0.8,
                        "shift": 0,
                        "estimatedCostUsd": "0.0001218",
                    }
                ],
                "fallbacks": ["other/medium-1"],
                "leftOut": [{"model": "acme/large-2", "reason": "not in the tier free"}],
            }
        }
    )

    model: str
    provider: str
    source: str
    reasoning: str
    task_type: str | None
    complexity: float | None
    level: str | None
    strong_model_gain: float | None
    evidence: list[str]
    weights: WeighedShown | None
    estimated_input_tokens: int
    estimated_output_tokens: int
    estimated_cost_usd: str | None
    candidates: int
    ranked: list[RankedShown]
    fallbacks: list[str]
    left_out: list[PassedOver]


def suggestion_shown(decision: Decision) -> SuggestionShown:
    """A decision with all that was looked at."""
    ask, weights = decision.ask, decision.weights
    return SuggestionShown(
        model=decision.chosen.offer.id,
        provider=decision.chosen.offer.model.provider,
        source=decision.source.value,
        reasoning=decision.reasoning,
        task_type=None if ask.task is None else ask.task.value,
        complexity=ask.complexity,
        level=None if ask.complexity is None else level_of(ask.complexity).value,
        strong_model_gain=ask.gain,
        evidence=list(ask.evidence),
        weights=None if weights is None else weighed_shown(weights),
        estimated_input_tokens=decision.input_tokens,
        estimated_output_tokens=decision.output_tokens,
        estimated_cost_usd=usd(decision.cost.total),
        candidates=decision.candidates,
        ranked=[ranked_shown(each.offer.id, each.scores, each.estimate) for each in decision.ranked],
        fallbacks=[offer.id for offer in decision.fallbacks],
        left_out=[PassedOver(model=each.id, reason=each.reason) for each in decision.left_out],
    )


def weighed_shown(weights: Weights) -> WeighedShown:
    """Weights, to a thousandth."""
    return WeighedShown(
        quality=round(weights.quality, 3),
        cost=round(weights.cost, 3),
        availability=round(weights.availability, 3),
    )


def ranked_shown(model: str, scores: Scores | NotedCandidate, estimate: int | None) -> RankedShown:
    """A model with its scores. `estimate`: nano-USD; None: no price is known."""
    return RankedShown(
        model=model,
        score=scores.final,
        quality=scores.quality,
        cost=scores.cost,
        availability=scores.availability,
        shift=scores.shift,
        estimated_cost_usd=usd(estimate),
    )
