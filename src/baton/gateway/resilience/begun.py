"""A stream that has said its first words."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

from baton.core.failures import Failure
from baton.core.usage import Usage
from baton.gateway.resilience.attempts import Attempt
from baton.upstream.dialects.listening import Heard
from baton.upstream.replies import ReplyStream


class BegunStream:
    """`first` is to be sent, then what `rest` brings."""

    def __init__(
        self, attempt: Attempt, stream: ReplyStream, pieces: AsyncGenerator[bytes], first: bytes
    ) -> None:
        self.attempt = attempt
        self.stream = stream
        self.seen = stream.seen
        self.headers: Mapping[str, str] = stream.headers
        self.losses = stream.losses
        self.first = first
        self.rest = pieces

    @property
    def heard(self) -> Heard | None:
        """What was said, where somebody wanted to hear it."""
        return self.stream.heard

    def said(self) -> Heard:
        """What it said, with what others had said before it; nothing where nobody has listened."""
        if not self.stream.resumes:
            return self.heard or Heard()
        heard, sent = Heard(), self.stream.sent
        if sent.resumable:
            heard.said(sent.text)
        return heard

    def finale(self, usage: Usage, baton: dict[str, Any] | None) -> bytes:
        """The end of a whole answer."""
        return self.stream.handing.finale(usage, baton)

    def ended(self, failure: Failure | None) -> None:
        """Its provider has said its last word: well, or not."""
        if failure is None:
            self.attempt.lesson.well(self.stream.headroom)
        else:
            self.attempt.lesson.failed(failure)

    async def drain(self, most_bytes: int) -> None:
        """Read on to its end, or for so many bytes; nobody hears it."""
        await self.rest.aclose()
        left = most_bytes
        self.rest = self.stream.pieces()
        async for piece in self.rest:
            left -= len(piece)
            if left < 0:
                break

    async def close(self) -> None:
        """Let go of it; where it had not ended nothing is learnt from it."""
        self.attempt.lesson.nothing()
        await self.release()

    async def release(self) -> None:
        """Let go of its connection; closes the socket where the answer had not ended."""
        await self.rest.aclose()
        await self.stream.close()
