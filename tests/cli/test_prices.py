"""`baton prices`, on a real data folder."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from baton.app import open_store
from baton.catalog.kind import model_kind
from baton.catalog.model import Model
from baton.catalog.prices import Prices, Rates, Tariff
from baton.catalog.seed import packaged_models
from baton.catalog.tiers import DEFAULT_TIERS
from baton.records.audit.entry import Actor, AuditFilter
from baton.records.audit.keys import AuditKeys
from baton.records.audit.trail import Trail
from baton.records.store import Records
from baton.settings import load
from baton.upstream.directory import declared
from tests.cli.conftest import Run

OLD = Prices(standard=Tariff(rates=Rates(input=9_000_000_000, output=99_000_000_000)))
ADA = Actor(id="ada", source="192.0.2.1")
ABSENT = "openai/gpt-4o-mini"
DEARER = "openai/gpt-4o"
EDITED = "openai/o1"
TODAY = datetime.now(UTC).date().isoformat()


def with_models(data_dir: Path, work: Callable[[Records[Model]], Awaitable[Any]]) -> Any:
    async def opened() -> Any:
        settings = load({}, declared(), overrides={"data_dir": data_dir})
        async with (
            open_store(settings) as store,
            Records(
                model_kind(DEFAULT_TIERS), store.database, store.notices, store.clock, store.scribe
            ) as records,
        ):
            return await work(records)

    return asyncio.run(opened())


@pytest.fixture
def older(data_dir: Path) -> Path:
    """An installation of an earlier version: a model less, one dearer, and one that an admin edited."""

    async def make(records: Records[Model]) -> None:
        await records.seed(
            [
                replace(model, prices=(OLD,)) if model.id in (DEARER, EDITED) else model
                for model in packaged_models(DEFAULT_TIERS)
                if model.id != ABSENT
            ]
        )
        record = records.get(EDITED)
        await records.put(replace(record.value, quality=0.5), ADA, record.revision)

    with_models(data_dir, make)
    return data_dir


def models(data_dir: Path) -> dict[str, Model]:
    async def look(records: Records[Model]) -> dict[str, Model]:
        return {record.key: record.value for record in records.list()}

    return with_models(data_dir, look)


def test_a_difference_is_shown_and_nothing_is_changed(run: Run, older: Path) -> None:
    """A new model, a price from today, and what an admin's edit keeps; as a table and as JSON."""
    before = models(older)
    shown = run("prices", "diff")
    assert shown.code == 0, shown.err
    line = next(line for line in shown.out.splitlines() if line.startswith(f"{DEARER} "))
    assert f"price from {TODAY}" in line
    assert "input 9, output 99" in line
    assert "input 2.5, output 10" in line
    assert "2 models to change" in shown.err
    assert "1 model left as an admin wants them" in shown.err
    told = json.loads(run("prices", "diff", "--json").out)
    assert told["applied"] is False
    assert {each["model"]: each["state"] for each in told["models"]} == {
        ABSENT: "new",
        DEARER: "changed",
        EDITED: "kept",
    }
    assert models(older) == before


def test_a_start_changes_no_price(run: Run, older: Path) -> None:
    """What brings the rows up to date leaves the prices that are there, and brings new models whole."""
    assert run("models", "--all").code == 0
    after = models(older)
    assert after[DEARER].prices == (OLD,)
    assert after[ABSENT].prices


def test_a_refresh_changes_what_was_shown_and_no_admins_edit(run: Run, older: Path) -> None:
    """Once done there is nothing left to do; the past costs what it did; the audit says who did it."""
    done = json.loads(run("prices", "refresh", "--yes", "--json").out)
    assert done["applied"] is True
    after = models(older)
    assert [entry.name for entry in after[DEARER].prices] == ["initial", TODAY]
    assert after[DEARER].prices[0] == OLD
    assert after[EDITED].prices == (OLD,)
    assert ABSENT in after
    again = run("prices", "refresh")
    assert (again.code, "0 models to change" in again.err) == (0, True)

    async def audit(records: Records[Model]) -> list[str]:
        settings = load({}, declared(), overrides={"data_dir": older})
        async with open_store(settings) as store:
            keys = AuditKeys.derived(store.secret.derive)
            page = await Trail(store.database, keys).page(AuditFilter(kind="model", key=DEARER))
            return [entry.source for entry in page.entries]

    assert with_models(older, audit) == ["cli", "start"]


def test_nothing_is_changed_unasked(run: Run, older: Path) -> None:
    """Where nobody can answer, `--yes` has to be said; with `--json` too."""
    before = models(older)
    refused = run("prices", "refresh")
    assert refused.code == 2
    assert "--yes" in refused.err
    assert run("prices", "refresh", "--json").code == 2
    assert models(older) == before
