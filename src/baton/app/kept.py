"""What of the data folder belongs into a backup, and how a backup and a data folder know each other."""

from pathlib import Path

from baton.access.identity.first_admin import FIRST_KEY_FILE
from baton.access.identity.secret import ROOT_FILE, SecretRoot
from baton.core.errors import Unavailable
from baton.records.audit.witness import WITNESS_FILE

SECRET_FILES = (ROOT_FILE, FIRST_KEY_FILE)
"""With these, who has a backup is as good as an admin."""

PLAIN_FILES = (WITNESS_FILE,)

FILES = "files"
"""The folder of these in a backup."""

JOURNAL = "journal"
"""The folder of all processes' journals, there and in the data folder."""

UNFINISHED_FILE = "restore.unfinished"
"""There while a restore is under way, and after one that was cut off: nothing may start on half of it."""


def refuse_unfinished(data_dir: Path) -> None:
    """Hold up whoever wants to work on the folder while it is being restored.

    Raises:
        Unavailable: it is, or it was begun and cut off; code `restore_unfinished`.
    """
    if (data_dir / UNFINISHED_FILE).exists():
        raise Unavailable(
            f"A restore into {data_dir} is under way, or was cut off: `baton restore` with the same file ends"
            " it.",
            code="restore_unfinished",
        )


def check_of(root: SecretRoot) -> str:
    """Tells a root from another, and nothing else of it."""
    return root.derive("backup check v1").hex()[:16]


def read_file(path: Path) -> bytes | None:
    """A file's content; None: it is not there. Blocks."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
