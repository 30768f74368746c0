"""What is asked of the router, and what it answers."""

from msgspec import Struct
from msgspec.structs import replace

from baton.catalog.lookup import Offer
from baton.catalog.pricing import Cost, estimate
from baton.core.caller import Caller
from baton.core.data_needs import NO_DATA_NEEDS, DataNeeds
from baton.core.estimate import estimate_tokens, weight_of
from baton.core.request import Options, Outline, Priority
from baton.core.task import TaskType
from baton.gateway.routing.terms import NO_TERMS, Source, Terms, Trial, Way
from baton.gateway.routing.weighing import Weights

AUTO = "auto"
"""The model's name that leaves the choice to the router."""

_FULL_GAIN = 0.5
"""Right so much more often, a strong model is wanted as much as for the most complex prompts."""

USUAL_OUTPUT_TOKENS = 500
"""Assumed where nobody says how long the answer will be."""


class Ask(Struct, frozen=True, kw_only=True):
    """One request, as far as routing looks at it."""

    tier: str
    needs: frozenset[str] = frozenset()
    """Capabilities that a model must have."""
    input_tokens: int = 0
    """Roughly, at four characters a token; each model's gauge makes them its own."""
    max_tokens: int | None = None
    provider: str | None = None
    """Preferred: narrows unless nothing is left."""
    exclude: frozenset[str] = frozenset()
    """Providers that must not serve it."""
    data_needs: DataNeeds = NO_DATA_NEEDS
    """What the data policies of providers must say, or they must not serve it."""
    use_case: str | None = None
    agent: str | None = None
    """Which agent calls."""
    prompt: str | None = None
    """The prompt that it is served with, `name@version`."""
    prompt_model: str | None = None
    """The model that its prompt names."""
    prompt_tried: str | None = None
    """The prompt, by name, whose version was left to Baton."""
    any_model: bool = False
    """Whether the caller may name models that the catalog does not know."""
    models: frozenset[str] | None = None
    """Names and patterns of those that the key may use; None: whatever its tier may."""
    task: TaskType | None = None
    """What kind of work it is; None: nobody knows."""
    complexity: float | None = None
    """0-1: how much a strong model is wanted; None: nobody knows."""
    gain: float | None = None
    """How much more often a strong model is right on such prompts than a weak one, -1 … 1; None: nothing like
    it was recorded."""
    evidence: tuple[str, ...] = ()
    """What of the prompt says so, in words."""
    pressure: float = 0.0
    """How near a budget of its is to its end, 0 (far) … 1."""
    terms: Terms = NO_TERMS
    urgent: bool = False
    """Whether it is to be served by the best, however little that one's provider has left."""

    @property
    def output_tokens(self) -> int:
        """How long the answer is assumed to be; at least one."""
        if self.max_tokens is None:
            return USUAL_OUTPUT_TOKENS
        return max(1, min(self.max_tokens, USUAL_OUTPUT_TOKENS))

    @property
    def wanted(self) -> float | None:
        """How much a strong model is wanted, 0-1: by complexity, and by what it gains where that is known."""
        if self.gain is None or self.complexity is None:
            return self.complexity
        return (self.complexity + min(1.0, max(0.0, self.gain / _FULL_GAIN))) / 2

    def tokens_for(self, offer: Offer) -> int:
        """The prompt's tokens, as a model counts."""
        return offer.gauge.prompt_tokens(self.input_tokens, self.needs)


class Scores(Struct, frozen=True, kw_only=True):
    """Each 0-1. `final` weighs the others, shifted by the row's priority."""

    final: float
    quality: float
    cost: float
    availability: float
    shift: float


class Candidate(Struct, frozen=True, kw_only=True):
    """A model that could serve the request."""

    offer: Offer
    estimate: int | None
    """Nano-USD for the request; None: unpriced."""


