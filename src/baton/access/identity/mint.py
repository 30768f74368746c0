"""Making API keys, and the keyed hash under which they are known."""

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable

from baton.access.identity.secret import SecretRoot

PREFIX = "bk-"
_RANDOM_BYTES = 32  # 43 characters of base64
_DIGEST_BYTES = 32


class KeyMint:
    """Makes keys and knows their digests; a stolen database without the root tells nothing about a key."""

    def __init__(self, root: SecretRoot, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._keyed = hashlib.blake2b(key=root.derive("api-keys v1"), digest_size=_DIGEST_BYTES)
        self._random_bytes = random_bytes

    def make(self) -> str:
        """A new key: `bk-` and 43 url-safe random characters."""
        return PREFIX + urlsafe_b64encode(self._random_bytes(_RANDOM_BYTES)).decode().rstrip("=")

    def digest(self, key: str) -> bytes:
        """The 32 bytes under which a key is stored and found: keyed BLAKE2b (RFC 7693)."""
        fresh = self._keyed.copy()
        fresh.update(key.encode("utf-8", "surrogatepass"))  # any text may be presented
        return fresh.digest()

    def hint(self, key: str) -> str:
        """What may be shown of a key."""
        return f"{key[:8]}…{key[-4:]}"
