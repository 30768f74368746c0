"""What is said of providers: `<NAME>_API_KEY` and its kin in the environment, or their tables in the file."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, cast
from urllib.parse import urlsplit

from baton.core.dialect import Dialect
from baton.core.provider import ProviderSpec
from baton.core.rates import Rates
from baton.settings.problems import Problem, hint
from baton.upstream.directory import ProviderSettings

SECTION = "providers"
"""Where they stand in the file."""

_FIELDS = ("api_key", "base_url", "dialect", "enabled", "free_tier", "rpm", "tpm")
"""What the file may say of a provider."""

_COUNTS = frozenset({"rpm", "tpm"})
"""Those that are numbers there."""

_DIALECTS = tuple(dialect.value for dialect in Dialect if dialect is not Dialect.NATIVE)
"""In which a provider can be asked."""

_MOST_A_MINUTE = 1_000_000_000_000
"""Requests or tokens; more is a slip of the pen."""

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


def read_providers(
    environment: Mapping[str, str],
    sections: Mapping[str, Any],
    specs: Sequence[ProviderSpec],
    problems: list[Problem],
) -> dict[str, ProviderSettings]:
    """What is said of each provider, by its name; `sections` are its tables in the file. Problems are noted,
    not raised."""
    names = {spec.name for spec in specs}
    problems.extend(
        Problem(f"{SECTION}.{name}", f"is no provider of Baton{_nearest_provider(name, specs)}")
        for name in sections
        if name not in names
    )
    return {
        spec.name: _ProviderReader(spec, environment, sections.get(spec.name, {}), problems).read()
        for spec in specs
    }


def _nearest_provider(word: str, specs: Sequence[ProviderSpec]) -> str:
    """Its name, by a name or an alias like the word; all names where none is."""
    words = {other: spec.name for spec in specs for other in (spec.name, *spec.aliases)}
    near = difflib.get_close_matches(word.lower(), list(words), n=1)
    if near:
        return f"; did you mean {SECTION}.{words[near[0]]}?"
    return f"; there are {', '.join(sorted(set(words.values())))}"


def _leads_somewhere(url: str) -> bool:
    """Whether it can be the address of a provider; braces hold a place for the model."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an address in brackets that is none
        return False


class _ProviderReader:
    """Reads one provider's settings from both sources."""

    def __init__(
        self,
        spec: ProviderSpec,
        environment: Mapping[str, str],
        section: Mapping[str, Any],
        problems: list[Problem],
    ) -> None:
        self._spec = spec
        self._environment = environment
        self._section = section
        self._problems = problems
        self._words = [word.upper() for word in (spec.name, *spec.aliases)]

    def read(self) -> ProviderSettings:
        """What is said of the provider; problems are noted, not raised."""
        for field in self._section:
            if field not in _FIELDS:
                what = f"is no setting of a provider{hint(field, _FIELDS)}"
                self._problems.append(Problem(f"{SECTION}.{self._spec.name}.{field}", what))
        return ProviderSettings(
            keys=self._keys(),
            base_url=self._base_url(),
            enabled=self._flag("ENABLE_{}", "enabled", default=True),
            free_tier=self._flag("{}_FREE_TIER", "free_tier", default=False),
            dialect=self._dialect(),
            rates=Rates(
                requests_per_minute=self._count("{}_RPM", "rpm"),
                tokens_per_minute=self._count("{}_TPM", "tpm"),
            ),
        )

    def _find(self, pattern: str, field: str, *others: str) -> tuple[str, str] | None:
        """(name, text) of the first source that says something."""
        for name in (*(pattern.format(word) for word in self._words), *others):
            if self._environment.get(name, "").strip():
                return name, self._environment[name].strip()
        return self._find_in_section(field) if field in self._section else None

    def _find_in_section(self, field: str) -> tuple[str, str] | None:
        name, value = f"providers.{self._spec.name}.{field}", self._section[field]
        if isinstance(value, list):
            value = ",".join(map(str, cast("list[Any]", value)))
        if isinstance(value, str | bool) or (field in _COUNTS and isinstance(value, int)):
            return name, str(value).strip()
        self._problems.append(Problem(name, "must be a text"))
        return None

    def _keys(self) -> tuple[str, ...]:
        found = self._find("{}_API_KEY", "api_key", *self._spec.key_names)
        if found is None:
            return ()
        keys = tuple(key.strip() for key in found[1].split(","))
        if any(not key or not key.isascii() or not key.isprintable() or " " in key for key in keys):
            self._problems.append(Problem(found[0], "holds an empty key, or odd characters"))
            return ()
        if len(set(keys)) != len(keys):
            self._problems.append(Problem(found[0], "names the same key twice"))
        return keys

    def _base_url(self) -> str | None:
        found = self._find("{}_BASE_URL", "base_url")
        if found is None:
            return None
        if not _leads_somewhere(found[1]):
            self._problems.append(Problem(found[0], "must be a URL such as https://host/v1"))
            return None
        return found[1]

    def _dialect(self) -> Dialect | None:
        found = self._find("{}_DIALECT", "dialect")
        if found is None:
            return None
        word = found[1].lower()
        if word not in _DIALECTS:
            what = f"must be one of {', '.join(_DIALECTS)}{hint(word, _DIALECTS)}"
            self._problems.append(Problem(found[0], what))
            return None
        return Dialect(word)

    def _count(self, pattern: str, field: str) -> int | None:
        found = self._find(pattern, field)
        if found is None:
            return None
        if not found[1].isdecimal() or not 0 < int(found[1]) <= _MOST_A_MINUTE:
            self._problems.append(Problem(found[0], "must be a whole number above 0"))
            return None
        return int(found[1])

    def _flag(self, pattern: str, field: str, *, default: bool) -> bool:
        found = self._find(pattern, field)
        if found is None:
            return default
        word = found[1].lower()
        if word not in _TRUE | _FALSE:
            self._problems.append(Problem(found[0], "must be true or false"))
            return default
        return word in _TRUE
