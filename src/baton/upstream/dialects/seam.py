"""Another provider's answer, written into the stream of one that broke off: only what is new of it."""

from typing import Any

from msgspec import structs

from baton.core.answer import (
    AnswerWriter,
    Began,
    Cited,
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
)
from baton.core.usage import Usage
from baton.upstream.dialects.handing import Handing, Translation
from baton.upstream.dialects.joining import Continuation, Join, Resumption, Splice
from baton.upstream.dialects.trail import Trail


class Diverged(Exception):
    """The answer is another one than the caller has begun to read: nobody needs to hear more of it."""


class Seam:
    """Writes what is new of an answer, with the writer of the answer that it goes on with."""

    def __init__(self, writer: AnswerWriter, sent: str, how: Resumption, model: str) -> None:
        """`sent`: the text so far; `model`: who speaks, where the answer does not tell."""
        self.writer = writer
        self.trail = Trail(sent)
        self._sent = sent
        self._join: Join = Continuation(sent) if how is Resumption.CONTINUE else Splice(sent)
        self._model = model
        self._spoke = self._strayed = self._finished = False

    @property
    def diverged(self) -> bool:
        """Whether it is another answer; then nothing of it was written."""
        return self._strayed or self._join.diverged

    def write(self, event: StreamEvent) -> bytes:
        """The bytes of what is new in one event."""
        if self.diverged:
            return b""
        if getattr(event, "choice", 0):
            return self._stray()
        match event:
            case TextDelta():
                new = self._join.hear(event.text)
                return self._pass(TextDelta(new)) if new else b""
            case Began():
                self._model = event.model or self._model
                return b""
            case ReasoningDelta() | ReasoningSigned() | TextSigned():
                return b"" if self._sent else self._pass(event)
            case Cited():
                return self._cite(event)
            case ForeignDelta():
                beside = bool(self._sent) and "logprobs" in event.fields
                return self._pass(event) if self._join.joined and not beside else b""
            case RefusalDelta() if self._sent:
                return self._stray()
            case Finished():
                return self._behind(event)
            case ToolCallBegan() | MediaShown() | RefusalDelta():
                return self._behind(event)
            case _:
                return self._pass(event)

    def finale(self, usage: Usage, baton: dict[str, Any] | None) -> bytes:
        """The end of the whole answer."""
        return self.writer.finale(usage, baton)

    def close(self) -> bytes:
        """What was held back, where an answer was whole without saying why it ended."""
        return b"" if self._finished or self.diverged else self._rest()

    def _behind(self, event: StreamEvent) -> bytes:
        """What comes when a text is over."""
        rest = self._rest()
        if self.diverged:
            return b""
        self._finished = self._finished or isinstance(event, Finished)
        return rest + self._pass(event)

    def _rest(self) -> bytes:
        text = self._join.end()
        return self._pass(TextDelta(text)) if text else b""

    def _cite(self, event: Cited) -> bytes:
        """Of what is new only: the rest was sent without."""
        cited = event.citation.moved(self._join.ahead)
        if not self._join.joined or (cited.end is not None and cited.end <= len(self._sent)):
            return b""
        return self._pass(structs.replace(event, citation=cited))

    def _pass(self, event: StreamEvent) -> bytes:
        before = b"" if self._spoke else self.writer.write(TakenOver(self._model))
        self._spoke = True
        data = self.writer.write(event)
        self.trail.follow(event, bool(data))
        return before + data

    def _stray(self) -> bytes:
        self._strayed = True
        return b""


class ResumedHanding(Handing):
    """Hands on what is new of a stream."""

    __slots__ = ("_seam",)

    def __init__(self, translation: Translation, seam: Seam) -> None:
        super().__init__(translation)
        self._seam = seam

    def feed(self, chunk: bytes) -> bytes:
        """What of a chunk is new.

        Raises:
            Diverged: it departs from what was sent. A finished one is read to its end: usage comes behind.
        """
        passed = super().feed(chunk)
        if self._seam.diverged and not self.seen.finished:
            raise Diverged
        return passed
