"""Asking a model to go on with an answer that another one has begun."""

from msgspec import structs

from baton.core.estimate import estimate_tokens, weight_of
from baton.core.messages import Message, Part, Role, Text
from baton.core.request import ChatRequest, Envelope

_GO_ON = (
    "Your answer above was cut off. Go on exactly where it ends, within the sentence, the word or the line. "
    "Repeat nothing of it and say nothing about it: what you write is put right behind its last character."
)


def may_continue(envelope: Envelope) -> bool:
    """Whether a model can be asked to go on: one that shall write JSON would begin anew."""
    return "json" not in envelope.needs


def continued(request: ChatRequest, text: str, *, prefilled: bool) -> ChatRequest:
    """The request, with what was answered so far. `prefilled`: the model goes on with its own last words;
    another one must be told to."""
    messages = request.messages
    if text.strip():
        last = messages[-1] if messages else None
        if last is not None and last.role is Role.ASSISTANT:  # the caller's own beginning of the answer
            messages = (*messages[:-1], structs.replace(last, parts=_longer(last, text)))
        else:
            messages = (*messages, Message(role=Role.ASSISTANT, parts=(Text(text=text),)))
        if not prefilled:
            messages = (*messages, Message(role=Role.USER, parts=(Text(text=_GO_ON),)))
    limit = request.max_tokens
    if limit is not None:
        limit = max(1, limit - estimate_tokens(weight_of(text)))
    return structs.replace(request, messages=messages, max_tokens=limit)


def _longer(message: Message, text: str) -> tuple[Part, ...]:
    *before, last = message.parts or (Text(text=""),)
    if isinstance(last, Text):
        return (*before, structs.replace(last, text=last.text + text))
    return (*before, last, Text(text=text))