class Scored(Candidate, frozen=True, kw_only=True):
    """A candidate that was compared with others. A person's word needs no score."""

    scores: Scores


class LeftOut(Struct, frozen=True):
    """A model that could not, and why."""

    id: str
    reason: str


class Decision(Struct, frozen=True, kw_only=True):
    """Which model serves a request, and why."""

    ask: Ask
    """What was asked of the router."""
    chosen: Candidate
    ranked: tuple[Scored, ...]
    """The best few, the chosen one first; empty where the model was named."""
    fallbacks: tuple[Offer, ...]
    """The next best three, from other providers first. Empty for a named model: see `Router.fallbacks`."""
    listed: tuple[Offer, ...] | None = None
    """What the request itself wants to fall back to; None: it says nothing of it."""
    following: tuple[Offer, ...] = ()
    """Whom those that named the chosen one, or the rule of the use case, have asked after it, before chains
    and scores are."""
    alone: bool = False
    """Whether no other model is asked after it, whatever happens."""
    candidates: int
    """How many could have served it."""
    left_out: tuple[LeftOut, ...]
    input_tokens: int
    output_tokens: int
    """Both estimated, as the chosen model counts."""
    cost: Cost
    """What these would cost at the chosen model."""
    source: Source
    """Whose word chose it."""
    weights: Weights | None = None
    """How scores were weighed; None: they were not asked."""
    reasoning: str
    """A sentence for a person."""
    trial: Trial | None = None
    """The experiment that it counts for. Whether it does never depends on the arm: it does also where the
    arm's models cannot serve, or a budget has sent it elsewhere."""
    way: Way | None = None
    """How it was chosen, where the router might not choose freely."""

    @property
    def named(self) -> bool:
        """Whether the request names the model."""
        return self.source is Source.NAMED


def estimated_cost(offer: Offer, ask: Ask, prompt_tokens: int | None = None) -> Cost:
    """What a request would cost, by the code that prices it afterwards. `prompt_tokens`: those of its prompt
    as the model counts, where that is known."""
    prompt = ask.tokens_for(offer) if prompt_tokens is None else prompt_tokens
    return estimate(prompt, ask.output_tokens, offer.prices)


def instead(decision: Decision, offer: Offer, reason: str) -> Decision:
    """The same decision for another model; `reason`: what spoke against the chosen one."""
    priced = estimated_cost(offer, decision.ask)
    return replace(
        decision,
        chosen=Candidate(offer=offer, estimate=priced.total),
        source=Source.BUDGET,
        input_tokens=decision.ask.tokens_for(offer),
        cost=priced,
        reasoning=f"{offer.id}, for {reason}",
    )


def ask_about(prompt: str, tier: str, max_tokens: int | None, use_case: str | None = None) -> Ask:
    """What routing would need to know of a chat of one message."""
    rough = estimate_tokens(weight_of(prompt))
    return Ask(tier=tier, input_tokens=rough, max_tokens=max_tokens, use_case=use_case)


def ask_of(caller: Caller, request: Outline) -> Ask:
    """What routing needs to know of a request, without opening it."""
    options = request.options
    return Ask(
        tier=caller.tier,
        needs=request.needs.union(options.require) if options.require else request.needs,
        input_tokens=estimate_tokens(request.input_chars),
        max_tokens=request.max_tokens,
        provider=options.provider,
        exclude=frozenset(options.exclude),
        data_needs=options.data_needs,
        use_case=options.use_case,
        agent=options.agent,
        prompt=options.prompt,
        prompt_model=options.prompt_model,
        prompt_tried=options.prompt_tried,
        any_model=caller.is_admin,
        models=caller.models,
        terms=_terms(options),
        urgent=options.priority is Priority.CRITICAL,
    )


def _terms(options: Options) -> Terms:
    if options.profile is None and options.max_cost_nanos is None:
        return NO_TERMS
    return Terms(profile=options.profile, max_cost_nanos=options.max_cost_nanos)
