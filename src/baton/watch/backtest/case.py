"""An interaction whose model or price the proposal changes, or that would be decided otherwise today."""

from typing import NamedTuple

from msgspec import Struct

from baton.catalog.lookup import Offer
from baton.catalog.prices import Prices
from baton.catalog.pricing import cost
from baton.core.usage import Usage
from baton.watch.backtest.means import Work


class Pick(Struct, frozen=True, kw_only=True, gc=False):
    """The model that a side chooses for it."""

    model: str
    """`provider/name`."""
    offer: Offer | None
    """None: it has no row any more."""
    prices: Prices | None
    """Of that side; None: unpriced."""
    served_prices: Prices | None
    """Of whoever has answered, on that side."""
    factor: float
    """How many tokens the model makes of a prompt, for each of whoever has answered."""
    quality: float | None
    """0-1; None: nobody knows."""


class Case(Struct, frozen=True, kw_only=True, gc=False):
    """One of them."""

    id: str
    cluster: int
    use_case: str | None
    work: Work
    first: str
    """The model that was chosen then."""
    served: str
    """The one that has answered; another one after a fallback."""
    usage: Usage
    most_tokens: int | None
    """Of an answer, as the request bounds it."""
    cost_nanos: int
    recorded_nanos: int | None
    """What of that the answer alone cost, at the prices of its time; None: nobody knows."""
    latency_ms: int | None
    happened_quality: float | None
    """0-1, of the first."""
    in_force: Pick
    proposed: Pick


class Scaled(NamedTuple):
    """What another model's answer would have taken."""

    usage: Usage
    bounded: bool
    """Whether the answer ends where it must, so that its length is no estimate."""


def scaled(case: Case, pick: Pick, ratio: float) -> Scaled:
    """The usage of an answer `ratio` times as long, from a model that counts the prompt its own way.

    What of the prompt a provider's cache held is taken to be held by the other's too.
    """
    used, factor = case.usage, pick.factor
    bounds = [case.most_tokens, None if pick.offer is None else pick.offer.model.max_output_tokens]
    bound = min((each for each in bounds if each is not None), default=None)
    wanted = round(used.completion * ratio)
    completion = wanted if bound is None else min(wanted, max(bound, 1))
    share = completion / used.completion if used.completion else 0.0
    return Scaled(
        Usage(
            prompt=round(used.prompt * factor),
            completion=completion,
            cached=round(used.cached * factor),
            cache_write=round(used.cache_write * factor),
            cache_write_long=round(used.cache_write_long * factor),
            reasoning=round(used.reasoning * share),
            audio_in=used.audio_in,
            audio_out=used.audio_out,
            image_in=used.image_in,
            image_out=used.image_out,
            processing=used.processing,
            charges=used.charges,
            estimated=True,
        ),
        bounded=completion < wanted,
    )


def as_it_went(case: Case, pick: Pick) -> int | None:
    """What it cost, nano-USD, with its answer at a side's prices, or as recorded where these have none; None:
    nobody knows."""
    if case.recorded_nanos is None:
        return None
    found = cost(case.usage, pick.served_prices).total
    return case.cost_nanos if found is None else case.cost_nanos + found - case.recorded_nanos
