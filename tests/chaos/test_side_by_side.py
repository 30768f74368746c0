"""Two versions of Baton on one database: the old one serves on while the new one changes the tables."""

import asyncio
import os
import shutil
import signal
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select, text

from baton.ledger.tables import INTERACTIONS
from baton.storage import schema
from baton.storage.database import Database
from tests.chaos.load import Load
from tests.crash.serving import Home, living
from tests.databases import Place

ROOT = Path(__file__).parents[2]
NEXT = "9000"
SOME = 30
CALLERS = 2

MIGRATION = f'''
import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{schema.HEAD}"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table("novelties", sa.Column("id", sa.String(36), primary_key=True))
    op.add_column("interactions", sa.Column("novelty", sa.Text()))
    for table in ("attempts", "users", "api_keys"):
        op.add_column(table, sa.Column("novelty", sa.Integer(), nullable=False, server_default="7"))
    op.create_index("ix_interactions_novelty", "interactions", ["novelty"])
'''
"""Everything that a migration may do."""


def next_version(folder: Path) -> str:
    """A Baton that is this one but for one more migration; where to import it from."""
    shutil.copytree(ROOT / "src", folder / "src", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "migrations", folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "migrations" / "versions" / "9000_next.py").write_text(MIGRATION)
    path = folder / "src" / "baton" / "storage" / "schema.py"
    now = f'HEAD = "{schema.HEAD}"'
    assert now in path.read_text()
    path.write_text(path.read_text().replace(now, f'HEAD = "{NEXT}"'))
    return str(folder / "src")


async def test_the_old_version_serves_on_while_the_new_one_migrates(place: Place, tmp_path: Path) -> None:
    """With traffic on both: no request fails, and each answer is one row."""
    old = Home.of(tmp_path / "home", place.settings.url)
    source = await asyncio.to_thread(next_version, tmp_path / "next")
    new = Home.of(tmp_path / "home", place.settings.url)
    new = replace(new, environment=new.environment | {"PYTHONPATH": os.pathsep.join([source, *sys.path])})
    on_old, on_new = Load(old.url), Load(new.url)
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(living(old))
        async with asyncio.TaskGroup() as callers:
            for _ in range(CALLERS):
                callers.create_task(on_old.go_on())
            await on_old.more(SOME)
            second = await stack.enter_async_context(living(new))
            for _ in range(CALLERS):
                callers.create_task(on_new.go_on())
            await asyncio.gather(on_old.more(SOME), on_new.more(SOME))
            on_old.stopping = on_new.stopping = True
        for process in (first, second):
            process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0
    for load in (on_old, on_new):
        assert (load.refused, len(load.answered)) == ([], load.asked)
    async with Database(place.settings) as database, database.read() as connection:
        assert await connection.run_sync(schema.version_of) == NEXT
        rows = (await connection.execute(select(INTERACTIONS.c.id, INTERACTIONS.c.status))).all()
        marked = text("SELECT count(*) FROM attempts WHERE novelty <> 7")
        assert (await connection.execute(marked)).scalar_one() == 0
    ok = sorted(row.id for row in rows if row.status == "ok")
    assert ok == sorted({*on_old.answered, *on_new.answered})
    assert len(rows) == len({row.id for row in rows})
