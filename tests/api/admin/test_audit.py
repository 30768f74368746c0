"""The audit over HTTP: searched, examined, given out."""

import csv
import io
import json
from typing import Any

import pytest
from sqlalchemy import text

from tests.api.conftest import Reply, Web
from tests.api.test_metrics import sample

PATH = "/api/admin/audit"


async def make_users(web: Web, *names: str) -> list[str]:
    """Their ids."""
    made = [await web.post("/api/admin/users", {"name": name}) for name in names]
    return [reply.json["id"] for reply in made]


async def found(web: Web, **query: Any) -> list[dict[str, Any]]:
    reply = await web.get(PATH, params=query)
    assert reply.status == 200, reply.body
    return reply.json["entries"]


async def run(web: Web, statement: str) -> None:
    """What somebody does in the database."""
    async with web.baton.app.store.database.write() as connection:
        await connection.execute(text(statement))


async def test_a_change_is_told_with_its_maker_and_their_address(web: Web) -> None:
    """As the thing's own route shows it; the person's name is readable here, sealed in the database."""
    [ada] = await make_users(web, "Ada Lovelace")
    [entry] = await found(web, key=ada)
    assert (entry["action"], entry["kind"], entry["source"]) == ("create", "user", "127.0.0.1")
    assert (entry["before"], entry["after"]["name"]) == (None, "Ada Lovelace")
    async with web.baton.app.store.database.read() as connection:
        rows = (await connection.execute(text("SELECT * FROM audit_entries"))).all()
    assert not [word for word in ("Lovelace", "127.0.0.1") if word in repr(rows)]


async def test_the_audit_is_searched_by_all_that_it_tells(web: Web) -> None:
    """Kind, key, actor, action, source, time, a part of the key; together they narrow."""
    ada, bob = await make_users(web, "Ada", "Bob")
    [entry] = await found(web, key=bob)
    assert await found(web, kind="user", actor=entry["actorId"], action="create", text=bob[5:].upper()) == [
        entry
    ]
    assert {each["key"] for each in await found(web, source="127.0.0.1", kind="user")} >= {ada, bob}
    assert {each["source"] for each in await found(web, source="start", limit=500)} == {"start"}
    assert await found(web, source="192.0.2.1") == []
    assert await found(web, key=bob, **{"to": entry["at"]}) == []
    assert await found(web, key=bob, **{"from": entry["at"]}) == [entry]
    assert await found(web, text="100%") == []


@pytest.mark.parametrize("query", ["kind=", "from=soon", "text=%00", "cursor=x", "limit=0"])
@pytest.mark.asyncio(loop_scope="module")
async def test_a_search_that_means_nothing_is_refused(shared: Web, query: str) -> None:
    """Instead of finding nothing, or everything."""
    assert (await shared.get(f"{PATH}?{query}")).status in (400, 422)


async def test_an_examination_gives_an_anchor_that_holds(web: Web) -> None:
    """Also after further changes; another chain's does not."""
    first = (await web.get(f"{PATH}/verify")).json
    assert (first["holds"], first["breaks"], first["more"], first["olderRows"]) == (True, [], 0, 0)
    assert first["anchor"].startswith(f"{first['rows']}:")
    await make_users(web, "Ada")
    again = (await web.get(f"{PATH}/verify", params={"anchor": first["anchor"]})).json
    assert (again["holds"], again["rows"]) == (True, first["rows"] + 1)
    foreign = (await web.get(f"{PATH}/verify", params={"anchor": f"1:{'0' * 64}"})).json
    assert foreign["breaks"] == [{"flaw": "anchor", "row": None, "person": None}]
    assert (await web.get(f"{PATH}/verify?anchor=1")).status == 400


async def test_a_broken_audit_raises_an_alert_until_it_holds_again(web: Web) -> None:
    """It says where; the row can still be looked at, whatever somebody has put there."""
    [ada] = await make_users(web, "Ada")
    [entry] = await found(web, key=ada)
    await run(web, f"UPDATE audit_entries SET before = 'no JSON' WHERE id = {entry['id']}")
    broken = (await web.get(f"{PATH}/verify")).json
    assert (broken["holds"], broken["anchor"]) == (False, None)
    assert broken["breaks"] == [{"flaw": "changed", "row": entry["id"], "person": None}]
    assert (await found(web, key=ada))[0]["before"] == "no JSON"
    [alert] = (await web.get("/api/admin/ai/alerts?kind=audit_broken")).json["alerts"]
    assert (alert["subject"], alert["resolvedAt"]) == ("audit", None)
    assert alert["detail"] == f"It does not verify: changed at row {entry['id']}."
    assert await sample(web, "baton_alerts_open", kind="audit_broken") == 1
    await run(web, f"UPDATE audit_entries SET before = NULL WHERE id = {entry['id']}")
    assert (await web.get(f"{PATH}/verify")).json["holds"]
    [alert] = (await web.get("/api/admin/ai/alerts?kind=audit_broken&state=resolved")).json["alerts"]
    assert alert["resolution"] == "recovered"


def lines(reply: Reply) -> list[dict[str, Any]]:
    return [json.loads(line) for line in reply.body.decode().splitlines()]


async def test_an_export_holds_everything_and_is_in_the_audit(web: Web) -> None:
    """Oldest first, as the list shows it; who took it, and what was asked for, stands in the next one."""
    ada, bob = await make_users(web, "Ada", "=Bob()")
    listed = await found(web, limit=500)
    reply = await web.get(f"{PATH}/export")
    assert reply.headers["content-type"] == "application/x-ndjson"
    told = lines(reply)
    assert told[:-1] == listed[::-1]
    assert (told[-1]["action"], told[-1]["kind"], told[-1]["source"]) == ("export", "audit", "127.0.0.1")
    reply = await web.get(f"{PATH}/export?format=csv&kind=user&source=127.0.0.1")
    assert reply.headers["content-disposition"] == 'attachment; filename="audit.csv"'
    rows = list(csv.DictReader(io.StringIO(reply.body.decode())))
    assert [row["key"] for row in rows] == [ada, bob]
    assert json.loads(rows[1]["after"])["name"] == "=Bob()"
    [second, _] = await found(web, action="export")
    assert second["after"] == {"kind": "user", "source": "***"}


async def test_tables_put_back_while_serving_raise_the_alert(web: Web) -> None:
    """Somebody with the database takes the newest entries out and puts the seal of before back: the next
    change tells, and so does an examination."""
    [ada] = await make_users(web, "Ada")
    async with web.baton.app.store.database.read() as connection:
        old = (await connection.execute(text("SELECT * FROM audit_head"))).mappings().one()
    headers = web.baton.admin | {"If-Match": "*"}
    path = f"/api/admin/users/{ada}"
    assert (await web.ask("PATCH", path, headers, json={"roles": ["admin"]})).status == 200
    async with web.baton.app.store.database.write() as connection:
        await connection.execute(text("DELETE FROM audit_entries WHERE id > :last_id"), dict(old))
        columns = ", ".join(f'"{name}" = :{name}' for name in old if name != "id")
        await connection.execute(text(f"UPDATE audit_head SET {columns}"), dict(old))
    flaws = [each["flaw"] for each in (await web.get(f"{PATH}/verify")).json["breaks"]]
    assert flaws == ["rolled_back"]
    await run(web, "DELETE FROM alerts")
    await make_users(web, "Bob")
    alerts = (await web.get("/api/admin/ai/alerts")).json["alerts"]
    assert [each["kind"] for each in alerts] == ["audit_broken"]
