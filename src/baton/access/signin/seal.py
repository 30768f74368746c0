"""Small secrets in the database, which nobody can read or move who has the database alone."""

import secrets
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from baton.core.errors import Unavailable

_VERSION = b"\x01"
_NONCE_BYTES = 12  # as NIST SP 800-38D has it for random ones


class Seal:
    """AES-256-GCM under one key; each sealed text belongs to an owner and opens for nobody else."""

    def __init__(self, key: bytes, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> None:
        """`key`: 32 bytes, of this one purpose."""
        self._cipher = AESGCM(key)
        self._random_bytes = random_bytes

    def close(self, plain: bytes, owner: str) -> bytes:
        """The text sealed: version, nonce, cipher text with its tag."""
        nonce = self._random_bytes(_NONCE_BYTES)
        return _VERSION + nonce + self._cipher.encrypt(nonce, plain, _bound(owner))

    def open(self, sealed: bytes, owner: str) -> bytes:
        """The text again.

        Raises:
            Unavailable: it was sealed under another secret, for another owner, or changed since; code
                `unreadable_secret`.
        """
        version, rest = sealed[:1], sealed[1:]
        try:
            if version != _VERSION:
                raise InvalidTag
            return self._cipher.decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], _bound(owner))
        except InvalidTag as error:
            raise Unavailable(
                "What was sealed cannot be read: BATON_SECRET_KEY, or the file secret.key, is another one.",
                code="unreadable_secret",
            ) from error


def _bound(owner: str) -> bytes:
    return _VERSION + owner.encode()
