"""One stream that several read, each at its own pace."""

import asyncio
from collections.abc import AsyncGenerator

_AHEAD = 64
"""Pieces that may be read ahead of the quickest reader."""


class Tee:
    """Who writes never waits for the slowest reader, only for the quickest. Everything is kept to its end."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.ended = False
        self.error: BaseException | None = None
        self._read = 0
        self._change: asyncio.Future[None] | None = None

    async def write(self, piece: bytes) -> None:
        """Add a piece; waits while nobody keeps up."""
        self.pieces.append(piece)
        self._tell()
        while len(self.pieces) - self._read > _AHEAD:
            await self._changed()

    def end(self, error: BaseException | None = None) -> None:
        """Nothing comes any more."""
        self.ended = True
        self.error = error
        self._tell()

    async def read(self) -> AsyncGenerator[bytes]:
        """All pieces from the first one on.

        Raises:
            BaseException: whatever it ended with.
        """
        at = 0
        while True:
            while at < len(self.pieces):
                yield self.pieces[at]
                at += 1
                if at > self._read:
                    self._read = at
                    self._tell()
            if self.ended:
                break
            await self._changed()
        if self.error is not None:
            raise self.error

    def _tell(self) -> None:
        change, self._change = self._change, None
        if change is not None and not change.done():
            change.set_result(None)

    async def _changed(self) -> None:
        if self._change is None:
            self._change = asyncio.get_running_loop().create_future()
        await asyncio.shield(self._change)
