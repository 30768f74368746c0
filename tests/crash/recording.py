"""A process to be killed: records interactions as fast as it can and tells which calls have returned.

Started with the journals' folder, the database's URL, a seed and the kind of journal. Writes lines to its
standard output: `o` and an id once a beginning is kept, `s` and the id once an end is.
"""

import asyncio
import os
import random
import sys
from pathlib import Path

import structlog

from baton.core.errors import Unavailable
from baton.core.ids import UuidV7
from baton.ledger.ledger import Ledger, open_ledger, open_ledger_without_files
from baton.ledger.rows import Cost
from baton.ledger.settings import JournalKind, LedgerSettings
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from tests.ledger.samples import a_settled, an_attempt, an_opened

LIMITS = LedgerSettings(
    segment_bytes=64 << 10,
    sync_every_s=0.01,
    batch_every_s=0.002,
    batch_rows=50,
    queued_rows=200,
    beat_every_s=0.2,
)
OPENERS = {JournalKind.FILE: open_ledger, JournalKind.DATABASE: open_ledger_without_files}
CALLERS = 16


def cost_of(interaction_id: str) -> Cost:
    """What an interaction costs; a row's figures can be checked by its id alone."""
    return Cost(input_nanos=int(interaction_id[-5:], 16), output_nanos=int(interaction_id[-10:-5], 16))


def estimate_of(interaction_id: str) -> Cost:
    """What an interaction is estimated to cost."""
    return Cost(input_nanos=int(interaction_id[-4:], 16))


def attempts_of(interaction_id: str) -> int:
    """How many attempts an interaction takes."""
    return 1 + int(interaction_id[-1], 16) % 3


async def call(ledger: Ledger, new_id: UuidV7, rng: random.Random) -> None:
    """One request after the other, each with some turns of the loop between its beginning and its end."""
    while True:
        interaction_id = new_id()
        ledger.book.opened(an_opened(interaction_id, estimated_cost=estimate_of(interaction_id)))
        if ledger.book.waits:
            try:
                await ledger.book.begun(interaction_id)
            except Unavailable:  # the database was busy
                continue
        os.write(1, b"o %s\n" % interaction_id.encode())
        for _ in range(rng.randrange(40)):
            await asyncio.sleep(0)
        count = attempts_of(interaction_id)
        failed = [an_attempt(status="provider_error", cost=Cost()) for _ in range(count - 1)]
        ledger.book.settled(
            a_settled(interaction_id, attempts=(*failed, an_attempt(cost=cost_of(interaction_id))))
        )
        if ledger.book.waits:
            await ledger.book.ended(interaction_id)
        os.write(1, b"s %s\n" % interaction_id.encode())


async def main(root: Path, database_url: str, seed: int, kind: JournalKind) -> None:
    """Run until killed."""
    rng = random.Random(seed)
    new_id = UuidV7()
    async with (
        Database(StorageSettings(url=database_url, busy_timeout_s=0.5)) as database,
        OPENERS[kind](root, database, new_id, LIMITS) as ledger,
        asyncio.TaskGroup() as calls,
    ):
        for _ in range(CALLERS):
            calls.create_task(call(ledger, new_id, rng))


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())  # the output is for the ids
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), JournalKind(sys.argv[4])))
