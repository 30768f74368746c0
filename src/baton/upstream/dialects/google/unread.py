"""What candidates say that the core has no word for, by its path."""

import msgspec
from msgspec import Raw

from baton.upstream.dialects.google.chunks import Candidate
from baton.upstream.dialects.unsaid import unknown
from baton.upstream.dialects.wire import UNREADABLE, as_object

_GROUNDING = frozenset({"groundingChunks", "groundingSupports"})
_CITATION = frozenset({"citationSources", "citations"})


def parts_of(choice: int) -> str:
    """The path of a candidate's parts."""
    return f"candidates[{choice}].content.parts"


def unread_of(candidate: Candidate, choice: int) -> list[str]:
    """The paths of what nobody reads of a candidate, its parts aside."""
    left = candidate.unread
    if not left and not candidate.cites:
        return left
    at = f"candidates[{choice}]."
    return [
        *(at + name for name in left),
        *_inside(candidate.groundingMetadata, _GROUNDING, f"{at}groundingMetadata."),
        *_inside(candidate.citationMetadata, _CITATION, f"{at}citationMetadata."),
    ]


def _inside(metadata: Raw, known: frozenset[str], at: str) -> list[str]:
    try:
        return unknown(as_object(msgspec.json.decode(metadata)), known, at)
    except UNREADABLE:
        return []
