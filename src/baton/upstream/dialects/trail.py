"""What the caller of a stream has been sent, kept where another provider may have to go on from there."""

from msgspec import Struct

from baton.core.answer import (
    Began,
    Finished,
    ForeignDelta,
    ReasoningDelta,
    ReasoningSigned,
    StreamEvent,
    TextDelta,
    TextSigned,
    ToolCallBegan,
)

_PIECES = 64
_MOST_CHARS = 8_000_000
"""Longer than any answer: a stream without end must not fill the memory."""

_PLAIN = (Began, ReasoningDelta, ReasoningSigned, TextSigned, Finished)


class Sent(Struct, frozen=True, kw_only=True):
    """What of an answer its caller has been sent."""

    text: str
    """All of it, of the one choice."""
    resumable: bool
    """Whether another provider can go on: only text and thoughts of one choice were sent (decision 9)."""
    id: str
    """The answer's id in the caller's stream; it stays."""
    model: str
    """Who spoke last."""


class Trail:
    """Notes what is handed on. Whoever hands on notes an event when its bytes leave, and nothing before."""

    __slots__ = ("_folded", "_pieces", "_size", "_waits", "resumable")

    def __init__(self, text: str = "") -> None:
        """`text`: what was sent before."""
        self.resumable = True
        self._folded: list[str] = [text] if text else []
        self._pieces: list[str] = []
        self._size = len(text)
        self._waits = False
        """Whether the writer has a call of a tool that it has not written yet."""

    def text(self, text: str) -> None:
        """More text was sent."""
        self._pieces.append(text)
        if len(self._pieces) >= _PIECES:
            self._fold()

    def strange(self) -> None:
        """Something was sent that no other provider can go on with."""
        self.resumable = False
        self._folded.clear()
        self._pieces.clear()

    def follow(self, event: StreamEvent, wrote: bool) -> None:
        """A writer has been told of an event; `wrote`: whether that made bytes, which were sent."""
        if not wrote:
            self._waits = self._waits or isinstance(event, ToolCallBegan)
        elif self._waits or getattr(event, "choice", 0):
            self.strange()
        elif isinstance(event, TextDelta):
            self.text(event.text)
        elif not isinstance(event, _PLAIN) and not _is_beside(event):
            self.strange()

    @property
    def said(self) -> str:
        """All text so far; of no meaning where it is not resumable."""
        self._fold()
        return "".join(self._folded)

    @property
    def size(self) -> int:
        """Characters of it."""
        return self._size + sum(map(len, self._pieces))

    def _fold(self) -> None:
        """As few objects as text of its kind can be."""
        text = "".join(self._pieces)
        self._pieces.clear()
        self._size += len(text)
        if self._size > _MOST_CHARS:
            self.strange()
        elif self.resumable and text:
            self._folded.append(text)


def _is_beside(event: StreamEvent) -> bool:
    """Log probabilities stand beside the text."""
    return isinstance(event, ForeignDelta) and "logprobs" in event.fields
