"""Providers that an installation names: those to fall back to, and those that serve agents."""

from collections.abc import Mapping, Sequence

from baton.core.provider import ProviderSpec
from baton.settings.problems import hint
from baton.settings.values import Settings

CHAIN = "fallback_chain"
_AGENTS = ("research_provider", "strategy_provider", "critique_provider")


def with_chain(settings: Settings, specs: Sequence[ProviderSpec]) -> tuple[Settings, list[str]]:
    """The settings with the chain's providers under their own names, and what is wrong with it.

    One that is switched off is a mistake where somebody named it; one without a key is passed over.
    """
    names = _names(specs)
    said = CHAIN in settings.model_fields_set
    wrong: list[str] = []
    chain: list[str] = []
    for word in settings.fallback_chain:
        name = names.get(word.lower())
        if name is None:
            wrong.append(_unknown(word, names))
        elif said and name in settings.providers and not settings.providers[name].enabled:
            wrong.append(f"names {word}, which is switched off; leave it out, or switch it on")
        elif name not in chain:
            chain.append(name)
    return settings.model_copy(update={CHAIN: tuple(chain)}), wrong


def with_agents(settings: Settings, specs: Sequence[ProviderSpec]) -> tuple[Settings, list[tuple[str, str]]]:
    """The settings with agents' providers under their own names; and which of them are wrong, and how."""
    names = _names(specs)
    wrong: list[tuple[str, str]] = []
    found: dict[str, str] = {}
    for setting in _AGENTS:
        word: str | None = getattr(settings, setting)
        if word is None:
            continue
        name = names.get(word.lower())
        if name is None:
            wrong.append((setting, _unknown(word, names)))
        else:
            found[setting] = name
    return settings.model_copy(update=found), wrong


def _names(specs: Sequence[ProviderSpec]) -> dict[str, str]:
    """The providers' own names by all of them, in lower case."""
    return {word.lower(): spec.name for spec in specs for word in (spec.name, *spec.aliases)}


def _unknown(word: str, names: Mapping[str, str]) -> str:
    return f"names {word!r}, which is no provider of Baton{hint(word.lower(), names, '{}')}"
