"""Laying the course of a call: its first leg, how patient it is, and who comes after it."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from baton.catalog.lookup import Offer
from baton.core.failures import Failure
from baton.core.request import Outline
from baton.gateway.opening import Arrival
from baton.gateway.resilience.course import Course, Leg, Patience
from baton.gateway.resilience.deadline import PATIENCE_S, WHOLE, Deadline, Limits
from baton.gateway.resilience.retry import RetryPolicy
from baton.gateway.routing.alternatives import Alternatives
from baton.gateway.routing.decision import Decision
from baton.upstream.directory import Directory

_NO_DEADLINE = Deadline()
_USUAL = 3
"""A stream whose first words are late by this factor of what 99 in 100 need is not waited for."""

FirstTokens = Callable[[str, str], float | None]
"""In how many seconds 99 in 100 streams of a model (provider, model) begin; None: nobody knows yet."""


RetryOf = Callable[[str], RetryPolicy]
"""How calls of a tier's users are made again, where neither request nor model says it."""


def never_seen(provider: str, model: str) -> float | None:
    """Of an installation that does not observe its providers."""
    del provider, model
    return None


class Courses:
    """Lays them."""

    def __init__(
        self,
        directory: Directory,
        alternatives: Alternatives,
        retry: RetryOf,
        limits: Limits,
        first_tokens: FirstTokens = never_seen,
    ) -> None:
        self._first_tokens = first_tokens
        self._directory = directory
        self._alternatives = alternatives
        self._retry = retry
        self._limits = limits

    def of(self, decision: Decision, request: Outline, arrival: Arrival) -> Course:
        """The course of one request."""
        if decision.way is not None and not decision.named:
            request = replace(request, options=decision.way.over(request.options))
        options = request.options
        timeout_s = options.timeout_s
        patience = Patience(
            _NO_DEADLINE if timeout_s is None else Deadline(arrival.started_s + timeout_s),
            arrival.started_s + PATIENCE_S,
            self._limits.hold_back_s,
        )

        def more(failure: Failure) -> Sequence[Leg]:
            offers = self._alternatives.after(failure, decision, options)
            return [self._leg(offer, request, decision.ask.tier) for offer in offers]

        first = self._leg(decision.chosen.offer, request, decision.ask.tier)
        return Course(first, patience, more, others=self._alternatives.exist(decision))

    def _leg(self, offer: Offer, request: Outline, tier: str) -> Leg:
        provider = self._directory[offer.model.provider]
        retry = self._retry_of(offer.model.max_retries, request.options.max_retries, tier)
        if not request.stream:
            return Leg(provider, offer, WHOLE, 0.0, retry)
        thinks = "reasoning" in offer.model.capabilities
        limits = self._limits
        first_token_s = limits.first_thinking_s if thinks else limits.first_token_s
        usual_s = self._first_tokens(provider.name, offer.model.name)
        if usual_s is not None:
            first_token_s = max(first_token_s, _USUAL * usual_s)
        stages = limits.thinking if thinks else limits.stream
        return Leg(provider, offer, stages, first_token_s, retry)

    def _retry_of(self, models: int | None, requests: int | None, tier: str) -> RetryPolicy:
        """The request's own wish, else the model's, else the installation's or the tier's."""
        retries, usual = models if requests is None else requests, self._retry(tier)
        return usual if retries is None else replace(usual, retries=retries)
