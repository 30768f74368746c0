"""What dead processes left."""

from pathlib import Path

from structlog.testing import capture_logs

from baton.core.ids import UuidV7
from baton.ledger.ledger import open_ledger
from baton.ledger.settings import LedgerSettings
from baton.storage.database import Database
from tests.ledger.conftest import eventually, files
from tests.ledger.samples import an_opened
from tests.ledger.test_ledger import stored


async def test_a_folder_that_may_not_be_opened_keeps_no_other_from_being_recovered(
    root: Path, database: Database, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """One of another user is logged and left; what the dead left beside it comes in."""
    id = new_id()
    (root / "0-not-ours" / "lock").mkdir(parents=True)
    async with open_ledger(root, database, new_id, limits) as ledger:
        ledger.book.opened(an_opened(id))
    with capture_logs() as logs:
        async with open_ledger(root, database, new_id, limits):
            await eventually(lambda: len(files(root)) == 2)
    assert await stored(database) == {id: "crashed"}
    [line] = [line for line in logs if line["event"] == "journal_not_recovered"]
    assert "0-not-ours" in line["path"]
