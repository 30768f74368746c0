"""The providers to fall back to, as an installation names them."""

from collections.abc import Sequence

from baton.core.provider import ProviderSpec
from baton.settings.problems import hint
from baton.settings.values import Settings

CHAIN = "fallback_chain"


def with_chain(settings: Settings, specs: Sequence[ProviderSpec]) -> tuple[Settings, list[str]]:
    """The settings with the chain's providers under their own names, and what is wrong with it.

    One that is switched off is a mistake where somebody named it; one without a key is passed over.
    """
    names = {word.lower(): spec.name for spec in specs for word in (spec.name, *spec.aliases)}
    said = CHAIN in settings.model_fields_set
    wrong: list[str] = []
    chain: list[str] = []
    for word in settings.fallback_chain:
        name = names.get(word.lower())
        if name is None:
            wrong.append(f"names {word!r}, which is no provider of Baton{hint(word.lower(), names, '{}')}")
        elif said and name in settings.providers and not settings.providers[name].enabled:
            wrong.append(f"names {word}, which is switched off; leave it out, or switch it on")
        elif name not in chain:
            chain.append(name)
    return settings.model_copy(update={CHAIN: tuple(chain)}), wrong
