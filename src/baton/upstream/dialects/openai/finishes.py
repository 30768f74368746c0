"""Why an answer ended: the dialect's words ⇄ core."""

from baton.core.answer import Finish

_READ = {
    "stop": Finish.STOP,
    "eos": Finish.STOP,  # Together
    "end_turn": Finish.STOP,
    "length": Finish.LENGTH,
    "model_length": Finish.LENGTH,  # Mistral
    "max_tokens": Finish.LENGTH,
    "tool_calls": Finish.TOOL_CALLS,
    "function_call": Finish.TOOL_CALLS,
    "content_filter": Finish.CONTENT_FILTER,
}
_WRITE = {
    Finish.STOP: "stop",
    Finish.LENGTH: "length",
    Finish.TOOL_CALLS: "tool_calls",
    Finish.CONTENT_FILTER: "content_filter",
    Finish.REFUSAL: "content_filter",
    Finish.PAUSE: "stop",
    Finish.OTHER: "stop",
}
_OPENAIS = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})


def read_finish(native: str) -> Finish:
    """The core's word for a finish reason; unknown ones are OTHER."""
    return _READ.get(native, Finish.OTHER)


def write_finish(finish: Finish, native: str | None = None) -> str:
    """OpenAI's word for a finish: `native`, the provider's own, where it is one of OpenAI's."""
    return native if native in _OPENAIS else _WRITE[finish]
