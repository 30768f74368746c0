"""`/api/v1/models`: what this key may use, and what a prompt would cost, before it is sent."""

from datetime import date
from typing import Annotated

from fastapi import Body, FastAPI, Query
from msgspec import structs
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from baton.api.bodies import Asked, Shown
from baton.api.callers import KnownCaller
from baton.api.native.prices_shown import PricesShown, prices_shown
from baton.api.permitted import Permitted
from baton.catalog.estimates import Estimates, Output, OutputLength
from baton.catalog.lookup import Offer
from baton.catalog.pricing import cost
from baton.core.caller import Caller
from baton.core.usage import Usage
from baton.gateway.routing.decision import AUTO, ask_about
from baton.gateway.routing.live import LiveRouter
from baton.ledger.habits import Habits

PATH = "/api/v1/models"
_TAG = "Models"
_USUAL = Usage(prompt=1500, completion=500, estimated=True)
"""The request by which models are compared in price."""

_Prompt = Annotated[str, Query(min_length=1, description="A longer one goes into the body of a POST.")]
_ModelId = Annotated[
    str,
    Query(
        alias="modelId",
        min_length=1,
        description="`provider/name`, any other name of it, or `auto`: the one that the router would choose.",
    ),
]
_Length = Annotated[
    OutputLength | None,
    Query(
        alias="outputLength",
        description="How long the answer is assumed to be: 200, 500, 2000 tokens. Left out: as your last "
        "answers of the model were, where there are twenty of them, else medium.",
    ),
]
_UseCase = Annotated[
    str | None, Query(alias="useCase", description="What it is for: of which answers the length is taken.")
]


class ModelShown(Shown):
    """One model. `prices` null: nobody knows what it costs."""

    id: str
    provider: str
    name: str
    display_name: str
    description: str
    capabilities: list[str]
    context_window: int | None
    max_output_tokens: int | None
    quality: float
    speed_tier: str
    avg_latency_ms: int | None
    prices: PricesShown | None
    preferred_for: list[str]
    release_date: date | None
    deprecated_at: date | None
    replaced_by: str | None


class ModelsShown(Shown):
    """The best first; of equally good ones the cheapest, those without a price last."""

    models: list[ModelShown]
    count: int
    user_tier: str


class EstimateAsked(Asked):
    """A prompt that shall be estimated."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        json_schema_extra={
            "example": {
                "modelId": "simulated/echo",
                "prompt": "Why is the sky blue?",
                "outputLength": "short",
            }
        },
    )

    prompt: Annotated[str, Field(min_length=1)]
    model_id: Annotated[str, Field(min_length=1)]
    output_length: OutputLength | None = None
    use_case: str | None = None


class EstimateFigures(Shown):
    """Costs in USD, null where the model is `unpriced`. `inputExact`: counted as the provider counts.

    `outputSource`: `assumed`, or `history`: the mean of `outputAnswers` recent answers to the same user.
    """

    model_id: str
    estimated_tokens_input: int
    estimated_tokens_output: int
    estimated_tokens_total: int
    input_exact: bool
    output_source: str
    output_answers: int
    cost_input: str | None
    cost_output: str | None
    cost_total: str | None
    pricing: str


class EstimateShown(Shown):
    """The figures, and a sentence of them. `reasoning`: why this model, where it was left to the router."""

    estimate: EstimateFigures
    formatted: str
    reasoning: str | None


class ModelRoutes:
    """The routes."""

    def __init__(self, models: Permitted, router: LiveRouter, estimates: Estimates, habits: Habits) -> None:
        self._models = models
        self._router = router
        self._estimates = estimates
        self._habits = habits

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.all, methods=["GET"], response_model=ModelsShown, tags=[_TAG])
        for method, route in (("GET", self.asked), ("POST", self.sent)):
            to.add_api_route(
                PATH + "/estimate", route, methods=[method], response_model=EstimateShown, tags=[_TAG]
            )

    async def all(self, caller: KnownCaller) -> ModelsShown:
        """List the models that this key may use."""
        offers = sorted(self._models.usable(caller), key=_rank)
        return ModelsShown(
            models=[_shown(offer) for offer in offers], count=len(offers), user_tier=caller.tier
        )

    async def asked(
        self,
        caller: KnownCaller,
        prompt: _Prompt,
        model_id: _ModelId,
        length: _Length = None,
        use_case: _UseCase = None,
    ) -> EstimateShown:
        """Estimate what a prompt would cost; nothing is sent to a provider."""
        fields = {"prompt": prompt, "modelId": model_id, "outputLength": length, "useCase": use_case}
        asked = EstimateAsked.model_validate(fields)
        return await self._estimate(caller, asked)

    async def sent(self, caller: KnownCaller, asked: Annotated[EstimateAsked, Body()]) -> EstimateShown:
        """Estimate what a long prompt would cost; nothing is sent to a provider."""
        return await self._estimate(caller, asked)

    async def _estimate(self, caller: Caller, asked: EstimateAsked) -> EstimateShown:
        offer, reasoning = self._chosen(caller, asked)
        output = await self._output(caller, offer, asked)
        estimate = await self._estimates.estimate(offer, asked.prompt, output)
        figures = EstimateFigures(**structs.asdict(estimate.figures))
        return EstimateShown(estimate=figures, formatted=estimate.text, reasoning=reasoning)

    def _chosen(self, caller: Caller, asked: EstimateAsked) -> tuple[Offer, str | None]:
        """The model, and why it is that one where nobody named it."""
        if asked.model_id != AUTO:
            return self._models.named(caller, asked.model_id), None
        most = None if asked.output_length is None else asked.output_length.tokens
        about = ask_about(asked.prompt, caller.tier, most, asked.use_case)
        ask = structs.replace(about, models=caller.models)
        decision = self._router.decide_as(caller, AUTO, ask)
        return decision.chosen.offer, decision.reasoning

    async def _output(self, caller: Caller, offer: Offer, asked: EstimateAsked) -> Output:
        """As long as was said; else as this user's answers are; else of medium length."""
        if asked.output_length is not None:
            return Output(asked.output_length.tokens)
        model = offer.model
        habit = await self._habits.of(caller.user_id, model.provider, model.name, asked.use_case)
        if habit is None:
            return Output(OutputLength.MEDIUM.tokens)
        return Output(habit.completion_tokens, habit.answers)


def _rank(offer: Offer) -> tuple[float, bool, int, str]:
    price = cost(_USUAL, offer.prices).total
    return -offer.model.quality, price is None, price or 0, offer.id


def _shown(offer: Offer) -> ModelShown:
    model = offer.model
    return ModelShown(
        id=offer.id,
        provider=model.provider,
        name=model.name,
        display_name=model.display_name,
        description=model.description,
        capabilities=sorted(model.capabilities),
        context_window=model.context_window,
        max_output_tokens=model.max_output_tokens,
        quality=model.quality,
        speed_tier=model.speed_tier.value,
        avg_latency_ms=model.avg_latency_ms,
        prices=None if offer.prices is None else prices_shown(offer.prices, offer.price_version),
        preferred_for=list(model.preferred_for),
        release_date=model.release_date,
        deprecated_at=model.deprecated_at,
        replaced_by=model.replaced_by,
    )
