"""Who could serve a kind of request, and why the others could not; worked out once per kind."""

from collections.abc import Mapping, Sequence
from math import ceil
from typing import NamedTuple

from baton.catalog.allowance import Allowance
from baton.catalog.data_policy import NO_POLICIES, Policies, reason_against_policy
from baton.catalog.lookup import Offer
from baton.catalog.model import Model
from baton.core.provider import SERVICES, Service
from baton.gateway.routing.decision import Ask, LeftOut
from baton.gateway.routing.score import prices, quality, shift

NOT_ALLOWED = "not among the models of this key"
_NO_LIMIT = 1 << 62


class Landscape(NamedTuple):
    """What is there to choose from."""

    offers: tuple[Offer, ...]
    configured: frozenset[str]
    """Providers that can be called."""
    stand_ins: frozenset[str]
    """Providers that serve unnamed only where no other one is configured."""
    services: Mapping[str, frozenset[Service]]
    """What each provider serves beside chat."""
    policies: Policies = NO_POLICIES
    """What becomes of what they are sent."""

    @property
    def stands_in(self) -> bool:
        """Whether nobody but the stand-ins can be called."""
        return self.configured <= self.stand_ins


class Pool:
    """The candidates of a kind of request as columns, in the order of their names."""

    def __init__(
        self,
        offers: Sequence[Offer],
        left_out: tuple[LeftOut, ...],
        needs: frozenset[str] = frozenset(),
    ) -> None:
        self.offers = tuple(sorted(offers, key=lambda offer: offer.id))
        self.places = {offer.id: place for place, offer in enumerate(self.offers)}
        self.left_out = left_out
        self.of_provider: dict[str, list[int]] = {}
        """Places by provider."""
        for place, offer in enumerate(self.offers):
            self.of_provider.setdefault(offer.model.provider, []).append(place)
        listed = [prices(offer, 0) for offer in self.offers]
        gauges = [offer.gauge for offer in self.offers]
        framings = [gauge.framing(needs) for gauge in gauges]
        self.price_in = [gauge.rough * price for gauge, (price, _) in zip(gauges, listed, strict=True)]
        """Of a rough token, as `Ask.input_tokens` has them."""
        self.price_framing = [tokens * price for tokens, (price, _) in zip(framings, listed, strict=True)]
        """Of what a prompt has besides its text."""
        self._most_rough = max((gauge.rough for gauge in gauges), default=0.0)
        self._most_framing = max(framings, default=0.0)
        self.price_out = [price_out for _, price_out in listed]
        self.quality = [quality(offer) for offer in self.offers]
        """As their rows say it, less for slow ones."""
        self.shift = [shift(offer) for offer in self.offers]
        """What their priorities move, as a share of what they can move at most."""
        models = [offer.model for offer in self.offers]
        self.smallest_window = min((m.context_window for m in models if m.context_window), default=_NO_LIMIT)
        self.smallest_output = min(
            (m.max_output_tokens for m in models if m.max_output_tokens), default=_NO_LIMIT
        )
        self.first_step = min((step for offer in self.offers for step in _steps(offer)), default=_NO_LIMIT)
        """The shortest prompt above which somebody charges more."""

    def most_tokens(self, rough_tokens: int) -> int:
        """More than a prompt has for any of them."""
        return ceil(self._most_rough * rough_tokens + self._most_framing) + 1


def _steps(offer: Offer) -> list[int]:
    return [step.above for step in offer.prices.standard.long_context] if offer.prices else []


def pool_for(landscape: Landscape, ask: Ask, allowed: Allowance | None = None) -> Pool:
    """Sort the models into candidates and others; the length of the request is not looked at yet.

    `allowed`: those that the key may use; None: any.
    """
    fitting: list[Offer] = []
    left_out: list[LeftOut] = []
    for offer in landscape.offers:
        if allowed is not None and not allowed.holds(offer):
            left_out.append(LeftOut(offer.id, NOT_ALLOWED))
            continue
        reason = reason_against(landscape, offer, ask)
        if reason is None:
            fitting.append(offer)
        else:
            left_out.append(LeftOut(offer.id, reason))
    preferred = [offer for offer in fitting if offer.model.provider == ask.provider]
    if preferred:
        reason = f"{ask.provider} is preferred"
        left_out += [LeftOut(offer.id, reason) for offer in fitting if offer.model.provider != ask.provider]
        fitting = preferred
    return Pool(fitting, tuple(left_out), ask.needs)


def reason_against(landscape: Landscape, offer: Offer, ask: Ask) -> str | None:
    """Why a model is no candidate for `auto`; None where nothing speaks against it."""
    model = offer.model
    if offer.retired:
        return f"retired on {model.retired_at}"
    if reason := reason_against_any(landscape, offer, ask):
        return reason
    if model.provider in landscape.stand_ins and not landscape.stands_in:
        return "stands in only where no provider is configured"
    if ask.tier not in model.tier_access:
        return f"not in the tier {ask.tier}"
    return reason_against_work(model, ask)


def reason_against_work(model: Model, ask: Ask) -> str | None:
    """Why a model is not for such work, whoever asks."""
    if missing := sorted(ask.needs - model.capabilities):
        return f"has no {', '.join(missing)}"
    if ask.use_case in model.avoid_for:
        return f"avoids the use case {ask.use_case}"
    if kept := sorted(model.required_capabilities - ask.needs):
        return f"kept for requests that need {', '.join(kept)}"
    return None


def reason_against_any(landscape: Landscape, offer: Offer, ask: Ask) -> str | None:
    """Why a model cannot be called at all, named or not."""
    model = offer.model
    if not model.is_enabled:
        return "switched off"
    if model.provider not in landscape.configured:
        return not_configured(model.provider)
    if model.provider in ask.exclude:
        return "its provider is excluded"
    if ask.data_needs and (
        reason := reason_against_policy(landscape.policies, model.provider, ask.data_needs)
    ):
        return reason
    for service in SERVICES & ask.needs:
        if service not in landscape.services.get(model.provider, ()):
            return f"Baton asks {model.provider} for no {service}"
    return None


def not_configured(provider: str) -> str:
    """Why a provider's models cannot be called."""
    return f"provider {provider} is not configured; `baton doctor` says what to set"


def too_long(offer: Offer, ask: Ask) -> str | None:
    """Why a request is too long for a model; None where it fits."""
    model, needed = offer.model, ask.tokens_for(offer) + (ask.max_tokens or ask.output_tokens)
    if model.context_window is not None and needed > model.context_window:
        return f"holds {model.context_window} tokens, about {needed} are needed"
    if model.max_output_tokens is not None and (ask.max_tokens or 0) > model.max_output_tokens:
        return f"writes at most {model.max_output_tokens} tokens, {ask.max_tokens} are asked for"
    return None
