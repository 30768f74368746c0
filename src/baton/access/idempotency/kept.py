"""An answer as it is kept, and the words for what was asked."""

import asyncio
import hashlib
from collections.abc import Sequence

import msgspec
from msgspec import Struct

from baton.access.signin.seal import Seal

_IN_A_THREAD_BYTES = 1 << 18
"""Above it hashing and sealing would hold the loop for longer than a request takes (about 0.3 ms)."""

_encode = msgspec.msgpack.Encoder().encode


class Kept(Struct, frozen=True, array_like=True):
    """A whole answer, or a stream that came to its end."""

    status: int
    head: bytes
    """Header lines, each with its line end."""
    body: bytes
    stream: bool = False


class Asked(Struct, frozen=True):
    """What is to be done once."""

    id: str
    """Of the claim: the user and their key, hashed."""
    user_id: str
    digest: bytes
    """Of what was asked."""
    request_id: str
    """Of this request."""


class Names:
    """Makes the names under which claims are found; who has the database alone learns nothing from them."""

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes, of this one purpose."""
        self._key = key

    async def of(self, user_id: str, key: str, asked: Sequence[bytes], request_id: str) -> Asked:
        """What somebody asks under a key of theirs. `asked`: all that makes it the same request again."""
        if sum(map(len, asked)) > _IN_A_THREAD_BYTES:
            digest = await asyncio.to_thread(self._hash, b"asked", asked)
        else:
            digest = self._hash(b"asked", asked)
        named = self._hash(b"key", (user_id.encode(), key.encode()))
        return Asked(named.hex(), user_id, digest, request_id)

    def _hash(self, purpose: bytes, parts: Sequence[bytes]) -> bytes:
        """Of the parts in their order; each is preceded by its length, so that no border can be moved."""
        digest = hashlib.blake2b(key=self._key, person=purpose, digest_size=32)
        for part in parts:
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
        return digest.digest()


async def sealed(seal: Seal, kept: Kept, owner: str) -> bytes:
    """An answer that nobody can read who has the database alone."""
    if len(kept.body) > _IN_A_THREAD_BYTES:
        return await asyncio.to_thread(lambda: seal.close(_encode(kept), owner))
    return seal.close(_encode(kept), owner)


async def unsealed(seal: Seal, closed: bytes, owner: str) -> Kept:
    """The answer again.

    Raises:
        Unavailable: it was sealed under another secret; code `unreadable_secret`.
    """
    if len(closed) > _IN_A_THREAD_BYTES:
        return await asyncio.to_thread(lambda: _decoder.decode(seal.open(closed, owner)))
    return _decoder.decode(seal.open(closed, owner))


_decoder = msgspec.msgpack.Decoder(Kept)
