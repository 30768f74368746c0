"""Why an answer ended: the dialect's words ⇄ core."""

from baton.core.answer import Finish
from baton.core.losses import Feature, Losses

_READ = {
    "end_turn": Finish.STOP,
    "stop_sequence": Finish.STOP,
    "max_tokens": Finish.LENGTH,
    "model_context_window_exceeded": Finish.LENGTH,
    "tool_use": Finish.TOOL_CALLS,
    "refusal": Finish.REFUSAL,
    "pause_turn": Finish.PAUSE,
}
_WRITE = {
    Finish.STOP: "end_turn",
    Finish.LENGTH: "max_tokens",
    Finish.TOOL_CALLS: "tool_use",
    Finish.CONTENT_FILTER: "refusal",
    Finish.REFUSAL: "refusal",
    Finish.PAUSE: "pause_turn",
    Finish.OTHER: "end_turn",
}
_BLURRED = frozenset({Finish.CONTENT_FILTER, Finish.OTHER})


def read_finish(native: str) -> Finish:
    """The core's word for a stop reason; unknown ones are OTHER."""
    return _READ.get(native, Finish.OTHER)


def write_finish(finish: Finish, native: str | None, losses: Losses) -> str:
    """Anthropic's word for a finish: `native`, the provider's own, where it is one of Anthropic's."""
    if native in _READ:
        return native
    if finish in _BLURRED:
        losses.adjust(Feature.FINISH, _WRITE[finish])
    return _WRITE[finish]
