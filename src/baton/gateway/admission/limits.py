"""Which windows a request and its attempts claim of, and what those are told that do not fit."""

import sys
from collections.abc import Mapping, Sequence
from hashlib import blake2s
from typing import NamedTuple, Protocol

from baton.catalog.lookup import Offer
from baton.catalog.tiers import Tier
from baton.core.caller import Caller
from baton.core.errors import OverLimit
from baton.core.failures import Failure, Kind
from baton.core.rates import Rates
from baton.gateway.admission.windows import DAY_S, MINUTE_S, Against, Bundle, Left, Window
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


class Allowance(NamedTuple):
    """What a caller may still ask for, by the limit of which least is left; None: there is no limit."""

    requests: Left | None
    tokens: Left | None


class Tokens(NamedTuple):
    """What a request is estimated to take."""

    prompt: int
    answer: int


NO_TOKENS = Tokens(0, 0)
"""Of what is a request and asks for no answer."""


class Plan:
    """What everything of one kind claims: requests first, then tokens."""

    __slots__ = ("least_tokens", "requests", "tokens", "windows")

    def __init__(self, windows: Sequence[Window]) -> None:
        self.requests = Bundle([each for each in windows if f"/{_REQUESTS}/" in each.key])
        self.tokens = Bundle([each for each in windows if f"/{_TOKENS}/" in each.key])
        self.windows = (*self.requests.windows, *self.tokens.windows)
        self.least_tokens = min((each.limit for each in self.tokens.windows), default=sys.maxsize)
        """The lowest limit of tokens."""

    def wanted(self, tokens: Tokens) -> Sequence[int]:
        """What to claim of each window. An answer may turn out short: only a prompt can be too large for
        good."""
        prompt, answer = tokens
        both = prompt + answer
        return [
            *(1,) * len(self.requests.windows),
            *[
                both if both <= each.limit or prompt > each.limit else each.limit
                for each in self.tokens.windows
            ],
        ]

    def used(self, requests: int, tokens: int) -> Sequence[int]:
        """What to settle with: so many requests, 0 or 1, that took so many tokens."""
        return [requests] * len(self.requests.windows) + [tokens] * len(self.tokens.windows)


NO_PLAN = Plan(())
"""Of what counts in no limit."""


class Limits:
    """Knows every limit that concerns a request. Nothing in here waits, and nothing is counted."""

    def __init__(self, tiers: Mapping[str, Record[Tier]]) -> None:
        self._tiers = tiers
        self._callers: dict[str, tuple[Caller, Plan]] = {}
        self._routes: dict[tuple[str, int], tuple[Offer, Credential, Plan]] = {}

    def follow(self, tiers: Mapping[str, Record[Tier]]) -> None:
        """Have these tiers' figures hold from now on."""
        self._tiers = tiers
        self._callers.clear()

    def of_caller(self, caller: Caller) -> Plan:
        """What a request claims for its caller, once, however many attempts it makes: of its user's limits by
        the tier, and of its key's own. Of these one below the tier's narrows it, one above replaces it."""
        known = self._callers.get(caller.key_id)
        if known is None or known[0] is not caller:
            if len(self._callers) >= _MOST_REMEMBERED:
                self._callers.clear()
            record = self._tiers.get(caller.tier)
            tier = None if record is None else record.value
            known = self._callers[caller.key_id] = (caller, Plan(_windows_of_caller(caller, tier)))
        return known[1]

    def of_route(self, provider: Provider, offer: Offer, credential: Credential) -> Plan:
        """What an attempt claims: of the model's limits, the provider's, and the key's on a free tier."""
        place = (offer.id, id(credential))
        known = self._routes.get(place)
        if known is None or known[0] is not offer or known[1] is not credential:
            if len(self._routes) >= _MOST_REMEMBERED:
                self._routes.clear()
            known = (offer, credential, Plan(_windows_of_route(provider, offer, credential)))
            self._routes[place] = known
        return known[2]


def refusal(against: Against) -> OverLimit:
    """What a caller is told whose own limit is spent."""
    window = against.window
    whose, what, stretch = _read(window)
    limit = f"the limit of {window.limit} {what} per {stretch} {_WHOSE[whose.partition('/')[0]]}"
    if against.wait_s is None:
        return OverLimit(
            f"This request needs about {against.amount} {what}, more than {limit}.", limit=window.key
        )
    return OverLimit(
        f"This request would be more than {limit}; ask again in {against.wait_s:.0f} s.",
        limit=window.key,
        retry_after_s=against.wait_s,
    )


def failure(against: Against) -> Failure:
    """Why a route is passed over whose limit is spent."""
    window = against.window
    whose, what, stretch = _read(window)
    scope, _, name = whose.partition("/")
    of = f"a key of {name.partition('/')[0]}" if scope == _CREDENTIAL else name
    return Failure(
        kind=Kind.RATE_LIMIT,
        message=f"{of} may be asked for {window.limit} {what} per {stretch}, and that is spent.",
        retry_after_s=against.wait_s,
        unasked=True,
        final=against.wait_s is None,
    )


_CREDENTIAL = "credential"
_WHOSE = {"user": "of your tier", "key": "of this key"}


def _read(window: Window) -> tuple[str, str, str]:
    """Whose it is, of what, and per what."""
    whose, what, _ = window.key.rsplit("/", 2)
    return whose, what, _STRETCHES[window.window_s]


def _windows_of(whose: str, figures: Figures) -> list[Window]:
    found = (
        (_REQUESTS, MINUTE_S, figures.requests_per_minute),
        (_REQUESTS, DAY_S, figures.requests_per_day),
        (_TOKENS, MINUTE_S, figures.tokens_per_minute),
        (_TOKENS, DAY_S, figures.tokens_per_day),
    )
    return [
        Window(f"{whose}/{what}/{window_s}", limit, window_s)
        for what, window_s, limit in found
        if limit is not None
    ]


def _windows_of_caller(caller: Caller, tier: Tier | None) -> list[Window]:
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


def _kind(window: Window) -> tuple[str, int]:
    return window.key.rsplit("/", 2)[1], window.window_s


def _windows_of_route(provider: Provider, offer: Offer, credential: Credential) -> list[Window]:
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
