"""Ids of tool calls that a provider takes: each a pure function of the id that came."""

import hashlib
import re

from baton.core.losses import Feature, Losses

_LONGEST = 40
"""Of an id in a request (OpenAI: `string_above_max_length`, seen in agno issue 5382)."""

_SHORT = re.compile(r"[a-zA-Z0-9]{9}")
_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def fitting_id(call_id: str, short: bool, losses: Losses) -> str:
    """The id itself where it may stand; else another. `short`: nine letters and digits are demanded."""
    if _SHORT.fullmatch(call_id) if short else len(call_id) <= _LONGEST:
        return call_id
    losses.adjust(Feature.TOOL_CALL_ID)
    digest = hashlib.sha256(call_id.encode("utf-8", "surrogatepass")).digest()
    if not short:
        return f"call_{digest.hex()[:32]}"
    number = int.from_bytes(digest, "big")
    return "".join(_LETTERS[number // 62**place % 62] for place in range(9))
