"""`baton alerts`: what it prints, for people and for programs."""

import asyncio
import json
from pathlib import Path

from baton.core.ids import UuidV7
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from baton.watch.alerts.alert import AlertKind, Key, News
from baton.watch.alerts.store import AlertStore
from tests.cli.conftest import Run

AT_MS = 1_769_860_800_000  # 2026-01-31T12:00:00Z


async def _see(data_dir: Path) -> None:
    """Two keys in trouble, one of them well again."""
    seen = News(first_ms=AT_MS, last_ms=AT_MS + 60_000, times=7, detail="No such key.")
    over = News(
        first_ms=AT_MS, last_ms=AT_MS, times=1, detail="Your credit is spent.", resolved_ms=AT_MS + 1000
    )
    async with Database(StorageSettings(url=f"sqlite:///{data_dir / 'baton.db'}")) as database:
        store = AlertStore(database, UuidV7())
        await store.take({Key(AlertKind.CREDENTIAL_INVALID, "acme …abcd"): seen})
        await store.take({Key(AlertKind.CREDENTIAL_EXHAUSTED, "acme …wxyz"): over})


def test_open_alerts_unless_told_otherwise(run: Run, data_dir: Path) -> None:
    """What is open by itself, what is over or all of it on demand; as a table or as JSON."""
    run("keys", "create", "x")
    nothing = run("alerts")
    assert (nothing.code, nothing.out, nothing.err) == (0, "", "Nothing is open.\n")
    asyncio.run(_see(data_dir))
    [line] = run("alerts").out.splitlines()[1:]
    for word in ("credential_invalid", "acme …abcd", "2026-01-31T12:00:00Z", "7", "No such key."):
        assert word in line
    [view] = json.loads(run("alerts", "--state", "resolved", "--json").out)
    assert view == {
        "id": view["id"],
        "kind": "credential_exhausted",
        "subject": "acme …wxyz",
        "openedAt": "2026-01-31T12:00:00Z",
        "lastSeenAt": "2026-01-31T12:00:00Z",
        "timesSeen": 1,
        "detail": "Your credit is spent.",
        "resolvedAt": "2026-01-31T12:00:01Z",
        "resolution": "recovered",
    }
    assert len(json.loads(run("alerts", "--state", "all", "--json").out)) == 2
    assert json.loads(run("alerts", "--kind", "breaker_open", "--json").out) == []
    assert run("alerts", "--kind", "nonsense").code == 2
