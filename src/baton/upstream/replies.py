"""What comes back from a provider, in the caller's dialect: whole, or as a stream."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any, Protocol

from msgspec import Struct

from baton.core.answer import AnswerWriter, ChatResponse
from baton.core.clock import Clock
from baton.core.errors import AttemptFailed, Invalid
from baton.core.failures import Failure, Kind
from baton.core.losses import Losses
from baton.core.usage import Usage
from baton.upstream.dialects.codec import Glance, NotAnAnswer
from baton.upstream.dialects.failures import presentable
from baton.upstream.dialects.handing import NewWriter, Progress
from baton.upstream.dialects.headroom import Headroom
from baton.upstream.dialects.listening import Heard, Listener, heard_in
from baton.upstream.dialects.registry import HEADERS
from baton.upstream.dialects.seam import Diverged, Seam
from baton.upstream.dialects.trail import Sent, Trail
from baton.upstream.dialects.wire import UNREADABLE
from baton.upstream.http import MAX_ANSWER_BYTES
from baton.upstream.transport import UpstreamResponse

_MOST_END_BYTES = 65_536
_END_S = 0.05
"""How long the end of a stream's framing may lag behind its end mark before the connection is given up."""

_STAY = frozenset({"connection", "content-length", "content-type", "date", "server", "transfer-encoding"})
"""Headers that nearly every answer has and no caller needs."""

_MOST_PASSED_BACK = 24
_LONGEST_NAME = 64
_NAME = re.compile(r"[a-z0-9_-]+")
"""Of a header that may be repeated: nothing that could end its line."""


class Reply(Struct, frozen=True):
    """A whole answer in the caller's dialect, and what was seen of it at a glance."""

    body: bytes
    seen: Glance
    headers: Mapping[str, str]
    losses: Losses
    response: ChatResponse | None = None
    """Taken apart, where it had to be."""
    take_apart: Callable[[], ChatResponse] | None = None
    """Does so, where it had not. Raises NotAnAnswer, or Invalid."""
    content_type: str = "application/json"
    headroom: Headroom | None = None
    """What its provider says is left of its limits; None: it says nothing."""

    def heard(self) -> Heard:
        """What it said; nothing where it cannot be understood."""
        try:
            response = self.response or (self.take_apart and self.take_apart())
        except (NotAnAnswer, Invalid, *UNREADABLE):
            response = None
        return Heard() if response is None else heard_in(response)


class Counted(Struct, frozen=True):
    """The tokens of a prompt."""

    tokens: int
    losses: Losses
    """What of the prompt its counter was not told, or otherwise."""
    estimated: bool = False
    """Whether nobody counted."""


class Handed(Protocol):
    """Hands one stream on: `handing.Handing`, or `handing.Retelling` of a whole answer."""

    seen: Progress

    def feed(self, chunk: bytes) -> bytes:
        """What of a chunk may be sent on."""
        ...

    def close(self) -> bytes:
        """What the end of the connection left."""
        ...

    def finale(self, usage: Usage, baton: dict[str, Any] | None) -> bytes:
        """The end of a whole answer."""
        ...

    def go_on(self, fresh: NewWriter, losses: Losses) -> AnswerWriter:
        """A writer for what comes behind that which was handed on."""
        ...


class Remembered(Struct):
    """What of a stream may be gone on with."""

    trail: Trail
    id: str = ""
    """The answer's in the caller's stream; empty: its provider's own."""
    seam: Seam | None = None
    """Of a stream that goes on with another."""


class Quiet:
    """How long a stream has brought nothing but pings."""

    __slots__ = ("_clock", "_limit_s", "_since_s")

    def __init__(self, clock: Clock, limit_s: float | None) -> None:
        self._clock = clock
        self._limit_s = limit_s
        self._since_s: float | None = None

    def broken(self) -> None:
        """Something was said."""
        self._since_s = None

    def too_long(self) -> bool:
        """Another ping came; whether these have gone on for longer than the limit."""
        now_s = self._clock.monotonic()
        if self._since_s is None:
            self._since_s = now_s
        return self._limit_s is not None and now_s - self._since_s > self._limit_s


