"""Places to back up from and to restore into, and what is in them."""

import asyncio
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import text

from baton.app.backup import back_up
from baton.app.restore import Restored, restore
from baton.core.clock import SystemClock
from baton.records.audit.entry import Actor
from baton.settings import Settings, load
from baton.storage.archive.manifest import Manifest
from baton.storage.archive.rows import own_tables
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from baton.upstream.directory import declared
from tests.conftest import BatonServer, bearer

OPERATOR = Actor(id="operator", source="cli")
ANEW = {"audit_entries", "audit_head"}
"""Tables to which a restore adds that it was one."""

Rows = dict[str, list[tuple[Any, ...]]]


def settings_of(folder: Path, url: str, **others: Any) -> Settings:
    """Of an installation."""
    return load({"DATABASE_URL": url}, declared(), overrides={"data_dir": folder, **others})


async def ask(baton: BatonServer, key: str, times: int = 1) -> None:
    """Chats that cost something, and one that fails."""
    async with aiohttp.ClientSession(baton.url, headers=bearer(key)) as session:
        for n in range(times):
            body: dict[str, Any] = {
                "model": "simulated/echo",
                "messages": [{"role": "user", "content": f"question {n} äöü \0 🎻"}],
            }
            async with session.post("/v1/chat/completions", json=body) as reply:
                assert reply.status == 200, await reply.text()


async def backed_up(settings: Settings, path: Path, *, with_secret: bool = True) -> Manifest:
    """A backup in a file."""
    file = io.BytesIO()
    manifest = await back_up(settings, file, SystemClock(), OPERATOR, with_secret=with_secret)
    await asyncio.to_thread(path.write_bytes, file.getvalue())
    return manifest


async def restored(settings: Settings, path: Path) -> Restored:
    """A backup, restored."""
    return await restore(settings, path, SystemClock(), OPERATOR)


async def rows_of(url: str) -> Rows:
    """Everything in Baton's tables, as the same values whichever kind of database it is."""
    found: Rows = {}
    async with Database(StorageSettings(url=url)) as database, database.read() as connection:
        for name in await connection.run_sync(own_tables):
            rows = (await connection.execute(text(f"SELECT * FROM {name}"))).mappings().all()
            found[name] = sorted((tuple(sorted(row.items())) for row in rows), key=repr)
    return found


def kept(rows: Mapping[str, list[tuple[Any, ...]]]) -> Rows:
    """Without what a restore adds to, and what one kind of database alone tells apart as texts or numbers."""
    return {
        name: [tuple((key, _alike(cell)) for key, cell in row) for row in each]
        for name, each in rows.items()
        if name not in ANEW
    }


def _alike(cell: object) -> object:
    if isinstance(cell, bool):
        return int(cell)
    return json.dumps(cell) if isinstance(cell, list | dict) else cell
