"""What the environment says of feature flags, by the names that are customary for them."""

import re
from collections.abc import Mapping

from baton.access.flags.held import HeldFlags
from baton.catalog.tiers import DEFAULT_TIERS
from baton.core.errors import Invalid
from baton.settings.problems import Problem, hint

FLAGS = "flags"
"""The setting that they fill; no file says it."""

_WHOLE = "ENABLE_MULTI_LLM"
_TIER = "MULTI_LLM_{}_TIER"
_ONE_TIER = re.compile(_TIER.format(r"(?P<tier>\w+)"))
_VERSION = "LLM_ROUTER_VERSION"
_VERSIONS = {"v1": False, "v2": True}
_SWITCHES = {
    **dict.fromkeys(("1", "true", "yes", "on"), True),
    **dict.fromkeys(("0", "false", "no", "off"), False),
}


def read_flags(environment: Mapping[str, str], problems: list[Problem]) -> HeldFlags:
    """What is said there of flags; empty says nothing. Problems are noted, not raised."""
    said = {name: value.strip().lower() for name, value in environment.items() if value.strip()}
    tiers: dict[str, bool] = {}
    for name in sorted(said):
        found = _ONE_TIER.fullmatch(name)
        if found is None:
            continue
        tier, on = _tier(name, found["tier"], problems), _word(name, said, _SWITCHES, problems)
        if tier is not None and on is not None:
            tiers[tier] = on and tiers.get(tier, True)  # two names of one tier: either switches it off
    return HeldFlags(
        multi_llm=_word(_WHOLE, said, _SWITCHES, problems),
        multi_llm_tiers=tiers,
        router_v2=_word(_VERSION, said, _VERSIONS, problems),
    )


def _tier(name: str, word: str, problems: list[Problem]) -> str | None:
    try:
        return DEFAULT_TIERS.resolve(word)
    except Invalid:
        words = [each.upper() for each in (*DEFAULT_TIERS.names, *DEFAULT_TIERS.aliases)]
        problems.append(Problem(name, f"names no tier of Baton{hint(word, words, _TIER)}"))
        return None


def _word(
    name: str, said: Mapping[str, str], words: Mapping[str, bool], problems: list[Problem]
) -> bool | None:
    word = said.get(name)
    if word is None:
        return None
    if word not in words:
        wanted = " or ".join(words) if words is _VERSIONS else "true or false"
        problems.append(Problem(name, f"must be {wanted}"))
        return None
    return words[word]