class ReplyStream:
    """An answer as it comes, in the caller's dialect.

    `pieces` ends when the provider's answer does; whether it is whole then says `seen.complete`, and
    `seen.failure` why not. Whoever got the stream closes it.
    """

    def __init__(
        self,
        response: UpstreamResponse,
        handing: Handed,
        losses: Losses,
        quiet: Quiet,
        key: str,
        listener: Listener | None,
        remembered: Remembered | None = None,
        headroom: Headroom | None = None,
    ) -> None:
        """`key`: what it was asked with, so that no failure repeats it. `remembered`: where another provider
        may have to go on with it."""
        self._response = response
        self._quiet = quiet
        self._key = key
        self.handing = handing
        self.seen = handing.seen
        self.losses = losses
        self.headers = passed_back(response.headers)
        self.headroom = headroom
        self._listener = listener
        self._remembered = remembered

    @property
    def sent(self) -> Sent:
        """What of the answer its caller has been sent, by this stream and those that it goes on with."""
        kept, seen = self._remembered, self.seen
        if kept is None:
            return Sent(text="", resumable=False, id=seen.id, model=seen.model)
        resumable = kept.trail.resumable and not self.diverged
        return Sent(text=kept.trail.said, resumable=resumable, id=kept.id or seen.id, model=seen.model)

    @property
    def diverged(self) -> bool:
        """Whether it should have gone on with another, and is an answer of its own: nothing of it was passed
        on. It may be whole nevertheless, and have its usage."""
        return self._seam is not None and self._seam.diverged

    @property
    def resumes(self) -> bool:
        """Whether it goes on with another: then `heard` is the rest of an answer, and `sent` all of it."""
        return self._seam is not None

    @property
    def _seam(self) -> Seam | None:
        return None if self._remembered is None else self._remembered.seam

    def go_on(self, fresh: NewWriter) -> AnswerWriter:
        """A writer for what another provider says behind it. `fresh`: makes one of the caller's dialect."""
        return self.handing.go_on(fresh, self.losses) if self._seam is None else self._seam.writer

    @property
    def heard(self) -> Heard | None:
        """What was said, where somebody wanted to hear it."""
        return None if self._listener is None else self._listener.heard

    async def pieces(self) -> AsyncGenerator[bytes]:
        """Bytes that may be sent on at once, events whole; failures end it without raising.

        An answer whose every choice has finished is whole however its connection ends. It is read to its end
        all the same: usage comes behind the finish.
        """
        handing, seen, seam = self.handing, self.seen, self._seam
        chars = seen.chars
        try:
            async for chunk in self._response.chunks(MAX_ANSWER_BYTES):
                if self._listener is not None:
                    self._listener.feed(chunk)
                piece = handing.feed(chunk)
                if piece:
                    self._quiet.broken()
                    yield piece
                elif seen.chars != chars:  # heard, and held back
                    chars = seen.chars
                    self._quiet.broken()
                elif self._quiet.too_long():
                    message = "The provider kept the connection open but said nothing."
                    seen.broke(Failure(kind=Kind.TIMEOUT, message=message, billed=True))
                    break
                if seen.ended or seen.failure is not None:
                    break
        except AttemptFailed as error:
            seen.broke(error.failure)
        except Diverged:
            return
        piece = handing.close()
        if seam is not None and seen.complete:
            piece += seam.close()
        if seen.failure is not None:
            seen.failure = presentable(seen.failure, self._key)
        if piece:
            yield piece

    async def close(self) -> None:
        """Let go of the connection; closes the socket where the answer had not ended."""
        if self.seen.ended:
            await self._read_end()
        await self._response.close()

    async def _read_end(self) -> None:
        """The few bytes behind the end mark come in a packet of their own, and a connection can only be used
        again once they have been read."""
        with suppress(TimeoutError, AttemptFailed):
            async with asyncio.timeout(_END_S):
                async for _ in self._response.chunks(_MOST_END_BYTES):
                    return  # that is no end


def passed_back(headers: Mapping[str, str]) -> dict[str, str]:
    """The answer's headers that go on to the caller: ids for support, and limits under `x-upstream-`."""
    passed = [
        name for name in headers if name not in _STAY and len(name) <= _LONGEST_NAME and _goes_back(name)
    ]
    return {f"x-upstream-{name.lower()}": headers[name] for name in passed[:_MOST_PASSED_BACK]}


@lru_cache(maxsize=1024)
def _goes_back(name: str) -> bool:
    """Whether a header's value is of use to a caller."""
    lower = name.lower()
    return (lower in HEADERS.told or "ratelimit" in lower) and _NAME.fullmatch(lower) is not None
