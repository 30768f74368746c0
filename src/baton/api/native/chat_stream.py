"""The native stream: events of what is new, then one with the whole answer.

    data: {"content":"Hel","isComplete":false}
    data: {"reasoning":"…","isComplete":false}
    data: {"toolCalls":[{"index":0,"id":"call_1","name":"weather"}],"isComplete":false}
    data: {"toolCalls":[{"index":0,"arguments":"{\"city\":"}],"isComplete":false}
    data: {"id":"…","content":"Hello","provider":"…", … ,"isComplete":true}

A failure after the first event is the last one: `{"error":{…a problem document…},"isComplete":true}`.
"""

from typing import Any

import msgspec

from baton.api.native.answer import Called, Said
from baton.api.problems import Problem
from baton.core.answer import (
    Finished,
    ReasoningDelta,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallBegan,
    ToolCallDelta,
)
from baton.core.losses import Losses
from baton.core.usage import Usage
from baton.upstream.dialects.sse import write_event


class NativeWriter:
    """Writes what is new of the first choice, and keeps all of it for the end."""

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._thoughts: list[str] = []
        self._refusals: list[str] = []
        self._calls: dict[int, tuple[ToolCallBegan, list[str]]] = {}
        self._finish: str | None = None

    @property
    def said(self) -> Said:
        """Everything so far."""
        return Said(
            content="".join(self._texts) if self._texts else None,
            tool_calls=tuple(
                Called(began.id, began.name, "".join(arguments))
                for _, (began, arguments) in sorted(self._calls.items())
            ),
            reasoning="".join(self._thoughts) or None,
            refusal="".join(self._refusals) or None,
            finish=self._finish,
        )

    def write(self, event: StreamEvent) -> bytes:
        """The bytes of one event; empty where it has none of its own."""
        match event:
            case TextDelta(choice=0):
                self._texts.append(event.text)
                return _event({"content": event.text})
            case ReasoningDelta(choice=0):
                self._thoughts.append(event.text)
                return _event({"reasoning": event.text})
            case RefusalDelta(choice=0):
                self._refusals.append(event.text)
                return _event({"refusal": event.text})
            case ToolCallBegan(choice=0):
                self._calls[event.index] = (event, [])
                return _event({"toolCalls": [{"index": event.index, "id": event.id, "name": event.name}]})
            case ToolCallDelta(choice=0):
                if event.index in self._calls:
                    self._calls[event.index][1].append(event.arguments)
                return _event({"toolCalls": [{"index": event.index, "arguments": event.arguments}]})
            case Finished(choice=0):
                self._finish = event.finish.value
                return b""
            case _:
                return b""

    def finale(self, usage: Usage, baton: dict[str, Any] | None) -> bytes:  # noqa: ARG002  the protocol's shape
        """Nothing: the route writes the last event, which holds more than is known here."""
        return b""


class Pen:
    """Makes a writer for each attempt and keeps the one in use: the attempt that is being heard."""

    def __init__(self) -> None:
        self.writer = NativeWriter()

    def __call__(self, losses: Losses) -> NativeWriter:
        """A writer for the next attempt."""
        del losses  # what it leaves out, it leaves out by design
        self.writer = NativeWriter()
        return self.writer


def error_event(problem: Problem) -> bytes:
    """The end of a stream that broke."""
    return write_event(msgspec.json.encode({"error": problem, "isComplete": True}))


def _event(news: dict[str, Any]) -> bytes:
    return write_event(msgspec.json.encode({**news, "isComplete": False}))
