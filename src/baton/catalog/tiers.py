"""Tiers: what a user may use, and how often. Their names come with Baton, their figures are edited."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from msgspec import Meta, Struct

from baton.core.errors import Invalid, NotFound
from baton.records.kind import RecordKind

MOST_RETRIES = 10
"""More would keep a caller waiting for minutes."""

Most = Annotated[int, Meta(ge=1, le=1_000_000_000_000)] | None
"""Requests or tokens; None: no limit."""


class Tiers(Struct, frozen=True, kw_only=True):
    """The tiers there are, lowest first, and other words for them."""

    names: tuple[str, ...]
    aliases: Mapping[str, str] = {}

    def resolve(self, word: str, param: str = "tier") -> str:
        """The tier that a word means, in any case.

        Raises:
            Invalid: there is no such tier; names those there are.
        """
        lower = word.strip().lower()
        name = self.aliases.get(lower, lower)
        if name not in self.names:
            raise Invalid(f"There is no tier {word!r}. There are: {', '.join(self.names)}.", param=param)
        return name

    def find(self, word: str) -> str:
        """The same, where the word is part of an address.

        Raises:
            NotFound: there is no such tier; names those there are.
        """
        try:
            return self.resolve(word)
        except Invalid as error:
            raise NotFound(error.message) from None

    def resolve_all(self, words: Iterable[str], param: str = "tierAccess") -> frozenset[str]:
        """The tiers that the words mean.

        Raises:
            Invalid: one of them means none.
        """
        return frozenset(self.resolve(word, param) for word in words)


DEFAULT_TIERS = Tiers(
    names=("free", "pro", "expert", "master"),
    aliases={"premium": "expert", "enterprise": "master"},
)


class Tier(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What each user of a tier may do in any minute, any day and each month."""

    name: str
    requests_per_minute: Most = None
    tokens_per_minute: Most = None
    requests_per_day: Most = None
    tokens_per_day: Most = None
    itineraries_per_month: Most = None
    """By the calendar, UTC; those that came to be count."""
    retries: Annotated[int, Meta(ge=0, le=MOST_RETRIES)]
    """How often a failed call of theirs is made again, where nobody says otherwise for the installation, the
    model or the request."""


def tiers_kind(tiers: Tiers) -> RecordKind[Tier]:
    """The kind `tiers`; its key is the tier's name."""

    def check(tier: Tier) -> None:
        if tiers.resolve(tier.name, "name") != tier.name:
            raise Invalid(f"{tier.name!r} is called {tiers.resolve(tier.name)!r}.", param="name")

    return RecordKind(name="tiers", type=Tier, key=lambda tier: tier.name, check=check)


def packaged_tiers() -> tuple[Tier, ...]:
    """What a new installation starts with."""
    return (
        Tier(name="free", requests_per_minute=10, itineraries_per_month=3, retries=2),
        Tier(name="pro", requests_per_minute=50, itineraries_per_month=20, retries=2),
        Tier(name="expert", requests_per_minute=200, itineraries_per_month=100, retries=3),
        Tier(name="master", requests_per_minute=1000, retries=3),
    )
