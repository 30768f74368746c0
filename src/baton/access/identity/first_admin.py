"""The first start: an admin and a key that its owner can find again."""

import asyncio
from pathlib import Path

from baton.access.identity.identities import Identities
from baton.core.errors import NotFound, Unavailable
from baton.storage import private_file

FIRST_KEY_FILE = "first-admin-key"


async def ensure_first_admin(identities: Identities, data_dir: Path) -> str | None:
    """Make the first admin where nobody is there; their key, to be printed once, or None.

    The key also lies in the data folder, readable by the folder's owner only.

    Raises:
        Unavailable: the database is away, or the file cannot be written (code `data_dir_unusable`).
    """
    path = data_dir / FIRST_KEY_FILE

    async def keep(key: str) -> None:
        try:
            await asyncio.to_thread(private_file.replace, path, f"{key}\n".encode())
        except OSError as error:
            raise Unavailable(
                f"The file {path} cannot be written: {error.strerror}.", code="data_dir_unusable"
            ) from error

    made = await identities.make_first_admin(keep)
    return None if made is None else made.secret


async def read_first_key(data_dir: Path) -> str:
    """The first admin's key as it lies in the data folder.

    Raises:
        NotFound: it is not there (no first start yet, or somebody took it away).
        Unavailable: it cannot be read.
    """
    path = data_dir / FIRST_KEY_FILE
    try:
        return (await asyncio.to_thread(path.read_text)).strip()
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}; it is made at the first start.") from error
    except OSError as error:
        raise Unavailable(
            f"The file {path} cannot be read: {error.strerror}.", code="data_dir_unusable"
        ) from error
