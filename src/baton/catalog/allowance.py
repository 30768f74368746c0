"""Which models a list of names and patterns means."""

import re
from collections.abc import Iterable

from msgspec import Struct

from baton.catalog.lookup import Catalog, Offer
from baton.core.errors import Invalid, NotFound

_ANY = "*"


class Allowance(Struct, frozen=True, kw_only=True):
    """What a list means in one catalog."""

    named: frozenset[str]
    """Ids, in lower case, of models that are written out, in the catalog or not."""
    pattern: re.Pattern[str] | None
    """Of ids in the catalog."""

    def names(self, offer: Offer) -> bool:
        """Whether a model is written out."""
        return offer.id.lower() in self.named

    def holds(self, offer: Offer, *, known: bool = True) -> bool:
        """Whether a model is meant; `known`: it is in the catalog, patterns open nothing else."""
        return self.names(offer) or (
            known and self.pattern is not None and self.pattern.fullmatch(offer.id) is not None
        )


def allowance(catalog: Catalog, models: Iterable[str]) -> Allowance:
    """Read a list by the catalog: names and aliases, in any case, and patterns in which `*` stands for any
    part of an id (`acme/*`, `*/large*`) or, without a slash, of a name (`large*`).

    A name that several providers have means each of them; one that nobody has is taken as it is written.
    """
    named: set[str] = set()
    patterns: list[str] = []
    for word in models:
        if _ANY in word:
            patterns.append(_pattern(catalog, word))
        else:
            named |= _ids(catalog, word)
    compiled = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None
    return Allowance(named=frozenset(named), pattern=compiled)


def _ids(catalog: Catalog, word: str) -> set[str]:
    try:
        return {catalog.resolve(word).offer.id.lower()}
    except NotFound:
        return {word.lower()}
    except Invalid:  # several have it
        return {offer.id.lower() for offer in catalog.offers if offer.model.name.lower() == word.lower()}


def _pattern(catalog: Catalog, word: str) -> str:
    provider, slash, name = word.partition("/")
    if not slash:
        return f"[^/]+/{_any(word)}"
    spec = catalog.provider(provider)
    return f"{_any(provider if spec is None else spec.name)}/{_any(name)}"


def _any(text: str) -> str:
    return ".*".join(re.escape(part) for part in text.split(_ANY))
