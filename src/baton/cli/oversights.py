"""What stands in the environment, looks as if it were meant for Baton, and means nothing to it."""

import difflib
import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from baton.core.provider import ProviderSpec

_NAME = re.compile(
    r"(?P<word>[A-Z0-9]+(?:_[A-Z0-9]+)*?)_?"
    r"(?:(?P<key>(?:API_?)?KEYS?)|(?P<url>(?:API_?|BASE_?)?URL|API_?BASE(?:_?URL)?)|(?P<tier>FREE_?TIER)"
    r"|(?P<dialect>DIALECT))"
)
_FIELDS = {"key": "API_KEY", "url": "BASE_URL", "tier": "FREE_TIER", "dialect": "DIALECT"}

_LEAST_LETTERS = 5
"""Of a provider's name; shorter ones are too like those of other programs' services."""

_ALIKE = 0.85


class Oversight(Struct, frozen=True):
    """A variable that does nothing, and what may have been meant."""

    name: str
    what: str

    def __str__(self) -> str:
        return f"{self.name} {self.what}"


def oversights(
    environment: Mapping[str, str], specs: Iterable[ProviderSpec], models: Iterable[str]
) -> tuple[Oversight, ...]:
    """Misspelt variables of providers, and keys of providers that this version does not speak to.

    `models`: ids (`provider/name`) of the catalog, which also knows providers that Baton does not yet.
    """
    specs = tuple(specs)
    words = {word.upper().replace("-", "_") for spec in specs for word in (spec.name, *spec.aliases)}
    known = {f"{word}_{field}" for word in words for field in _FIELDS.values()}
    known |= {name for spec in specs for name in spec.key_names}
    unspoken = _unspoken({spec.name for spec in specs}, models)
    found: list[Oversight] = []
    for name in sorted(name for name, value in environment.items() if value.strip() and name not in known):
        if name in unspoken:
            what = f"is set, but this version of Baton does not speak to {unspoken[name]} yet"
            found.append(Oversight(name, what))
        elif (meant := _meant(name, words)) is not None:
            found.append(Oversight(name, f"means nothing to Baton; did you mean {meant}?"))
    return tuple(found)


def _unspoken(spoken: set[str], models: Iterable[str]) -> dict[str, str]:
    """Provider by the variable of its key: keys are named after the provider, or after its models."""
    found: dict[str, str] = {}
    for model in models:
        provider, _, name = model.partition("/")
        if provider not in spoken:
            for word in (provider, name.partition("-")[0]):
                found[f"{word.upper()}_API_KEY"] = provider
    return found


def _meant(name: str, words: set[str]) -> str | None:
    parts = _NAME.fullmatch(name.upper())
    if parts is None:
        return None
    word = parts["word"]
    if word not in words:
        long = [each for each in words if len(each) >= _LEAST_LETTERS] if len(word) >= _LEAST_LETTERS else []
        near = difflib.get_close_matches(word, long, n=1, cutoff=_ALIKE)
        if not near:
            return None
        word = near[0]
    return f"{word}_{_FIELDS[str(parts.lastgroup)]}"
