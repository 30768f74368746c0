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
from baton.core.usage import Charge, Usage
from baton.ledger.interactions import Interactions
from baton.ledger.rows import Cost, Interaction
from baton.ledger.store import Store
from baton.ledger.stored import Whole
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
        Records(
            model_kind(DEFAULT_TIERS), store.database, store.notices, store.clock, store.scribe
        ) as records,
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
        (line["model"], line["requests"], line["recordedUsd"], line["repricedUsd"], line["incomplete"])
        for line in told["models"]
    ] == [("openai/gpt-4o-mini", 3, "0.008", "0.01", 0), ("openai/nobodys", 1, "0", "0", 1)]
    assert told["total"]["changes"] == 2
    table = run("reprice", "--since", "2026-01-01", "--apply")
    assert table.code == 0, table.err
    assert "4 requests since 2026-01-01T00:00:00Z: recorded 0.008 USD, repriced 0.01 USD." in table.out
    assert "2 new figures stored" in table.err
    again = json.loads(run("reprice", "--since", "2026-01-01", "--apply", "--json").out)
    assert (again["total"]["changes"], again["total"]["recordedUsd"]) == (0, "0.008")


async def kinds(data_dir: Path) -> list[str]:
    """Four requests that were priced in part or wrongly: an hour's cache write, a tier, searches, a sound."""
    settings = load({}, declared(), overrides={"data_dir": data_dir})
    used = [
        ("anthropic/claude-sonnet-4-6", Usage(prompt=1000, cache_write=1000, cache_write_long=1000)),
        ("openai/gpt-4o", Usage(prompt=1000, completion=100, processing="priority")),
        ("anthropic/claude-sonnet-4-6", Usage(prompt=1000, charges=((Charge.WEB_SEARCH, 2),))),
        ("openai/whisper-1", Usage(prompt=9, estimated=True, charges=((Charge.SOUND, 10_000),))),
    ]
    ids = [id_at(ms("2026-11-20") + n) for n in range(len(used))]
    made: list[Interaction] = []
    for id, (model, usage) in zip(ids, used, strict=True):
        provider, _, name = model.partition("/")
        attempt = an_attempt(
            usage=usage, cost=Cost(input_nanos=1), partly=True, provider=provider, model=name
        )
        settled = a_settled(id, attempts=(attempt,), provider=provider, model=name)
        made.append(Interaction(an_opened(id), settled))
    async with (
        open_store(settings) as store,
        Records(
            model_kind(DEFAULT_TIERS), store.database, store.notices, store.clock, store.scribe
        ) as records,
    ):
        await records.seed(packaged_models(DEFAULT_TIERS))
        await Store(store.database).add(made)
    return ids


async def stored(data_dir: Path, ids: list[str]) -> list[Whole]:
    async def flushed() -> bool:
        return True

    async with open_store(load({}, declared(), overrides={"data_dir": data_dir})) as store:
        interactions = Interactions(store.database, flushed)
        return [await interactions.one(id) for id in ids]


def test_every_kind_of_use_is_priced_again_once_and_both_figures_stay(run: Run, data_dir: Path) -> None:
    """Published prices of an hour's cache write, of a tier, of two searches and of ten seconds; a second run
    finds nothing new to store, and the recorded figures are what they were."""
    ids = asyncio.run(kinds(data_dir))
    told = json.loads(run("reprice", "--since", "2026-01-01", "--apply", "--json").out)
    total = told["total"]
    assert (total["changes"], total["recordedIncomplete"], total["incomplete"]) == (4, 4, 0)
    first = asyncio.run(stored(data_dir, ids))
    assert [each.repriced and each.repriced.cost_nanos for each in first] == [
        6_000_000,
        4_250_000 + 1_700_000,
        3_000_000 + 20_000_000,
        1_000_000,
    ]
    assert [(each.interaction.cost_nanos, each.interaction.pricing) for each in first] == [
        (1, "partly_priced")
    ] * 4
    assert [each.repriced and each.repriced.pricing for each in first] == ["priced"] * 4
    again = json.loads(run("reprice", "--since", "2026-01-01", "--apply", "--json").out)
    assert again["total"] == total | {"changes": 0}
    assert asyncio.run(stored(data_dir, ids)) == first


def test_nothing_to_price_says_so(run: Run, ledger: Path) -> None:
    """A span without requests is no table and no error."""
    empty = run("reprice", "--since", "2026-01-01", "--until", "2026-01-02")
    assert (empty.code, empty.out) == (0, "")
    assert "There were no requests between 2026-01-01T00:00:00Z and 2026-01-02T00:00:00Z." in empty.err
    assert run("reprice", "--since", "2026-01-01", "--model", "openai/none-such").code == 0


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
