"""Which windows a request and its attempts claim of, and what those are told that do not fit."""

from collections.abc import Callable, Mapping
from hashlib import blake2s
from typing import Protocol

from msgspec import Struct

from baton.catalog.lookup import Offer
from baton.catalog.tiers import Tier
from baton.core.caller import Caller
from baton.core.errors import OverLimit
from baton.core.failures import Failure, Kind
from baton.core.rates import Rates
from baton.gateway.admission.windows import DAY_S, MINUTE_S, Against, Claim, Windows
from baton.records.kind import Record
from baton.upstream.credential import Credential
from baton.upstream.directory import Provider

_REQUESTS = "requests"
_TOKENS = "tokens"
_STRETCHES = {MINUTE_S: "minute", DAY_S: "day"}
_MOST_REMEMBERED = 20_000
"""Callers and routes whose claims are at hand; each is some hundred bytes."""


class Figures(Protocol):
    """Limits, whoever has them: a tier, a key, a provider."""

    @property
    def requests_per_minute(self) -> int | None: ...
    @property
    def tokens_per_minute(self) -> int | None: ...
    @property
    def requests_per_day(self) -> int | None: ...
    @property
    def tokens_per_day(self) -> int | None: ...


class Order(Struct, frozen=True):
    """What is claimed together: requests first, then tokens."""

    claims: tuple[Claim, ...]
    requests: int
    """How many of the claims are on requests."""

    def used(self, tokens: int) -> list[int]:
        """What to settle the claims with: they were asked, and it took so many tokens."""
        return [1] * self.requests + [tokens] * (len(self.claims) - self.requests)

    def unused(self) -> list[int]:
        """What to settle them with where nothing was asked at all."""
        return [0] * len(self.claims)


NOTHING = Order((), 0)


class Left(Struct, frozen=True):
    """How much of a limit is free."""

    limit: int
    remaining: int
    reset_s: float
    """Until all of it is free."""


class Allowance(Struct, frozen=True):
    """What a caller may still ask for, by the limit of which least is left; None: there is no limit."""

    requests: Left | None
    tokens: Left | None


class Tokens(Struct, frozen=True):
    """What a request is estimated to take."""

    prompt: int
    answer: int

    def within(self, limit: int) -> int:
        """What to claim of a limit. An answer may turn out short: only a prompt can be too large for good."""
        both = self.prompt + self.answer
        return both if both <= limit or self.prompt > limit else limit


class _Window(Struct, frozen=True):
    """A window without an amount."""

    key: str
    limit: int
    window_s: int

    def claim(self, amount: int) -> Claim:
        return Claim(self.key, self.limit, amount, self.window_s)


class _Plan:
    """What everything of one kind claims."""

    __slots__ = ("requests", "tokens")

    def __init__(self, windows: list[_Window]) -> None:
        self.requests = tuple(each.claim(1) for each in windows if f"/{_REQUESTS}/" in each.key)
        self.tokens = tuple(each for each in windows if f"/{_TOKENS}/" in each.key)

    def order(self, tokens: Tokens) -> Order:
        requests = self.requests
        if not self.tokens:
            return Order(requests, len(requests)) if requests else NOTHING
        claimed = [each.claim(tokens.within(each.limit)) for each in self.tokens]
        return Order((*requests, *claimed), len(requests))


class Limits:
    """Knows every limit that concerns a request. Nothing in here waits, and nothing is counted."""

    def __init__(self, tiers: Callable[[], Mapping[str, Record[Tier]]]) -> None:
        """`tiers`: as they are at the moment."""
        self._tiers = tiers
        self._callers: dict[str, tuple[Caller, Tier | None, _Plan]] = {}
        self._routes: dict[tuple[str, int], tuple[Offer, Credential, _Plan]] = {}

    def of_caller(self, caller: Caller, tokens: Tokens) -> Order:
        """What a request claims for its caller, once, however many attempts it makes: of its user's limits by
        the tier, and of its key's own. Of these one below the tier's narrows it, one above replaces it."""
        return self._plan_of(caller).order(tokens)

    def of_route(self, provider: Provider, offer: Offer, credential: Credential, tokens: Tokens) -> Order:
        """What an attempt claims: of the model's limits, the provider's, and the key's on a free tier."""
        place = (offer.id, id(credential))
        known = self._routes.get(place)
        if known is None or known[0] is not offer or known[1] is not credential:
            if len(self._routes) >= _MOST_REMEMBERED:
                self._routes.clear()
            known = (offer, credential, _Plan(_windows_of_route(provider, offer, credential)))
            self._routes[place] = known
        return known[2].order(tokens)

    def allowance(self, caller: Caller, windows: Windows, now_s: float) -> Allowance:
        """What a caller may still ask for; looks, and claims nothing."""
        plan = self._plan_of(caller)
        return Allowance(
            _least(plan.requests, windows, now_s),
            _least([each.claim(0) for each in plan.tokens], windows, now_s),
        )

    def _plan_of(self, caller: Caller) -> _Plan:
        record = self._tiers().get(caller.tier)
        tier = None if record is None else record.value
        known = self._callers.get(caller.key_id)
        if known is None or known[0] is not caller or known[1] is not tier:
            if len(self._callers) >= _MOST_REMEMBERED:
                self._callers.clear()
            known = (caller, tier, _Plan(_windows_of_caller(caller, tier)))
            self._callers[caller.key_id] = known
        return known[2]


