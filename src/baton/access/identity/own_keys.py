"""Keys that users make for themselves: never wider than what they ask with."""

from collections.abc import Sequence

from msgspec import Struct

from baton.access.identity.entities import ApiKey, KeyWish, User
from baton.core.caller import SCOPES, Caller, KeyLimits
from baton.core.errors import Forbidden

_NO_LIMIT = KeyLimits(unlimited=True)


class OwnKeyWish(Struct, frozen=True, kw_only=True):
    """The key that somebody wants for themselves. `scopes` None: those of the key that asks."""

    name: str
    scopes: frozenset[str] | None = None
    models: frozenset[str] | None = None
    expires_at_ms: int | None = None


def own_key(
    wish: OwnKeyWish, caller: Caller, owner: User, keys: Sequence[ApiKey], *, budgeted: bool
) -> KeyWish:
    """What is made of it. `keys`: those that the owner has; `budgeted`: whether a budget names the key that
    asks.

    A key with limits, a budget, models or an end of its own makes none: another one would not have them.

    Raises:
        Forbidden: the key that asks is such a one (`key_is_narrowed`), or lacks a scope that is wanted
            (`scope_required`).
    """
    asking = _asking(caller, keys)
    ends = asking is not None and asking.expires_at_ms is not None
    limited = caller.limits not in (None, _NO_LIMIT)
    if ends or limited or budgeted or caller.budget is not None or caller.models is not None:
        raise Forbidden(
            "A key that has limits, a budget, models or an expiry of its own makes no other keys.",
            code="key_is_narrowed",
        )
    may = SCOPES if asking is None or asking.scopes is None else asking.scopes
    scopes = wish.scopes
    if scopes is None and may != SCOPES:
        scopes = may
    if scopes is not None and (beyond := sorted(scopes - may)):
        raise Forbidden(f"The key that asks lacks the scope {beyond[0]}.", code="scope_required")
    return KeyWish(
        name=wish.name,
        user_id=owner.id,
        tier=None if caller.tier == owner.tier else caller.tier,
        scopes=scopes,
        models=wish.models,
        expires_at_ms=wish.expires_at_ms,
    )


def require_rotating(caller: Caller, key: ApiKey, keys: Sequence[ApiKey]) -> None:
    """A key rotates itself; who is signed in, any of theirs. A new secret of a wider key would be a theft.

    Raises:
        Forbidden: it is another key (`rotates_itself`).
    """
    asking = _asking(caller, keys)
    if asking is not None and asking.id != key.id:
        raise Forbidden("A key gives a new secret to itself only.", code="rotates_itself")


def _asking(caller: Caller, keys: Sequence[ApiKey]) -> ApiKey | None:
    """The stored key that asks; None: somebody signed in, or with the installation's own key."""
    return next((key for key in keys if key.id == caller.key_id), None)
