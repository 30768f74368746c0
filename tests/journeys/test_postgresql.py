"""A whole Baton on PostgreSQL: nothing that a person sees tells which database there is."""

from pathlib import Path
from typing import Any

import httpx2
from openai import AsyncOpenAI

from tests.conftest import BatonServer, StartBaton, bearer
from tests.postgres import Postgres


async def get(baton: BatonServer, key: str, path: str) -> Any:
    async with httpx2.AsyncClient(base_url=baton.url, headers=bearer(key)) as client:
        reply = await client.get(path)
        assert reply.status_code == 200, reply.text
        return reply.json()


async def ask(baton: BatonServer, key: str) -> None:
    async with AsyncOpenAI(base_url=f"{baton.url}/v1", api_key=key, max_retries=0) as sdk:
        messages: Any = [{"role": "user", "content": "hello"}]
        await sdk.chat.completions.create(model="simulated/echo", messages=messages)


async def test_two_processes_share_keys_catalog_and_ledger(
    start_baton: StartBaton, postgres: Postgres, tmp_path: Path
) -> None:
    """What one of them has done the other one knows."""
    environment = {"DATABASE_URL": postgres.new_database()}
    one = await start_baton(environment, data_dir=tmp_path)
    two = await start_baton(environment, data_dir=tmp_path)
    for baton in (one, two, two):
        await ask(baton, one.key)
    for baton in (one, two):
        await get(baton, one.key, "/api/interactions")  # has its own rows in the database
    for baton in (one, two):
        page = await get(baton, one.key, "/api/interactions")
        assert [item["status"] for item in page["interactions"]] == ["ok"] * 3
    models = [await get(baton, one.key, "/v1/models") for baton in (one, two)]
    assert models[0] == models[1]


async def test_a_server_that_goes_away_costs_no_answer_and_no_row(
    start_baton: StartBaton, postgres: Postgres
) -> None:
    """While PostgreSQL is stopped requests are answered; their rows arrive when it is back."""
    baton = await start_baton({"DATABASE_URL": postgres.new_database()})
    await ask(baton, baton.key)
    postgres.stop()
    try:
        for _ in range(3):
            await ask(baton, baton.key)
    finally:
        postgres.start()
    assert await baton.app.ledger.flush(20.0)
    page = await get(baton, baton.key, "/api/interactions")
    assert [item["status"] for item in page["interactions"]] == ["ok"] * 4
