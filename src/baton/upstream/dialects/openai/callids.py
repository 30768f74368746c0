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


class UniqueIds:
    """The ids of one answer's calls, no two the same, and none empty.

    The same bytes give the same ids: what must be made is made from the answer's id and the call's number.
    """

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def unique(self, call_id: str, answer_id: str) -> str:
        """The id where it is there and new; else one of our own."""
        if not call_id or call_id in self._seen:
            number = len(self._seen)
            call_id = f"{call_id}_{number}" if call_id else f"call_{answer_id}_{number}"
        self._seen.add(call_id)
        return call_id
