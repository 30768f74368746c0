"""Why an answer ended: Google's words ⇄ core.

Source: `Candidate.FinishReason` and `PromptFeedback.BlockReason` of the API reference. Some clients ask for
enums as numbers (recording google-20ef287680).
"""

from baton.core.answer import Finish
from baton.core.losses import Feature, Losses

_NUMBERED = (
    "FINISH_REASON_UNSPECIFIED",
    "STOP",
    "MAX_TOKENS",
    "SAFETY",
    "RECITATION",
    "OTHER",
    "LANGUAGE",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "SPII",
    "MALFORMED_FUNCTION_CALL",
    "IMAGE_SAFETY",
    "UNEXPECTED_TOOL_CALL",
    "TOO_MANY_TOOL_CALLS",
)
_BLOCKED_NUMBERED = (
    "BLOCK_REASON_UNSPECIFIED",
    "SAFETY",
    "OTHER",
    "BLOCKLIST",
    "PROHIBITED_CONTENT",
    "IMAGE_SAFETY",
)
_READ = {
    "STOP": Finish.STOP,
    "MAX_TOKENS": Finish.LENGTH,
    "SAFETY": Finish.CONTENT_FILTER,
    "RECITATION": Finish.CONTENT_FILTER,
    "LANGUAGE": Finish.CONTENT_FILTER,
    "BLOCKLIST": Finish.CONTENT_FILTER,
    "PROHIBITED_CONTENT": Finish.CONTENT_FILTER,
    "SPII": Finish.CONTENT_FILTER,
    "IMAGE_SAFETY": Finish.CONTENT_FILTER,
    "IMAGE_PROHIBITED_CONTENT": Finish.CONTENT_FILTER,
    "IMAGE_RECITATION": Finish.CONTENT_FILTER,
    "MODEL_ARMOR": Finish.CONTENT_FILTER,
    "ESCALATION": Finish.CONTENT_FILTER,
    "TOO_MANY_TOOL_CALLS": Finish.PAUSE,
    "CONTINUATION": Finish.PAUSE,
}
_WRITE = {
    Finish.STOP: "STOP",
    Finish.LENGTH: "MAX_TOKENS",
    Finish.TOOL_CALLS: "STOP",
    Finish.CONTENT_FILTER: "SAFETY",
    Finish.REFUSAL: "SAFETY",
    Finish.PAUSE: "STOP",
    Finish.OTHER: "OTHER",
}


def finish_word(reason: object) -> str | None:
    """A finish reason's word; None where there is none yet."""
    return _word(reason, _NUMBERED)


def block_word(reason: object) -> str | None:
    """The word for why a prompt was blocked; None: it was not."""
    return _word(reason, _BLOCKED_NUMBERED)


def _word(reason: object, numbered: tuple[str, ...]) -> str | None:
    if isinstance(reason, int) and not isinstance(reason, bool):
        if reason == 0:
            return None
        return numbered[reason] if 0 < reason < len(numbered) else f"NUMBER_{reason}"
    if not isinstance(reason, str) or not reason or reason.endswith("_UNSPECIFIED"):
        return None
    return reason.upper()


def read_finish(native: str, calls: bool) -> Finish:
    """The core's word; an answer that asks for tools ends with STOP too. Unknown words are OTHER."""
    finish = _READ.get(native, Finish.OTHER)
    return Finish.TOOL_CALLS if calls and finish is Finish.STOP else finish


def write_finish(finish: Finish, calls: bool, losses: Losses) -> str:
    """Google's word for a finish; noted where it tells less. `calls`: whether the answer asks for tools."""
    word = _WRITE[finish]
    if read_finish(word, calls) is not finish:
        losses.adjust(Feature.FINISH)
    return word
