"""The journals of all processes, copied while they are written, and laid where the next start finds them."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from baton.ledger.folder import LOCK, UNBORN
from baton.ledger.framing import MAGIC, payloads
from baton.ledger.segment import SUFFIX

_NAME = re.compile(rf"[0-9A-Za-z-]{{1,64}}/[0-9]{{8}}{re.escape(SUFFIX)}")


def copied(root: Path) -> Iterator[tuple[str, bytes]]:
    """Every journal's files as `folder/file`, each as far as it is filled. Blocks.

    Whoever copies the database afterwards has every interaction that had ended when this began, in either or
    in both: what is moved on meanwhile is in the database, and only then is its file taken away.

    Raises:
        OSError: a file cannot be read.
    """
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        if folder.name.startswith(UNBORN) or not folder.is_dir():
            continue
        for path in sorted(folder.glob(f"*{SUFFIX}")):
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue
            if len(filled := _filled(data)) > len(MAGIC):
                yield f"{folder.name}/{path.name}", filled


def lay(root: Path, name: str, data: bytes) -> bool:
    """Put a copied file in a folder that seems a dead process's; whether it is a journal's. Blocks.

    Raises:
        OSError: it cannot be written.
    """
    if _NAME.fullmatch(name) is None:
        return False
    path = root / name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each, content in ((path, data), (path.with_name(LOCK), b"")):
        with os.fdopen(os.open(each, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    return True


def _filled(data: bytes) -> bytes:
    """What is written of a file that was allocated whole."""
    if not data.startswith(MAGIC):
        return data.rstrip(b"\0")  # a newer format, or nothing yet
    end = len(MAGIC)
    for end, _ in payloads(data, len(MAGIC)):  # noqa: B007  the last one is what counts
        pass
    return data[:end]
