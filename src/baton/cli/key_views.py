"""Keys and their owners as the command line finds and shows them."""

from msgspec import Struct, structs

from baton.access.identity.entities import ApiKey, User
from baton.access.identity.identities import Identities
from baton.cli.stop import Stop
from baton.cli.terminal import iso
from baton.core.caller import KeyBudget
from baton.core.money import usd_text

_LEAST_SHOWN = 8
"""Letters of an id."""


class LimitsView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A key's own rate limits; null: as its tier has it."""

    requests_per_minute: int | None
    tokens_per_minute: int | None
    requests_per_day: int | None
    tokens_per_day: int | None
    unlimited: bool


class KeyView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A key as it is shown. Times in ISO 8601, UTC."""

    id: str
    name: str
    hint: str
    user_id: str
    user: str
    tier: str
    state: str
    """`active`, `expired` or `revoked`."""
    created_at: str | None
    expires_at: str | None
    revoked_at: str | None
    last_used_at: str | None
    scopes: tuple[str, ...] | None = None
    models: tuple[str, ...] | None = None
    limits: LimitsView | None = None
    budget: str | None = None
    """USD and the period, e.g. `25/month`."""
    previous_until: str | None = None
    """Until then the secret it had before its rotation is good as well."""


class NewKeyView(KeyView, frozen=True, kw_only=True):
    """A key just made; `key` is shown this once."""

    key: str


def telling(ids: list[str]) -> int:
    """How many letters of an id tell it from all others."""
    beginning = _LEAST_SHOWN
    while len({each[:beginning] for each in ids}) < len(ids):
        beginning += 1
    return beginning


async def find_key(identities: Identities, beginning: str) -> ApiKey:
    """The key whose id begins so.

    Raises:
        Stop: none does, or several do.
    """
    keys = await identities.keys()
    found = [key for key in keys if beginning and key.id.startswith(beginning.lower())]
    if not found:
        raise Stop(f"no key has an id that begins with {beginning!r}.")
    if len(found) > 1:
        raise Stop(f"{len(found)} keys have an id that begins with {beginning!r}; give more of it.")
    return found[0]


def named(users: list[User] | tuple[User, ...], word: str) -> User | None:
    """The user of that name or id.

    Raises:
        Stop: several have the name.
    """
    found = [user for user in users if word in (user.id, user.name)]
    if len(found) > 1:
        ids = ", ".join(user.id for user in found)
        raise Stop(f"several users are called {word!r}; say which by its id: {ids}.")
    return found[0] if found else None


def view(key: ApiKey, owner: User, now_s: float) -> KeyView:
    """A key as it is shown."""
    state = "active"
    if key.revoked_at_ms is not None:
        state = "revoked"
    elif key.expires_at_ms is not None and key.expires_at_ms <= now_s * 1000:
        state = "expired"
    return KeyView(
        id=key.id,
        name=key.name,
        hint=key.hint,
        user_id=owner.id,
        user=owner.name,
        tier=key.tier or owner.tier,
        state=state,
        created_at=iso(key.created_at_ms),
        expires_at=iso(key.expires_at_ms),
        revoked_at=iso(key.revoked_at_ms),
        last_used_at=iso(key.last_used_at_ms),
        scopes=None if key.scopes is None else tuple(sorted(key.scopes)),
        models=None if key.models is None else tuple(sorted(key.models)),
        limits=None if key.limits is None else LimitsView(**structs.asdict(key.limits)),
        budget=None if key.budget is None else _budget(key.budget),
        previous_until=iso(key.before_until_ms),
    )


async def viewed(identities: Identities, key: ApiKey, now_s: float) -> KeyView:
    """The same, with its owner looked up."""
    return view(key, await identities.user(key.user_id), now_s)


def new_view(shown: KeyView, secret: str) -> NewKeyView:
    """The same with the key itself."""
    return NewKeyView(**structs.asdict(shown), key=secret)


def _budget(budget: KeyBudget) -> str:
    return f"{usd_text(budget.nanos)}/{budget.period}"
