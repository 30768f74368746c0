"""Small files that only their owner may read, written whole and never open to others in between.

These calls block for a moment; the loop has them run in a thread.
"""

import os
import secrets
from pathlib import Path

_OWNER_ONLY = 0o600


def make_once(path: Path, content: bytes) -> bytes:
    """Make the file unless there is one; what it holds, whoever made it.

    Of several processes that come at once one makes it, and none ever reads half of it: the content is
    complete in a file of another name before it gets this one.

    Raises:
        OSError: the folder cannot be made or written.
    """
    if not path.exists():
        draft = _draft(path, content)
        try:
            os.link(draft, path)
        except FileExistsError:
            pass  # another process was quicker; its file is the one
        finally:
            draft.unlink()
    return path.read_bytes()


def replace(path: Path, content: bytes) -> None:
    """Make the file, or put this one in the old one's place.

    Raises:
        OSError: the folder cannot be made or written.
    """
    draft = _draft(path, content)
    try:
        draft.replace(path)
    except OSError:
        draft.unlink()
        raise


def _draft(path: Path, content: bytes) -> Path:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    return draft
