"""Compressed answers, taken apart in steps of bounded size. None are asked for; some come all the same."""

import zlib
from collections.abc import AsyncGenerator, Awaitable, Callable

from baton.core.errors import AttemptFailed
from baton.core.failures import Failure, Kind

_STEP_BYTES = 1024 * 1024


async def inflated(
    next_piece: Callable[[], Awaitable[bytes]], encoding: str, limit: int
) -> AsyncGenerator[bytes]:
    """The plain bytes of a compressed body, `limit` at most; `next_piece` gives empty bytes at its end.

    Raises:
        AttemptFailed: MALFORMED: another encoding than gzip or deflate, damaged, or too long.
    """
    if encoding.lower() not in ("gzip", "x-gzip", "deflate"):
        raise _malformed(f"The provider compressed its answer as '{encoding[:40]}', which was not offered.")
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)  # finds out by itself which of the two it is
    left = limit
    while not inflater.eof and (pending := await next_piece()):  # what follows the end is nobody's
        while pending:
            try:
                piece = inflater.decompress(pending, _STEP_BYTES)
            except zlib.error:
                raise _malformed("The provider's answer is not compressed as it says.") from None
            pending = inflater.unconsumed_tail
            left -= len(piece)
            if left < 0:
                raise too_long(limit)
            if piece:
                yield piece


def too_long(limit: int) -> AttemptFailed:
    """The failure of an answer of more than `limit` bytes."""
    return _malformed(f"The provider's answer is longer than {limit} bytes.")


def _malformed(message: str) -> AttemptFailed:
    return AttemptFailed(Failure(kind=Kind.MALFORMED, message=message, billed=True))
