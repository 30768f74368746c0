"""The root of every keyed hash: from the environment, or from a file made at first start."""

import asyncio
import hmac
import secrets
from pathlib import Path

import structlog

from baton.core.errors import Invalid, Unavailable
from baton.storage import private_file

logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)

ROOT_FILE = "secret.key"
_SHORTEST = 16  # characters; what is shorter can be guessed by trying
_FILE_BYTES = 32  # of randomness, in 43 characters


class SecretRoot:
    """One secret from which each purpose gets a key of its own, so that none betrays another."""

    def __init__(self, text: str) -> None:
        """Text as it stands in the environment or the file; blanks around it don't count.

        Raises:
            Invalid: it is too short to be a secret.
        """
        stripped = text.strip()
        if len(stripped) < _SHORTEST:
            raise Invalid(
                f"BATON_SECRET_KEY must have at least {_SHORTEST} characters; make one with"
                " `openssl rand -base64 32`, or leave it unset to have one made.",
                code="invalid_setting",
                param="BATON_SECRET_KEY",
            )
        self._root = stripped.encode()

    def derive(self, purpose: str) -> bytes:
        """The 32-byte key for one purpose, always the same (HMAC-SHA256 of the purpose under the root)."""
        return hmac.digest(self._root, f"baton {purpose}".encode(), "sha256")


async def load_secret(data_dir: Path, given: str | None) -> SecretRoot:
    """The root given in the environment, or that of the data folder's file, made where it is missing.

    Raises:
        Invalid: what was given is too short.
        Unavailable: the file can be neither read nor made, or holds no secret; code `data_dir_unusable`.
    """
    path = data_dir / ROOT_FILE
    if given is not None:
        if await asyncio.to_thread(_differs, path, given):
            logger.warning(
                "secret_key_differs", file=str(path), effect="keys hashed under the file's are refused"
            )
        return SecretRoot(given)
    fresh = f"{secrets.token_urlsafe(_FILE_BYTES)}\n".encode()
    try:
        content = await asyncio.to_thread(private_file.make_once, path, fresh)
        return SecretRoot(content.decode())
    except OSError as error:
        raise _unusable(path, error.strerror or "unknown reason") from error
    except (Invalid, UnicodeDecodeError) as error:
        raise _unusable(path, "it holds no secret") from error


def _differs(path: Path, given: str) -> bool:
    return path.exists() and path.read_bytes().strip() != given.strip().encode()


def _unusable(path: Path, reason: str) -> Unavailable:
    return Unavailable(f"The file {path} cannot be used: {reason}.", code="data_dir_unusable")
