"""Run by test_journal: keeps a journal as a user to whom a folder can be read-only."""

import asyncio
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from baton.core.errors import Unavailable
from baton.core.ids import UuidV7
from baton.ledger.journal import Journal
from baton.ledger.segment import Segment
from baton.ledger.settings import LedgerSettings
from tests.ledger.conftest import eventually, files
from tests.ledger.samples import an_opened
from tests.ledger.test_journal import fill_up

_NOBODY = 65534


async def keep(root: Path) -> None:
    await asyncio.to_thread(drop_rights, root)  # in a thread: what that imports may be root's own
    limits = LedgerSettings(segment_bytes=64 << 10, journal_bytes=4 << 20, sync_every_s=0.01)
    new_id = UuidV7()
    os.chmod(root, 0o500)
    with pytest.raises(Unavailable) as refused:
        await Journal(root, "refused", limits).__aenter__()
    assert refused.value.code == "journal_unusable"
    os.chmod(root, 0o700)
    async with Journal(root, "one", limits) as journal:
        journal.opened(an_opened(new_id()))
        await eventually(lambda: len(files(root, "one/*.segment")) == 2)
        os.chmod(root / "one", 0o500)
        held: list[Segment] = []
        with pytest.raises(Unavailable) as refused:
            fill_up(journal, new_id, held)
        assert refused.value.code == "ledger_full"
        assert len(held) > 100
        assert journal.trouble is not None
        os.chmod(root / "one", 0o700)
        await eventually(lambda: journal.trouble is None)
        journal.opened(an_opened(new_id()))


def drop_rights(root: Path) -> None:
    if os.getuid() == 0:
        os.chown(root, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, 0)  # the saved id comes back for the tidying


def main() -> None:
    root = Path(tempfile.mkdtemp(prefix="baton-"))
    try:
        asyncio.run(keep(root))
    finally:
        os.setuid(os.getresuid()[2])
        shutil.rmtree(root)
    print("kept its promises")


if __name__ == "__main__":
    main()
