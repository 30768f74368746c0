"""Why an answer ended: the dialect's status ⇄ core. It has no word for tool calls: there are some, or not."""

from baton.core.answer import Finish

_CUT = {"max_output_tokens": Finish.LENGTH, "content_filter": Finish.CONTENT_FILTER}
_REASONS = {finish: reason for reason, finish in _CUT.items()}


def native_finish(status: str | None, reason: str | None) -> str:
    """The provider's own word: why the answer is incomplete, else its status."""
    return reason or status or "completed"


def read_finish(native: str, *, called: bool) -> Finish:
    """The core's word for a `native_finish`, given whether tools were called."""
    if native in _CUT:
        return _CUT[native]
    if native != "completed":
        return Finish.OTHER
    return Finish.TOOL_CALLS if called else Finish.STOP


def cut_reason(finish: Finish) -> str | None:
    """Why an answer with this finish is incomplete; None: it is complete."""
    return _REASONS.get(finish)
