"""What of an answer only the dialect knows that it came in."""

from msgspec import Raw

from baton.core.answer import ChatResponse
from baton.core.losses import Feature, Losses

_NULL = Raw(b"null")


def note_unsaid(response: ChatResponse, losses: Losses) -> None:
    """Note what whoever writes a whole answer in another dialect leaves out: log probabilities, and fields
    without a word in the core. Null ones say nothing."""
    _note(response.extras, "", losses)
    for at, choice in enumerate(response.choices):
        if choice.logprobs is not None:
            losses.drop(Feature.LOGPROBS)
        _note(choice.message_extras, f"choices[{at}].message.", losses)
        _note(choice.extras, f"choices[{at}].", losses)


def _note(fields: dict[str, Raw], at: str, losses: Losses) -> None:
    for name, value in fields.items():
        if value != _NULL:
            losses.drop(Feature.UNKNOWN_FIELDS, f"{at}{name}")
