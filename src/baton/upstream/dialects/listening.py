"""Listening to an answer that is handed on by others: what it said, for whoever must judge it."""

from baton.core.answer import (
    ChatResponse,
    Finish,
    Finished,
    MediaShown,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallBegan,
)
from baton.core.messages import Foreign, Media, Refusal, Text, ToolCall
from baton.upstream.dialects.handing import EventReader
from baton.upstream.dialects.sse import EventTooLong, SseReader
from baton.upstream.dialects.wire import UNREADABLE


class Heard:
    """The first choice of an answer."""

    __slots__ = ("_refusals", "_texts", "finish", "more", "other")

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._refusals: list[str] = []
        self.finish: Finish | None = None
        self.other = False
        """Whether there was a refusal, or a call of a tool."""
        self.more = False
        """Whether there was anything but words: calls of tools, pictures, sounds."""

    @property
    def text(self) -> str:
        """All of its text."""
        return "".join(self._texts)

    @property
    def is_answer(self) -> bool:
        """Whether it is an answer in text that came to its own end."""
        return self.finish is Finish.STOP and not self.other

    @property
    def refusal(self) -> str:
        """What its model itself calls its refusal."""
        return "".join(self._refusals)

    def said(self, text: str) -> None:
        """More text."""
        self._texts.append(text)

    def refused(self, text: str) -> None:
        """More of a refusal."""
        self._refusals.append(text)
        self.other = True

    def called(self) -> None:
        """A call of a tool."""
        self.other = self.more = True


class Listener:
    """Listens to a stream."""

    def __init__(self, reader: EventReader) -> None:
        self._sse = SseReader()
        self._reader = reader
        self.heard = Heard()

    def feed(self, chunk: bytes) -> None:
        """More of the stream; what cannot be read is noticed by who hands it on."""
        try:
            events = self._sse.feed(chunk)
        except EventTooLong:
            return
        for event in events:
            try:
                told = self._reader.read(event)
            except UNREADABLE:
                return
            for said in told:
                self._hear(said)

    def _hear(self, said: StreamEvent) -> None:
        match said:
            case TextDelta(choice=0):
                self.heard.said(said.text)
            case RefusalDelta(choice=0):
                self.heard.refused(said.text)
            case ToolCallBegan(choice=0):
                self.heard.called()
            case MediaShown(choice=0):
                self.heard.more = True
            case Finished(choice=0):
                self.heard.finish = said.finish
            case _:
                pass


def heard_in(response: ChatResponse) -> Heard:
    """What a whole answer said."""
    heard = Heard()
    for choice in response.choices[:1]:
        heard.finish = choice.finish
        for part in choice.parts:
            if isinstance(part, Text):
                heard.said(part.text)
            elif isinstance(part, Refusal):
                heard.refused(part.text)
            elif isinstance(part, ToolCall):
                heard.called()
            elif isinstance(part, Media | Foreign):
                heard.more = True
    return heard
