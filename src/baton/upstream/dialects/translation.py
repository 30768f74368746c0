"""Handing a stream on in another dialect: read as core events, written by the caller's writer."""

from typing import Any, Protocol

from baton.core.answer import (
    AnswerWriter,
    Began,
    Broke,
    Ended,
    Finished,
    ForeignDelta,
    ReasoningDelta,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallBegan,
    ToolCallDelta,
    Used,
)
from baton.core.failures import Failure, Kind
from baton.core.usage import Usage
from baton.upstream.dialects.sse import EventTooLong, SseEvent, SseReader


class EventReader(Protocol):
    """Reads one dialect's events."""

    def read(self, event: SseEvent) -> list[StreamEvent]:
        """What one event says."""
        ...


class Translation:
    """Hands one stream on through the core's events, and notes what it is made of."""

    def __init__(self, reader: EventReader, writer: AnswerWriter) -> None:
        self._sse = SseReader()
        self._reader = reader
        self._writer = writer
        self._open: set[int] = set()
        self._pending = b""
        self.said = False
        self.ended = False
        self.failure: Failure | None = None
        self.finish: str | None = None
        self.usage: Usage | None = None
        self.id = ""
        self.model = ""
        self.chars = 0

    @property
    def complete(self) -> bool:
        """Whether the answer is whole: ended by its own mark, or every choice finished."""
        return self.failure is None and (self.ended or (self.finish is not None and not self._open))

    def feed(self, chunk: bytes) -> bytes:
        """What of a chunk may be sent on; sets `failure` where the stream broke inside it."""
        try:
            return self._take(self._sse.feed(chunk))
        except EventTooLong as error:
            self.failure = Failure(kind=Kind.MALFORMED, message=f"The provider's stream holds {error}.")
            return b""

    def close(self) -> bytes:
        """What the end of the connection left; sets `failure` where the answer is not whole."""
        passed = self._take(self._sse.rest())
        if self.failure is None and not self.complete:
            self.failure = Failure(
                kind=Kind.CONNECT, message="The provider's stream ended before the answer was finished."
            )
        return passed

    def note(self, event: StreamEvent) -> None:
        """Take one event; what it means to the caller waits for the next `feed` or `close`."""
        self._pending += self._note(event)

    def finale(self, usage: Usage, baton: dict[str, Any] | None) -> bytes:
        """The end of a whole answer."""
        return self._writer.finale(usage, baton)

    def _take(self, events: list[SseEvent]) -> bytes:
        passed = [self._pending]
        self._pending = b""
        for event in events:
            for said in self._reader.read(event):
                if self.failure is not None or self.ended:
                    break
                passed.append(self._note(said))
        return b"".join(passed)

    def _note(self, event: StreamEvent) -> bytes:
        match event:
            case Began():
                self.id, self.model = event.id, event.model
            case TextDelta() | ReasoningDelta() | RefusalDelta():
                self.said = True
                self.chars += len(event.text)
                self._open.add(event.choice)
            case ToolCallBegan() | ForeignDelta():
                self.said = True
                self._open.add(event.choice)
            case ToolCallDelta():
                self.chars += len(event.arguments)
            case Finished():
                self.finish = event.native or event.finish.value
                self._open.discard(event.choice)
            case Used():
                self.usage = event.usage
                return b""
            case Broke():
                # After every choice has finished an error takes nothing back of the answer.
                if self.finish is None or self._open:
                    self.failure = event.failure
                return b""
            case Ended():
                self.ended = True
                return b""
        return self._writer.write(event)
