"""No answer is given to anybody whom its reach does not hold, however many ask at once."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from baton.ledger.filter import Filter
from tests.chaos.conftest import soon
from tests.chaos.places import PLACES, kept_for_all, place_of
from tests.chaos.street import Street, open_street
from tests.chaos.wire import Reply, line_to, post

USERS = 6
ASKED = 240
USE_CASES = {"alone": "user", "team": "project", "house": "tenant", "all": "shared"}
PROMPTS = ("Name a colour.", "Name a city.", "Name a river.")


@dataclass(frozen=True)
class Person:
    """A user, by key, and the projects they work in."""

    id: str
    headers: dict[str, str]
    projects: tuple[str, ...]

    @property
    def key(self) -> str:
        return self.headers["Authorization"].removeprefix("Bearer ")


@pytest_asyncio.fixture(params=PLACES)
async def street(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncGenerator[Street]:
    """A Baton that keeps answers in each of the places, with a use case of each reach."""
    async with open_street(tmp_path, fallback=False, retries=0, **place_of(request)) as opened:
        await kept_for_all(opened)
        for use_case, reach in USE_CASES.items():
            put = await send(opened, "PUT", f"/api/admin/cache/rules/{use_case}", {"reach": reach})
            assert put.status == 200
        yield opened


async def send(
    street: Street, method: str, path: str, body: object, headers: dict[str, str] | None = None
) -> Reply:
    """One request to one of Baton's own routes."""
    key = (headers or street.baton.admin)["Authorization"].removeprefix("Bearer ")
    request = post(key, json.dumps(body).encode(), path=path)
    async with line_to(street.baton.url) as line:
        await line.send(request.replace(b"POST", method.encode(), 1))
        return await line.reply()


async def people(street: Street) -> list[Person]:
    """Six users, of whom neighbours share a project."""
    headers = [await street.baton.user("pro") for _ in range(USERS)]
    ids = [(await send(street, "GET", "/api/me", {}, each)).json["id"] for each in headers]
    projects: list[list[str]] = [[] for _ in ids]
    for at in range(0, USERS, 2):
        made = (await send(street, "POST", "/api/projects", {"name": f"p{at}"}, headers[at])).json["id"]
        path = f"/api/projects/{made}/members/{ids[at + 1]}"
        assert (await send(street, "PUT", path, {"role": "member"}, headers[at])).status == 200
        for member in (at, at + 1):
            projects[member].append(made)
    return [Person(id, each, tuple(names)) for id, each, names in zip(ids, headers, projects, strict=True)]


@pytest.mark.parametrize("seed", range(3))
async def test_nobody_is_given_what_is_not_for_them(street: Street, seed: int) -> None:
    """Of every answer that was given again, whoever paid is within its reach; and each reach is used."""
    rng = random.Random(seed)
    crowd = await people(street)
    street.behaves("openai", "latency=20")

    async def ask(at: int) -> None:
        person = crowd[at % USERS]
        project = rng.choice((*person.projects * 2, *crowd[(at + 2) % USERS].projects, ""))
        own_key = rng.random() < 0.2
        headers = [f"x-baton-use-case: {rng.choice((*USE_CASES, 'team'))}"]
        headers += [f"x-baton-project: {project}"] if project else []
        headers += ["x-baton-cache-key: mine"] if own_key else []
        said = f"{person.id} asks." if own_key else rng.choice(PROMPTS)
        stream = rng.random() < 0.3
        body = {
            "model": "openai/gpt-4o-mini",
            "messages": [{"role": "user", "content": said}],
            "stream": stream,
        }
        await asyncio.sleep(rng.random() * 0.3)
        async with line_to(street.baton.url) as line:
            await line.send(post(person.key, json.dumps(body).encode(), *headers))
            reply = await line.reply()
        if reply.status == 200 and own_key:
            assert person.id in (reply.text if stream else reply.body.decode())

    await asyncio.gather(*(ask(at) for at in range(ASKED)))
    ledger = street.baton.app.ledger
    await soon(lambda: ledger.book.open_count == 0)
    rows = [each.interaction for each in (await ledger.interactions.page(Filter(), limit=500)).items]
    by_id = {row.id: row for row in rows}
    members = {
        name: {each.id for each in crowd if name in each.projects} for p in crowd for name in p.projects
    }
    crossed: dict[str, int] = dict.fromkeys(USE_CASES, 0)
    for row in rows:
        if row.cached_from is None:
            continue
        paid = by_id[row.cached_from]
        if paid.user_id == row.user_id:
            continue
        assert row.use_case is not None
        crossed[row.use_case] += 1
        assert row.use_case == paid.use_case or USE_CASES[row.use_case] == USE_CASES[paid.use_case or ""]
        assert row.use_case != "alone"
        if row.use_case == "team":
            assert row.project == paid.project
            assert {row.user_id, paid.user_id} <= members[row.project or ""]
    assert crossed["house"] > 0
    assert crossed["all"] > 0
    assert crossed["team"] > 0
