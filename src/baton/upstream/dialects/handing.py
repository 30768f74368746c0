"""Handing a stream on: cut into events, noted for the ledger, and put into the caller's dialect.

Two hands do the work. In the provider's own dialect the bytes go through a relay of that dialect; into
another one through `Translation`: read as the core's events, written by the caller's writer.
"""

from collections.abc import Callable
from typing import Any, Protocol

from msgspec import structs

from baton.core.answer import (
    AnswerWriter,
    Began,
    Broke,
    Cited,
    Ended,
    Finished,
    ForeignDelta,
    MediaShown,
    ReasoningDelta,
    ReasoningSigned,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallBegan,
    ToolCallDelta,
    Unread,
    Used,
)
from baton.core.chars import Tally
from baton.core.failures import Failure, Kind
from baton.core.losses import Losses
from baton.core.usage import Usage
from baton.upstream.dialects.callids import UniqueIds
from baton.upstream.dialects.sse import EventTooLong, SseEvent, SseReader
from baton.upstream.dialects.trail import Trail
from baton.upstream.dialects.unsaid import note_unread
from baton.upstream.dialects.wire import UNREADABLE

NewWriter = Callable[[Losses], AnswerWriter]
"""Makes a writer of the caller's dialect."""


class Progress:
    """What is known of a stream so far."""

    __slots__ = (
        "_usage",
        "closed",
        "counted",
        "ended",
        "failure",
        "finish",
        "id",
        "model",
        "open",
        "reported",
        "said",
        "text",
    )

    def __init__(self) -> None:
        self.said = False
        """Whether any content was seen."""
        self.ended = False
        """Whether the provider's own end mark was seen."""
        self.failure: Failure | None = None
        self.finish: str | None = None
        """The last reason for an end, in the provider's own word."""
        self.open: set[int] = set()
        """Choices that have begun and not finished."""
        self.closed: set[int] = set()
        """Choices that have finished."""
        self._usage: Usage | None = None
        self.reported: Callable[[], Usage | None] | None = None
        """Reads the last report of usage, where one comes with every chunk: only the last one counts."""
        self.id = ""
        self.model = ""
        self.text = Tally()
        """Text, reasoning and calls of tools: the ground of an estimate."""
        self.counted = 0
        """How many of its characters the last report of usage has counted."""

    @property
    def usage(self) -> Usage | None:
        """What the provider has reported so far."""
        return self._usage if self.reported is None else self.reported()

    @usage.setter
    def usage(self, usage: Usage | None) -> None:
        self._usage = usage
        self.counted = self.chars

    @property
    def chars(self) -> int:
        """How many characters were said."""
        return self.text.size

    @property
    def complete(self) -> bool:
        """Whether the answer is whole: ended by its own mark, or every choice finished."""
        return self.failure is None and (self.ended or self.finished)

    @property
    def finished(self) -> bool:
        """Whether every choice has finished: an error that comes later takes nothing back."""
        return self.finish is not None and not self.open

    def close(self, choice: int, word: str) -> None:
        """A choice finished, for this reason."""
        self.finish = word
        self.open.discard(choice)
        self.closed.add(choice)

    def broke(self, failure: Failure) -> None:
        """The stream went wrong; behind an answer whose every choice has finished that is nobody's loss."""
        if self.failure is None and not self.finished:
            self.failure = failure


class Hand(Protocol):
    """Turns one stream's events into the caller's bytes."""

    def take(self, event: SseEvent, seen: Progress) -> bytes:
        """Note what an event says; what of it may be sent on at once, events whole."""
        ...

    def finale(self, usage: Usage, baton: dict[str, Any] | None, seen: Progress) -> bytes:
        """The end of a whole answer. `usage` is what the ledger has; `baton` is for callers who want it."""
        ...

    def go_on(self, fresh: NewWriter, losses: Losses, seen: Progress) -> AnswerWriter:
        """A writer that stands where this hand has come to. `fresh`: makes one that has written nothing."""
        ...


class EventReader(Protocol):
    """Reads one dialect's events."""

    def read(self, event: SseEvent) -> list[StreamEvent]:
        """What one event says; a malformed one is a `Broke`."""
        ...


class Handing:
    """Hands one stream on. `feed` returns bytes that may be sent on at once; the end is held back: `finale`
    gives it when the ledger knows the cost."""

    __slots__ = ("_hand", "_reader", "seen")

    def __init__(self, hand: Hand) -> None:
        self._hand = hand
        self._reader = SseReader()
        self.seen = Progress()

    def feed(self, chunk: bytes) -> bytes:
        """What of a chunk may be sent on; notes a failure where the stream broke inside it."""
        try:
            events = self._reader.feed(chunk)
        except EventTooLong as error:
            message = f"The provider's stream holds {error}."
            self.seen.broke(Failure(kind=Kind.MALFORMED, message=message, billed=True))
            self.seen.ended = self.seen.finished  # where the next event begins nobody knows
            return b""
        return self._pass(events)

    def close(self) -> bytes:
        """What the end of the connection left; notes a failure where the answer is not whole."""
        seen = self.seen
        if seen.failure is not None or seen.ended:
            return b""
        passed = self._pass(self._reader.rest())
        if seen.failure is None and not seen.complete:
            message = "The provider's stream ended before the answer was finished."
            seen.failure = Failure(kind=Kind.CONNECT, message=message, billed=True)
        return passed

    def finale(self, usage: Usage, baton: dict[str, Any] | None) -> bytes:
        """The end of a whole answer."""
        return self._hand.finale(usage, baton, self.seen)

    def go_on(self, fresh: NewWriter, losses: Losses) -> AnswerWriter:
        """A writer for what comes behind that which was handed on."""
        return self._hand.go_on(fresh, losses, self.seen)

    def _pass(self, events: list[SseEvent]) -> bytes:
        seen, take = self.seen, self._hand.take
        passed: list[bytes] = []
        try:
            if len(events) == 1 and seen.failure is None and not seen.ended:
                return take(events[0], seen)
            for event in events:
                if seen.failure is not None or seen.ended:
                    break
                data = take(event, seen)
                if data:
                    passed.append(data)
        except UNREADABLE:  # what is skipped at a first reading may be no JSON at a second
            if not seen.finished:
                seen.failure = _unreadable()
        return b"".join(passed)


