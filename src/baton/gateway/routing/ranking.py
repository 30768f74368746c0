"""From a pool to an order: who fits this request, and what wishes leave of them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from baton.catalog.lookup import Offer
from baton.core.money import TOKENS_PER_PRICE, usd_text
from baton.core.profile import Profile
from baton.gateway.routing.decision import Ask, LeftOut
from baton.gateway.routing.pool import Pool, too_long
from baton.gateway.routing.score import BEYOND_PRICE, prices
from baton.gateway.routing.terms import Terms

Shut = Callable[[Offer], str | None]
"""Why a model is not to be asked at the moment; None: it may be."""

Spent = Callable[[Ask], Shut | None]
"""Which models a request cannot be paid for; None: whichever it likes."""


def nothing_spent(ask: Ask) -> Shut | None:
    """Where no model has a budget."""
    del ask
    return None


class Ranking(NamedTuple):
    """Indices of a pool's offers, from best to worst."""

    pool: Pool
    order: Sequence[int]
    dropped: Sequence[int]
    """The half that the profile leaves for when nobody else is left."""
    left_out: tuple[LeftOut, ...]

    def place(self, model_id: str) -> int | None:
        """The index of a model that fits, whatever the profile says of it."""
        place = self.pool.places.get(model_id)
        return place if place is not None and (place in self.order or place in self.dropped) else None

    def against(self, model_id: str) -> str:
        """Why a model is not in it."""
        return next((each.reason for each in self.left_out if each.id == model_id), "it is no candidate")


def too_dear(nanos: float | None, terms: Terms) -> str | None:
    """Why a request that is estimated so may not be sent; None: it may. `nanos` None: no price is known."""
    most = terms.max_cost_nanos
    if most is None or (nanos is not None and nanos <= most):
        return None
    allowed = f"at most {usd_text(most)} USD a request ({terms.whose('max_cost')})"
    if nanos is None:
        return f"its price is not known, and it may be {allowed}"
    return f"about {usd_text(round(nanos))} USD, and it may be {allowed}"


def affordable(
    pool: Pool, fitting: Sequence[int], spent: Sequence[float], terms: Terms
) -> tuple[Sequence[int], list[LeftOut]]:
    """Those that the request may be sent to, and the others. `spent`: estimates, micro-nanos."""
    reasons = {
        index: reason for index in fitting if (reason := too_dear(_nanos(spent[index]), terms)) is not None
    }
    left_out = [LeftOut(pool.offers[index].id, reason) for index, reason in reasons.items()]
    return [index for index in fitting if index not in reasons], left_out


def halved(
    pool: Pool, order: Sequence[int], spent: Sequence[float], profile: Profile | None
) -> tuple[Sequence[int], Sequence[int]]:
    """The half that a profile wants, rounded up, and the other one; both in the order they come in."""
    if profile in (None, Profile.BALANCED):
        return order, ()
    if profile is Profile.COST_OPTIMIZED:
        liked = sorted(order, key=spent.__getitem__)
    else:
        liked = sorted(order, key=pool.quality.__getitem__, reverse=True)
    kept = frozenset(liked[: (len(order) + 1) // 2])
    return [each for each in order if each in kept], [each for each in order if each not in kept]


def _nanos(micro: float) -> float | None:
    """An estimate in nano-USD; None where a price is missing."""
    return None if micro >= BEYOND_PRICE else micro / TOKENS_PER_PRICE


def estimates(pool: Pool, ask: Ask) -> list[float]:
    """What the request would cost at each of the pool, in micro-nanos."""
    tokens_in, tokens_out = float(ask.input_tokens), float(ask.output_tokens)
    if pool.most_tokens(ask.input_tokens) > pool.first_step:
        counted = [ask.tokens_for(offer) for offer in pool.offers]
        listed = [prices(offer, tokens) for offer, tokens in zip(pool.offers, counted, strict=True)]
        return [
            tokens * price_in + tokens_out * price_out
            for tokens, (price_in, price_out) in zip(counted, listed, strict=True)
        ]
    return [
        tokens_in * price_in + price_framing + tokens_out * price_out
        for price_in, price_framing, price_out in zip(
            pool.price_in, pool.price_framing, pool.price_out, strict=True
        )
    ]


def fitting_of(pool: Pool, ask: Ask) -> tuple[Sequence[int], tuple[LeftOut, ...]]:
    """Indices of the offers that the request is not too long for, and everybody left out."""
    needed = pool.most_tokens(ask.input_tokens) + (ask.max_tokens or ask.output_tokens)
    if needed <= pool.smallest_window and (ask.max_tokens or 0) <= pool.smallest_output:
        return range(len(pool.offers)), pool.left_out
    reasons = [too_long(offer, ask) for offer in pool.offers]
    short = [LeftOut(offer.id, reason) for offer, reason in zip(pool.offers, reasons, strict=True) if reason]
    return [index for index, reason in enumerate(reasons) if reason is None], (*pool.left_out, *short)


def opened(ranking: Ranking, shut: Shut) -> Ranking:
    """The ranking without those that are shut; all of it where nobody else is left.

    Where the whole half that the profile wants is shut, the other half takes its place.
    """
    pool, order, dropped, left_out = ranking
    reasons = {each: reason for each in (*order, *dropped) if (reason := shut(pool.offers[each])) is not None}
    if not reasons or len(reasons) == len(order) + len(dropped):
        return ranking
    passed_over = [LeftOut(pool.offers[each].id, reason) for each, reason in reasons.items()]
    able = [each for each in order if each not in reasons]
    others = [each for each in dropped if each not in reasons]
    return Ranking(pool, able or others, others if able else (), (*left_out, *passed_over))
