"""Why an answer ended: the dialect's status ⇄ core. It has no word for tool calls: there are some, or not."""

from baton.core.answer import Finish
from baton.core.losses import Feature, Losses

_CUT = {"max_output_tokens": Finish.LENGTH, "content_filter": Finish.CONTENT_FILTER}
_REASONS = {finish: reason for reason, finish in _CUT.items()}
_UNSAID = frozenset({Finish.REFUSAL, Finish.PAUSE, Finish.OTHER})


def native_finish(status: str | None, reason: str | None) -> str:
    """The provider's own word: why the answer is incomplete, else its status."""
    return reason or status or "completed"


def read_finish(native: str, *, called: bool, refused: bool) -> Finish:
    """The core's word for a `native_finish`, given whether tool calls, or a refusal, were told."""
    if native in _CUT:
        return _CUT[native]
    if native != "completed":
        return Finish.OTHER
    if called:
        return Finish.TOOL_CALLS
    return Finish.REFUSAL if refused else Finish.STOP


def cut_reason(finish: Finish) -> str | None:
    """Why an answer with this finish is incomplete; None: it is complete."""
    return _REASONS.get(finish)


def note_unsaid(finish: Finish, losses: Losses, *, refused: bool) -> None:
    """Note where the end has a shade that the dialect has no word for."""
    if finish in _UNSAID and not (finish is Finish.REFUSAL and refused):
        losses.adjust(Feature.FINISH, "completed")
