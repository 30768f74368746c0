"""A whole answer as the stream it could have been."""

from baton.core.answer import (
    Began,
    ChatResponse,
    Choice,
    Cited,
    Ended,
    Finish,
    Finished,
    ForeignDelta,
    MediaShown,
    ReasoningDelta,
    ReasoningSigned,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    TextSigned,
    ToolCallBegan,
    ToolCallDelta,
    Used,
)
from baton.core.messages import Foreign, Media, Part, Reasoning, Refusal, Text, ToolCall, ToolResult


def stream_of(response: ChatResponse) -> list[StreamEvent]:
    """The events of a whole answer."""
    events: list[StreamEvent] = [Began(response.id, response.model, response.created)]
    for choice in response.choices:
        events.extend(_told(choice))
    if response.usage is not None:
        events.append(Used(response.usage, response.usage_raw))
    events.append(Ended())
    return events


def _told(choice: Choice) -> list[StreamEvent]:
    events: list[StreamEvent] = []
    calls = chars = 0
    for part in choice.parts:
        if isinstance(part, Text):
            events += _written(part, choice.index, chars)
            chars += len(part.text)
        elif isinstance(part, ToolCall):
            began = ToolCallBegan(calls, part.id, part.name, choice.index, part.kind, part.signature)
            events += [began, ToolCallDelta(calls, part.arguments, choice.index)]
            calls += 1
        else:
            events += _said(part, choice.index)
    events.append(Finished(choice.finish or Finish.STOP, choice.index, choice.native_finish))
    return events


def _written(text: Text, choice: int, before: int) -> list[StreamEvent]:
    """`before`: characters of the choice's earlier texts."""
    events: list[StreamEvent] = [TextDelta(text.text, choice)] if text.text else []
    events += [Cited(citation.moved(before), choice) for citation in text.citations]
    return events if text.signature is None else [*events, TextSigned(text.signature, choice)]


def _said(part: Part, choice: int) -> list[StreamEvent]:
    match part:
        case Reasoning():
            events: list[StreamEvent] = [ReasoningDelta(part.text, choice)] if part.text else []
            if part.signature or part.encrypted or part.id or part.details:
                events.append(ReasoningSigned(choice, part.signature, part.encrypted, part.id, part.details))
            return events
        case Refusal():
            return [RefusalDelta(part.text, choice)]
        case Media():
            return [MediaShown(part, choice)]
        case Foreign():
            return [ForeignDelta({part.kind: part.raw}, choice, part.dialect)]
        case Text() | ToolCall() | ToolResult():
            return []
