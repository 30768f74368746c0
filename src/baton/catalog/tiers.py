"""Tiers: what a user may use. The set is data; these are the ones that Baton starts with."""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from baton.core.errors import Invalid


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
