"""An answer being written: its items grow, and each step is an event of the dialect."""

from typing import Any

import msgspec
from msgspec import structs

from baton.core.answer import (
    Began,
    Cited,
    Finish,
    Finished,
    ForeignDelta,
    MediaShown,
    ReasoningDelta,
    ReasoningSigned,
    RefusalDelta,
    StreamEvent,
    TakenOver,
    TextDelta,
    TextSigned,
    ToolCallBegan,
    ToolCallDelta,
)
from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import Media, MediaKind, Signature
from baton.upstream.dialects.responses.echo import Echo
from baton.upstream.dialects.responses.finishes import cut_reason, read_finish
from baton.upstream.dialects.responses.items import INPUT
from baton.upstream.dialects.responses.output import Event, Item, Output
from baton.upstream.dialects.responses.parts import write_citation
from baton.upstream.dialects.responses.standing import Stood
from baton.upstream.dialects.responses.thoughts import HOME, MADE, Stand, seal, write_summary
from baton.upstream.dialects.wire import UNREADABLE, as_object, as_text


class Draft:
    """One answer. `take` gives the events that a step means; only the first choice is told."""

    def __init__(self, echo: Echo, losses: Losses) -> None:
        self._echo = echo
        self._losses = losses
        self._head: dict[str, Any] = {"id": "resp_0", "object": "response", "created_at": 0}
        self._model = ""
        self._output = Output()
        self._said: Item | None = None
        """The message under way."""
        self._before = 0
        """Characters of the texts that have ended: places count from the first of them, in an annotation
        from the beginning of its own."""
        self._thought: Item | None = None
        self._calls: dict[int, Item] = {}
        self._finish = Finish.STOP

    def stand(self, stood: Stood) -> None:
        """Go on with an answer that others have begun: as they have told it, with the items so far."""
        self._head |= stood.response
        self._echo = Echo({}, self._echo.customs)
        self._model = as_text(stood.response.get("model")) or ""
        self._output.of(str(self._head["id"]))
        self._output.items = stood.items
        self._before = stood.before
        item = stood.open
        if item is not None and item.fields["type"] == "message":
            self._said = item
        else:
            self._thought = item

    def take(self, event: StreamEvent) -> list[Event]:
        """What one step of the answer means."""
        if isinstance(event, Began):
            return self._begin(event)
        if getattr(event, "choice", 0):
            self._losses.drop(Feature.N)
            return []
        match event:
            case TextDelta():
                return self._say("output_text", event.text)
            case RefusalDelta():
                return self._say("refusal", event.text)
            case ReasoningDelta():
                return self._think(event.text)
            case ToolCallBegan():
                return self._call(event)
            case ToolCallDelta():
                return self._argue(event)
            case Finished():
                self._finish = event.finish
                return []
            case _:
                return self._take_rarer(event)

    def _take_rarer(self, event: StreamEvent) -> list[Event]:
        match event:
            case TakenOver():
                return self._take_over(event)
            case ReasoningSigned():
                return self._sign(event)
            case TextSigned():
                return [*self._end_said(), *self._seal(event.signature, Stand.TEXT)]
            case Cited():
                return self._cite(event)
            case MediaShown():
                return self._show(event.media)
            case ForeignDelta():
                return self._add_foreign(event)
            case _:
                return []

    def _begin(self, event: Began) -> list[Event]:
        answer_id = event.id or f"resp_{event.created:x}"
        self._head |= {"id": answer_id, "created_at": event.created}
        self._model = event.model
        self._output.of(answer_id)
        response = self._response("in_progress")
        return [
            {"type": "response.created", "response": response},
            {"type": "response.in_progress", "response": response},
        ]

    def close(self, usage: Any, further: dict[str, Any] | None = None) -> list[Event]:
        """The end: what is under way is complete, or was cut; the last event holds the whole answer.

        `usage`: as JSON, None where nobody counted; `further`: fields beside the event's own.
        """
        reason = cut_reason(self._finish)
        if read_finish(reason or "completed", called=bool(self._calls)) is not self._finish:
            self._losses.adjust(Feature.FINISH, reason or "completed")
        status = "completed" if reason is None else "incomplete"
        last = len(self._output.items) - 1  # what was cut short is what came last
        events = [*self._end_thought(status), *self._end_said(status)]
        for item in self._calls.values():
            events += self._end_call(item, status if item.at == last else "completed")
        self._calls = {}
        response = self._response(status)
        if reason is not None:
            response["incomplete_details"] = {"reason": reason}
        if usage is not None:
            response["usage"] = usage
        return [*events, {"type": f"response.{status}", "response": response, **(further or {})}]

    def _response(self, status: str) -> dict[str, Any]:
        return {
            **self._head,
            "status": status,
            **self._echo.fields,
            "model": self._model,
            "output": self._output.items,
        }

    # Messages

    def _say(self, kind: str, text: str) -> list[Event]:
        events, item = self._saying(kind)
        item.pieces.append(text)
        event = item.within(f"response.{kind}.delta") | {"delta": text}
        if kind == "output_text":
            event["logprobs"] = []
        return [*events, event]

    def _saying(self, kind: str) -> tuple[list[Event], Item]:
        """The message with a part of this kind at its end, and the events that lead there."""
        events = self._end_thought()
        item = self._said
        if item is None:
            fields = {"type": "message", "id": self._output.new_id("msg"), "status": "in_progress"}
            item, added = self._output.open(fields | {"role": "assistant", "content": []})
            self._said = item
            events.append(added)
        if item.part is None or item.part["type"] != kind:
            events += self._end_part(item)
            part: dict[str, Any] = (
                {"type": kind, "text": "", "annotations": [], "logprobs": []}
                if kind == "output_text"
                else {"type": kind, "refusal": ""}
            )
            item.part = part
            item.fields["content"].append(part)
            added = item.within("response.content_part.added") | {"part": dict(part)}
            events.append(added)
        return events, item

    def _end_part(self, item: Item) -> list[Event]:
        part, text = item.part, "".join(item.pieces)
        if part is None:
            return []
        item.part, item.pieces = None, []
        if part["type"] == "output_text":
            part["text"] = text
            self._before += len(text)
            done = item.within("response.output_text.done")
            done |= {"text": text, "logprobs": []}
        else:
            part["refusal"] = text
            done = item.within("response.refusal.done") | {"refusal": text}
        return [done, item.within("response.content_part.done") | {"part": part}]

    def _end_said(self, status: str = "completed") -> list[Event]:
        item, self._said = self._said, None
        if item is None:
            return []
        events = self._end_part(item)
        item.fields["status"] = status
        return [*events, item.done]

    def _cite(self, event: Cited) -> list[Event]:
        """A citation on the text under way; one that comes too late, or has no address, is left out."""
        item = self._said
        cited = event.citation.moved(-self._before)
        late = cited.end is not None and cited.end <= 0
        if late or item is None or item.part is None or item.part["type"] != "output_text":
            self._losses.drop(Feature.CITATIONS)
            return []
        if cited.start is not None and cited.start < 0:
            cited = structs.replace(cited, start=0)
        note = write_citation(cited, sum(map(len, item.pieces)), self._losses)
        if note is None:
            return []
        notes: list[Any] = item.part["annotations"]
        notes.append(note)
        added = item.within("response.output_text.annotation.added")
        return [added | {"annotation_index": len(notes) - 1, "annotation": note}]

    # Thoughts

    def _take_over(self, event: TakenOver) -> list[Event]:
        """Another model speaks from here on. What was thought by halves nobody knows again."""
        self._model = event.model
        if self._thought is not None:
            self._thought.fields["encrypted_content"] = seal(_NOBODYS, Stand.THOUGHT)
        return self._end_thought("incomplete")

    def _think(self, text: str) -> list[Event]:
        events: list[Event] = []
        item = self._thought
        if item is None:
            events += self._end_said()
            item, added = self._output.open(self._new_thought())
            self._thought = item
            item.part = {"type": "summary_text", "text": ""}
            events += [added, self._about(item, "part.added") | {"part": item.part}]
        item.pieces.append(text)
        return [*events, self._about(item, "text.delta") | {"delta": text}]

    def _about(self, item: Item, what: str) -> Event:
        return item.about(f"response.reasoning_summary_{what}") | {
            "summary_index": len(item.fields["summary"])
        }

    def _end_thought(self, status: str = "completed") -> list[Event]:
        item, self._thought = self._thought, None
        if item is None:
            return []
        item.fields["status"] = status
        if item.part is None:
            return [item.done]
        text = "".join(item.pieces)
        part = {"type": "summary_text", "text": text}
        ended = [
            self._about(item, "text.done") | {"text": text},
            self._about(item, "part.done") | {"part": part},
        ]
        item.fields["summary"] = [*item.fields["summary"], *write_summary(text)]
        return [*ended, item.done]

    def _sign(self, event: ReasoningSigned) -> list[Event]:
        """The end of a thought, with what its provider put on it; without one before, a thought by itself."""
        signature, stand = event.signature, Stand.THOUGHT
        known = event.id
        if event.encrypted is not None:
            if signature is not None:
                self._losses.drop(Feature.REASONING_SIGNATURE)
            signature, stand = event.encrypted, Stand.CIPHER
        at_home = signature is None or signature.origin is HOME
        if event.details is not None or (known is not None and at_home):
            self._losses.drop(Feature.REASONING_SIGNATURE)
        if signature is None:
            return self._end_thought()
        if self._thought is None:
            return [*self._end_said(), *self._seal(signature, stand, known)]
        self._thought.fields["encrypted_content"] = seal(signature, stand, known)
        return self._end_thought()

    def _seal(self, signature: Signature, stand: Stand, known: str | None = None) -> list[Event]:
        """A reasoning item that holds a signature only."""
        sealed = {"encrypted_content": seal(signature, stand, known), "status": "completed"}
        return self._output.add(self._new_thought() | sealed)

    def _new_thought(self) -> dict[str, Any]:
        return {"type": "reasoning", "id": self._output.new_id(MADE.rstrip("_")), "summary": []}

    # Calls

    def _call(self, event: ToolCallBegan) -> list[Event]:
        events = [*self._end_thought(), *self._end_said()]
        if event.signature is not None:
            events += self._seal(event.signature, Stand.CALL)
        custom = event.kind == "custom" or event.name in self._echo.customs
        kind, word, prefix = ("custom_tool_call", "input", "ctc") if custom else _FUNCTION
        fields = {"type": kind, "id": self._output.new_id(prefix), "name": event.name}
        fields["call_id"] = event.id or self._output.new_id("call")
        item, added = self._output.open(fields | {word: "", "status": "in_progress"})
        self._calls[event.index] = item
        return [*events, added]

    def _argue(self, event: ToolCallDelta) -> list[Event]:
        """More arguments. What a custom tool's function takes is told when it can be read, at its end."""
        item = self._calls.get(event.index)
        if item is None:
            return []
        item.pieces.append(event.arguments)
        if self._is_wrapped(item):
            return []
        return [self._about_call(item, "delta") | {"delta": event.arguments}]

    def _is_wrapped(self, item: Item) -> bool:
        return "input" in item.fields and item.fields["name"] in self._echo.customs

    def _about_call(self, item: Item, step: str) -> Event:
        what = "custom_tool_call_input" if "input" in item.fields else "function_call_arguments"
        return item.about(f"response.{what}.{step}")

    def _end_call(self, item: Item, status: str) -> list[Event]:
        text = "".join(item.pieces)
        events: list[Event] = []
        done = self._about_call(item, "done")
        if "input" in item.fields:
            if self._is_wrapped(item):
                text = _unwrapped(text)
                events.append(self._about_call(item, "delta") | {"delta": text})
            item.fields["input"] = done["input"] = text
        else:
            item.fields["arguments"] = done["arguments"] = text
            done["name"] = item.fields["name"]
        item.fields["status"] = status
        return [*events, done, item.done]

    # The rest

    def _show(self, media: Media) -> list[Event]:
        """An image is the result of the dialect's own tool that makes images."""
        if media.signature is not None:
            self._losses.drop(Feature.REASONING_SIGNATURE)
        if media.kind is not MediaKind.IMAGE or media.data is None:
            unseen = Feature.FILE_ID if media.url is None else Feature.IMAGE_URL
            is_image = media.kind is MediaKind.IMAGE
            self._losses.drop(unseen if is_image else Feature(media.kind.value))
            return []
        for feature, lost in ((Feature.MEDIA_NAME, media.name), (Feature.IMAGE_DETAIL, media.detail)):
            if lost is not None:
                self._losses.drop(feature)
        events = [*self._end_thought(), *self._end_said()]
        fields = {"type": "image_generation_call", "id": self._output.new_id("ig"), "status": "completed"}
        form = (media.media_type or "image/png").removeprefix("image/")
        return [*events, *self._output.add(fields | {"output_format": form, "result": media.data})]

    def _add_foreign(self, event: ForeignDelta) -> list[Event]:
        if event.dialect is not HOME:
            self._losses.drop(Feature.FOREIGN_PARTS)
            return []
        events = [*self._end_thought(), *self._end_said()]
        for item in event.fields.values():
            events += self._output.add(item)
        return events


_NOBODYS = Signature(origin=Dialect.NATIVE, value="")
_FUNCTION = ("function_call", "arguments", "fc")


def _unwrapped(arguments: str) -> str:
    """The text in the arguments of a custom tool's function; as they are, where the model wrote another."""
    try:
        said = as_object(msgspec.json.decode(arguments)).get(INPUT)
    except UNREADABLE:
        return arguments
    return said if isinstance(said, str) else arguments


def whole(events: list[Event]) -> dict[str, Any]:
    """The answer in the last event of a draft."""
    response: dict[str, Any] = events[-1]["response"]
    return response
