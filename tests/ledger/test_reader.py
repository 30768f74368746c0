"""A journal read back."""

import errno
import os
from pathlib import Path

import msgspec
import pytest

from baton.core.ids import UuidV7
from baton.ledger.ledger import open_ledger
from baton.ledger.segment import Segment
from baton.ledger.settings import LedgerSettings
from baton.storage.database import Database
from tests.databases import Place
from tests.ledger.conftest import eventually
from tests.ledger.test_ledger import record, stored


async def test_a_journal_that_cannot_be_read_back_is_tried_again(
    root: Path,
    database: Database,
    new_id: UuidV7,
    limits: LedgerSettings,
    place: Place,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A disk that fails while rows are read back stops nothing for good: it is said, and they come later."""
    small = msgspec.structs.replace(limits, queued_rows=5)
    ids = [new_id() for _ in range(50)]

    def failing(*_: object) -> bytes:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    async with open_ledger(root, database, new_id, small) as ledger:
        with place.away():
            record(ledger, ids)
        with monkeypatch.context() as patch:
            patch.setattr(Segment, "read", failing)
            await eventually(lambda: ledger.trouble is not None and "read back" in ledger.trouble)
        assert await ledger.writer.flush(10.0)
    assert await stored(database) == dict.fromkeys(ids, "ok")