def refusal(against: Against) -> OverLimit:
    """What a caller is told whose own limit is spent."""
    claim = against.claim
    whose, what, stretch = _read(claim)
    limit = f"the limit of {claim.limit} {what} per {stretch} {_WHOSE[whose.partition('/')[0]]}"
    if against.wait_s is None:
        return OverLimit(
            f"This request needs about {claim.amount} {what}, more than {limit}.", limit=claim.key
        )
    return OverLimit(
        f"This request would be more than {limit}; ask again in {against.wait_s:.0f} s.",
        limit=claim.key,
        retry_after_s=against.wait_s,
    )


def failure(against: Against) -> Failure:
    """Why a route is passed over whose limit is spent."""
    claim = against.claim
    whose, what, stretch = _read(claim)
    scope, _, name = whose.partition("/")
    of = f"a key of {name.partition('/')[0]}" if scope == _CREDENTIAL else name
    return Failure(
        kind=Kind.RATE_LIMIT,
        message=f"{of} may be asked for {claim.limit} {what} per {stretch}, and that is spent.",
        retry_after_s=against.wait_s,
        unasked=True,
        final=against.wait_s is None,
    )


_CREDENTIAL = "credential"
_WHOSE = {"user": "of your tier", "key": "of this key"}


def _read(claim: Claim) -> tuple[str, str, str]:
    """Whose it is, of what, and per what."""
    whose, what, _ = claim.key.rsplit("/", 2)
    return whose, what, _STRETCHES[claim.window_s]


def _windows_of(whose: str, figures: Figures) -> list[_Window]:
    found = (
        (_REQUESTS, MINUTE_S, figures.requests_per_minute),
        (_REQUESTS, DAY_S, figures.requests_per_day),
        (_TOKENS, MINUTE_S, figures.tokens_per_minute),
        (_TOKENS, DAY_S, figures.tokens_per_day),
    )
    return [
        _Window(f"{whose}/{what}/{window_s}", limit, window_s)
        for what, window_s, limit in found
        if limit is not None
    ]


def _windows_of_caller(caller: Caller, tier: Tier | None) -> list[_Window]:
    theirs = [] if tier is None else _windows_of(f"user/{caller.user_id}", tier)
    if caller.limits is None:
        return theirs
    own = _windows_of(f"key/{caller.key_id}", caller.limits)
    said = {_kind(each): each.limit for each in own}
    unsaid = 0 if caller.limits.unlimited else None
    return [
        *(each for each in theirs if _narrows(said.get(_kind(each), unsaid), each.limit)),
        *own,
    ]


def _narrows(own: int | None, tiers: int) -> bool:
    """Whether the tier's limit holds beside a key's own (0: none at all)."""
    return own is None or 0 < own <= tiers


def _kind(window: _Window) -> tuple[str, int]:
    return window.key.rsplit("/", 2)[1], window.window_s


def _windows_of_route(provider: Provider, offer: Offer, credential: Credential) -> list[_Window]:
    model = offer.model
    rates = Rates(requests_per_minute=model.rpm, tokens_per_minute=model.tpm, requests_per_day=model.rpd)
    found = [
        *_windows_of(f"model/{offer.id}", rates),
        *_windows_of(f"provider/{provider.name}", provider.settings.rates),
    ]
    if provider.settings.free_tier:
        name = blake2s(credential.key.encode(), digest_size=8).hexdigest()
        found += _windows_of(f"{_CREDENTIAL}/{provider.name}/{name}", provider.spec.free_rates)
    return found


def _least(claims: "tuple[Claim, ...] | list[Claim]", windows: Windows, now_s: float) -> Left | None:
    """The one of which least is left."""
    least: Left | None = None
    for claim in claims:
        remaining, reset_s = windows.left(claim, now_s)
        if least is None or remaining < least.remaining:
            least = Left(claim.limit, remaining, reset_s)
    return least