class Translation:
    """Hands one stream on through the core's events."""

    __slots__ = ("_ids", "_losses", "_now_s", "_reader", "_trail", "_writer")

    def __init__(
        self,
        reader: EventReader,
        writer: AnswerWriter,
        now_s: int = 0,
        losses: Losses | None = None,
        trail: Trail | None = None,
    ) -> None:
        """`now_s`: the Unix time at which the answer began, for a dialect that does not tell. `losses`: where
        fields are noted that the core has no word for. `trail`: where what is sent is remembered."""
        self._losses = Losses() if losses is None else losses
        self._reader = reader
        self._writer = writer
        self._now_s = now_s
        self._trail = trail
        self._ids = UniqueIds()

    def take(self, event: SseEvent, seen: Progress) -> bytes:
        """What one event says, in the caller's dialect."""
        told = self._reader.read(event)
        if len(told) == 1 and type(told[0]) is TextDelta:  # as most do
            note(told[0], seen)
            data = self._writer.write(told[0])
            if self._trail is not None:
                self._trail.follow(told[0], bool(data))
            return data
        passed: list[bytes] = []
        written: list[StreamEvent] = []
        for said in told:
            if seen.failure is not None or seen.ended:
                break
            if type(said) is Unread:
                note_unread(said.paths, self._losses)
            elif note(said, seen):
                passed.append(self._writer.write(self._completed(said, seen)))
                written.append(said)
        if self._trail is not None:  # not before: what one of them makes unreadable is not sent
            for said, data in zip(written, passed, strict=True):
                self._trail.follow(said, bool(data))
        return b"".join(passed)

    def _completed(self, said: StreamEvent, seen: Progress) -> StreamEvent:
        """What other dialects' clients rely on: a time, and an id of each call's own."""
        if type(said) is ToolCallBegan:
            unique = self._ids.unique(said.id, seen.id)
            return said if unique == said.id else structs.replace(said, id=unique)
        if type(said) is Began and not said.created:
            return Began(said.id, said.model, self._now_s)
        return said

    def finale(self, usage: Usage, baton: dict[str, Any] | None, seen: Progress) -> bytes:
        """The writer's own."""
        del seen  # the writer has kept what it needs
        return self._writer.finale(usage, baton)

    def go_on(self, fresh: NewWriter, losses: Losses, seen: Progress) -> AnswerWriter:
        """Its own writer."""
        del fresh, losses, seen
        return self._writer


class Retelling:
    """A whole answer handed on to a caller who asked for a stream: all of its events at once."""

    __slots__ = ("_passed", "_writer", "seen")

    def __init__(self, events: list[StreamEvent], writer: AnswerWriter) -> None:
        self._writer = writer
        self.seen = Progress()
        self._passed = b"".join([writer.write(event) for event in events if note(event, self.seen)])

    def feed(self, chunk: bytes) -> bytes:
        """Nothing: the body was read before."""
        del chunk
        return b""

    def close(self) -> bytes:
        """All of it."""
        return self._passed

    def finale(self, usage: Usage, baton: dict[str, Any] | None) -> bytes:
        """The end of a whole answer."""
        return self._writer.finale(usage, baton)

    def go_on(self, fresh: NewWriter, losses: Losses) -> AnswerWriter:
        """Its own writer."""
        del fresh, losses
        return self._writer


def _unreadable() -> Failure:
    message = "The provider sent an event with something in it that cannot be read."
    return Failure(kind=Kind.MALFORMED, message=message, billed=True)


def note(event: StreamEvent, seen: Progress) -> bool:
    """Note one event; whether it is the writer's business: usage, errors and ends are the ledger's."""
    match event:
        case TextDelta() | ReasoningDelta() | RefusalDelta():
            seen.said = True
            seen.text.hear(event.text)
            seen.open.add(event.choice)
        case ToolCallDelta():
            seen.text.hear(event.arguments)
        case ToolCallBegan() | ForeignDelta() | MediaShown():
            seen.said = True
            seen.open.add(event.choice)
        case ReasoningSigned() | Cited():  # they may come behind the end of what they stand on
            seen.said = True
        case Began():
            seen.id, seen.model = event.id, event.model
        case Finished():
            seen.close(event.choice, event.native or event.finish.value)
        case Used():
            seen.usage = event.usage
            return False
        case Broke():
            seen.broke(event.failure)
            return False
        case Ended():
            seen.ended = True
            return False
        case _:
            pass
    return True
