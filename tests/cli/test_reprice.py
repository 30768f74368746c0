"""`baton reprice`, on a real data folder."""

import asyncio
import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from baton.app import open_store
from baton.catalog.kind import model_kind
from baton.catalog.prices import Prices, Rates, Tariff
from baton.catalog.seed import packaged_models
from baton.catalog.tiers import DEFAULT_TIERS
from baton.core.usage import Usage
from baton.ledger.rows import Cost, Interaction
from baton.ledger.store import Store
from baton.records.audit.entry import Actor
from baton.records.store import Records
from baton.settings import load
from baton.upstream.directory import declared
from tests.cli.conftest import Run
from tests.ledger.samples import a_settled, an_attempt, an_opened
from tests.ledger.test_repricings import id_at

USAGE = Usage(prompt=1000, completion=1000)


def entry(price: int, day: date | None = None) -> Prices:
    return Prices(standard=Tariff(rates=Rates(input=price, output=price)), valid_from=day)


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


async def make(data_dir: Path) -> None:
    """Three requests of a model whose price halved in March, and one of a model that nobody knows."""
    settings = load({}, declared(), overrides={"data_dir": data_dir})
    prices = (entry(2_000_000_000), entry(1_000_000_000, date(2026, 3, 1)))
    async with (
        open_store(settings) as store,
        Records(model_kind(DEFAULT_TIERS), store.database, store.notices, store.clock) as records,
    ):
        await records.seed(packaged_models(DEFAULT_TIERS))
        record = records.get("openai/gpt-4o-mini")
        await records.put(replace(record.value, prices=prices), Actor(id="ada", source="x"), record.revision)
        made: list[Interaction] = []
        for n, (day, cost, model) in enumerate(
            [
                ("2026-02-01", Cost(input_nanos=2_000_000, output_nanos=2_000_000), "gpt-4o-mini"),
                ("2026-02-28", None, "gpt-4o-mini"),
                ("2026-03-01", Cost(input_nanos=2_000_000, output_nanos=2_000_000), "gpt-4o-mini"),
                ("2026-03-02", None, "nobodys"),
            ]
        ):
            id = id_at(ms(day), n)
            attempt = an_attempt(usage=USAGE, cost=cost, model=model)
            made.append(Interaction(an_opened(id), a_settled(id, attempts=(attempt,), model=model)))
        await Store(store.database).add(made)


@pytest.fixture
def ledger(data_dir: Path) -> Path:
    asyncio.run(make(data_dir))
    return data_dir


def test_the_past_is_priced_at_its_own_prices(run: Run, ledger: Path) -> None:
    """Sums per model, recorded and new; nothing is stored unasked; stored once, it is on record."""
    told = json.loads(run("reprice", "--since", "2026-01-01", "--json").out)
    assert told["applied"] is False
    assert [
        (line["model"], line["requests"], line["recordedUsd"], line["repricedUsd"], line["unpriced"])
        for line in told["models"]
    ] == [("openai/gpt-4o-mini", 3, "0.008", "0.01", 0), ("openai/nobodys", 1, "0", "0", 1)]
    assert told["total"]["changes"] == 2
    table = run("reprice", "--since", "2026-01-01", "--apply")
    assert table.code == 0, table.err
    assert "4 requests since 2026-01-01T00:00:00Z: recorded 0.008 USD, repriced 0.01 USD." in table.out
    assert "2 new figures stored" in table.err
    again = json.loads(run("reprice", "--since", "2026-01-01", "--apply", "--json").out)
    assert (again["total"]["changes"], again["total"]["recordedUsd"]) == (0, "0.008")


def test_only_a_part_is_priced_where_only_a_part_is_asked_for(run: Run, ledger: Path) -> None:
    """By time, model and what was unpriced."""

    def requests(*options: str) -> int:
        return json.loads(run("reprice", "--since", "2026-01-01", *options, "--json").out)["total"][
            "requests"
        ]

    assert requests("--until", "2026-03-01") == 2
    assert requests("--model", "openai/nobodys") == 1
    assert requests("--only", "unpriced") == 2
    assert run("reprice", "--since", "2026-03-01", "--until", "2026-01-01").code == 2
    assert run("reprice").code == 2
