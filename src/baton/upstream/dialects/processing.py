"""How a provider says that it processed a call, where that has a price of its own: service tiers, speeds."""

import re

_USUAL = frozenset({"", "auto", "default", "standard", "on_demand"})
"""Words for what the price list is for; `auto` is a wish, told while nothing is decided yet."""

_WORD = re.compile(r"[a-z0-9_-]{1,32}")
_ODD = "other"


def processing(*words: object) -> str:
    """The first word that means another price than usual, in lower case; empty where there is none."""
    for word in words:
        if isinstance(word, str) and (low := word.lower()) not in _USUAL:
            return low if _WORD.fullmatch(low) else _ODD
    return ""
