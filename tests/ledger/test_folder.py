"""Whose folder it is."""

import fcntl
import os
from pathlib import Path

import pytest

from baton.ledger.folder import Folder


def test_a_folder_in_the_making_is_not_abandoned(root: Path) -> None:
    """Between a folder's making and its locking nobody else takes it."""
    (root / ".new-one").mkdir(parents=True)
    (root / ".new-one" / "lock").touch()
    assert Folder.claim_abandoned(root) == []


def test_a_name_is_used_once(root: Path) -> None:
    """A folder that exists is never taken over by a name."""
    folder = Folder.create(root, "one")
    (folder.path / "00000001.segment").touch()
    with pytest.raises(OSError, match=r"exist|empty"):
        Folder.create(root, "one")
    folder.release()


def test_a_folder_that_was_emptied_meanwhile_is_left_out(root: Path) -> None:
    """Who waited for a lock while its folder was recovered and removed gets nothing."""
    folder = Folder.create(root, "one")
    waiting = os.open(folder.path / "lock", os.O_RDWR)
    folder.remove()
    fcntl.flock(waiting, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(waiting)
    assert Folder.claim_abandoned(root) == []


def test_other_things_in_the_root_are_left_alone(root: Path) -> None:
    """A file, or a folder without a lock, is nobody's journal."""
    (root / "lost+found").mkdir(parents=True)
    (root / "note").touch()
    assert Folder.claim_abandoned(root) == []


def test_folders_are_claimed_in_the_order_of_their_names(root: Path) -> None:
    """Ids sort by time, so the oldest journal comes first."""
    for name in ("b", "a", "c"):
        Folder.create(root, name).release()
    claimed = Folder.claim_abandoned(root)
    assert [folder.path.name for folder in claimed] == ["a", "b", "c"]
    for folder in claimed:
        folder.release()
