"""`/api/admin/ai/models`."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import update

from baton.records.audit.tables import AUDIT_ENTRIES
from tests.api.conftest import Reply, Web

PATH = "/api/admin/ai/models"
MODEL = {
    "provider": "acme",
    "name": "team/small-1",
    "displayName": "Acme Small",
    "tierAccess": ["free", "Premium"],
    "pricePer": "1M",
    "prices": {"input": "0.15", "output": "0.60"},
}
ONE = f"{PATH}/acme/team/small-1"


async def send(web: Web, method: str, path: str, body: Any, if_match: str | None = None) -> Reply:
    headers: Mapping[str, str] = (
        web.baton.admin if if_match is None else web.baton.admin | {"If-Match": if_match}
    )
    return await web.ask(method, path, headers, json=body)


async def test_a_model_is_made_and_in_force_at_once(web: Web) -> None:
    """201 with an ETag; the next request may name it, by its id with all its slashes."""
    made = await web.post(PATH, MODEL)
    assert (made.status, made.headers["etag"]) == (201, '"1"')
    assert made.json["tierAccess"] == ["expert", "free"]
    found = await web.get(ONE)
    assert found.json == made.json
    assert (await web.get(f"{PATH}/acme%2Fteam%2Fsmall-1")).json == made.json
    chat = {"model": "acme/team/small-1", "messages": [{"role": "user", "content": "hi"}]}
    asked = await web.post("/v1/chat/completions", chat)
    assert "acme" in asked.json["error"]["message"]
    assert asked.json["error"]["code"] != "model_not_found"


async def test_what_exists_is_not_made_twice(web: Web) -> None:
    """POST without a revision never overwrites: 409."""
    await web.post(PATH, MODEL)
    again = await web.post("/api/v1/admin/models", MODEL)
    assert (again.status, again.json["code"]) == (409, "duplicate")


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_a_change_names_its_revision(web: Web, method: str) -> None:
    """Without If-Match 428, with a stale one 412, with nonsense 400; then nothing has changed."""
    made = await web.post(PATH, MODEL)
    body = None if method == "DELETE" else {"tierAccess": ["free"]}
    assert (await send(web, method, ONE, body)).status == 428
    stale = await send(web, method, ONE, body, '"7"')
    assert (stale.status, stale.json["code"]) == (412, "revision_conflict")
    assert (await send(web, method, ONE, body, "yesterday")).status == 400
    assert (await web.get(ONE)).json == made.json


async def test_put_replaces_and_patch_changes(web: Web) -> None:
    """PUT sets what is not named back to its default; PATCH leaves it alone; each is a new revision."""
    await web.post(PATH, MODEL)
    patched = await send(web, "PATCH", ONE, {"quality": 0.9}, '"1"')
    assert (patched.status, patched.headers["etag"]) == (200, '"2"')
    assert (patched.json["quality"], patched.json["displayName"]) == (0.9, "Acme Small")
    put = await send(web, "PUT", ONE, {"tierAccess": ["free"]}, "*")
    assert (put.headers["etag"], put.json["displayName"], put.json["prices"]) == ('"3"', "", [])
    posted = await send(web, "POST", PATH, MODEL, '"3"')
    assert (posted.status, posted.json["displayName"]) == (200, "Acme Small")


async def test_put_makes_what_is_not_there(web: Web) -> None:
    """PUT under a new id is 201; with a revision of something that never was, it is not."""
    assert (await send(web, "PUT", ONE, {"tierAccess": ["free"]}, '"1"')).status == 404
    assert (await send(web, "PUT", ONE, {"tierAccess": ["free"]}, "*")).status == 412
    assert (await send(web, "PUT", ONE, {"tierAccess": ["free"]})).status == 201


async def test_what_is_read_can_be_sent_back(web: Web) -> None:
    """The body of GET is a body for PUT: the same again makes no new revision."""
    await web.post(PATH, MODEL)
    read = await web.get(ONE)
    put = await send(web, "PUT", ONE, read.json, read.headers["etag"])
    assert (put.status, put.json) == (200, read.json)


async def test_the_path_and_the_body_agree(web: Web) -> None:
    """A body that names another model than its path is refused."""
    reply = await send(web, "PUT", ONE, MODEL | {"name": "other"})
    assert (reply.status, reply.json["errors"][0]["field"]) == (400, "name")
    assert (await send(web, "PUT", f"{PATH}/noslash", {})).status == 404


async def test_deleted_is_not_lost(web: Web) -> None:
    """A deleted model is 404 until it is undone; undoing twice deletes it again; history has it all."""
    await web.post(PATH, MODEL)
    gone = await send(web, "DELETE", ONE, None, '"1"')
    assert (gone.status, gone.headers["etag"], gone.body) == (204, '"2"', b"")
    assert (await web.get(ONE)).status == 404
    back = await send(web, "POST", f"{ONE}/undo", None, gone.headers["etag"])
    assert (back.status, back.headers["etag"]) == (200, '"3"')
    assert (await web.get(ONE)).json == back.json
    again = await send(web, "POST", f"{ONE}/undo", None, "*")
    assert again.json["deleted"] is True
    history = (await web.get(f"{ONE}/history")).json["history"]
    assert [(each["revision"], each["deleted"]) for each in history] == [
        (4, True), (3, False), (2, True), (1, False),
    ]  # fmt: skip
    me = (await web.get("/api/admin/users")).json["users"][0]["id"]
    assert {each["changedBy"] for each in history} == {me}


async def test_what_classes_name_is_not_deleted(web: Web) -> None:
    """Or a provider's bare name would mean nothing: 409 that says which, by deletion and by undoing."""
    await web.post(PATH, MODEL | {"provider": "simulated"})
    one = f"{PATH}/simulated/team/small-1"
    await send(web, "DELETE", one, None, "*")
    await send(web, "POST", f"{one}/undo", None, "*")
    classes = {"default": "echo", "cheap": "team/small-1", "premium": "team/small-1"}
    assert (await send(web, "PUT", "/api/admin/ai/classes/simulated", classes)).status == 200
    for refused in (
        await send(web, "DELETE", one, None, "*"),
        await send(web, "POST", f"{one}/undo", None, "*"),
    ):
        assert (refused.status, refused.json["code"]) == (409, "model_in_use")
        assert "the cheap and premium model of simulated" in refused.json["detail"]
    classes = dict.fromkeys(classes, "echo")
    assert (await send(web, "PUT", "/api/admin/ai/classes/simulated", classes, "*")).status == 200
    assert (await send(web, "DELETE", one, None, "*")).status == 204


async def test_what_nobody_changed_is_not_undone(web: Web) -> None:
    """A packaged model stays where only Baton has brought it; so does one that was only made."""
    await web.post(PATH, MODEL)
    for one in (ONE, f"{PATH}/openai/gpt-4o-mini"):
        reply = await send(web, "POST", f"{one}/undo", None, "*")
        assert (reply.status, reply.json["code"]) == (409, "nothing_to_undo")
        assert (await web.get(one)).headers["etag"] == '"1"'


async def test_prices_are_replaced_whole(web: Web) -> None:
    """PATCH of prices leaves none of the old ones behind, and null makes a model unpriced."""
    prices = {"input": "0.15", "output": "0.60", "cachedRead": "0.075"}
    await web.post(PATH, MODEL | {"prices": prices})
    new = {"pricePer": "1M", "prices": {"input": "0.20", "output": "0.80"}}
    (entry,) = (await send(web, "PATCH", ONE, new, "*")).json["prices"]
    assert (entry["input"], entry["output"], entry.get("cachedRead")) == ("0.2", "0.8", None)
    assert (await send(web, "PATCH", ONE, {"prices": None}, "*")).json["prices"] == []
    described = (await web.get("/openapi.json")).json["paths"][PATH + "/{model_id}"]["patch"]
    assert "replaced whole" in described["description"]


async def test_the_list_is_filtered_and_paged(web: Web) -> None:
    """Provider, state and a word narrow the list; pages cover it once."""
    await web.post(PATH, MODEL | {"isEnabled": False})
    everything = (await web.get(f"{PATH}?limit=500")).json
    assert everything["nextCursor"] is None
    ids = [each["id"] for each in everything["models"]]
    assert ids == sorted(ids)
    assert len(ids) == everything["count"] > 50
    assert [each["id"] for each in (await web.get(f"{PATH}?provider=acme")).json["models"]] == [
        "acme/team/small-1"
    ]
    assert "acme/team/small-1" in [
        each["id"] for each in (await web.get(f"{PATH}?enabled=false")).json["models"]
    ]
    assert (await web.get(f"{PATH}?provider=acme&enabled=true")).json["count"] == 0
    assert (await web.get(f"{PATH}?search=ACME+small")).json["count"] == 1
    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        page = (await web.get(f"{PATH}?limit=30{cursor and '&cursor=' + cursor}")).json
        seen += [each["id"] for each in page["models"]]
        cursor = page["nextCursor"]
    assert seen == ids
    assert (await web.get(f"{PATH}?cursor=nonsense")).status == 400


async def test_an_export_can_be_imported(web: Web) -> None:
    """Exporting and importing again changes nothing; a dry run tells and does nothing."""
    export = (await web.get(f"{PATH}/export")).json
    same = (await web.post(f"{PATH}/import", export)).json
    assert (same["created"], same["changed"], len(same["unchanged"])) == ([], [], len(export["models"]))
    changed = [{**export["models"][0], "quality": 0.123}, MODEL]
    dry = (await web.post(f"{PATH}/import", {"models": changed, "dryRun": True})).json
    assert (dry["dryRun"], dry["created"]) == (True, ["acme/team/small-1"])
    assert len(dry["changed"]) == 1
    assert (await web.get(ONE)).status == 404
    wet = (await web.post(f"{PATH}/import", {"models": changed})).json
    assert wet == dry | {"dryRun": False}
    assert (await web.get(ONE)).status == 200


async def test_an_import_tells_every_wrong_model(web: Web) -> None:
    """All or nothing, and each model that is wrong is named with its field."""
    models = [MODEL, MODEL | {"quality": 2}, MODEL | {"name": "x", "tierAccess": ["royal"]}]
    reply = await web.post(f"{PATH}/import", {"models": models})
    assert reply.status == 400
    assert [each["field"] for each in reply.json["errors"]] == ["models[1].quality", "models[2].tierAccess"]
    assert (await web.get(ONE)).status == 404


async def test_a_wrong_model_is_refused(web: Web) -> None:
    """The field is named; money is exact, so a number finer than a nano-dollar is refused."""
    for wrong, field in (
        ({"colour": "red"}, "colour"),
        ({"quality": "high"}, "quality"),
        ({"pricePer": None}, "pricePer"),
        ({"prices": {"input": "0.1234567891", "output": "1"}}, "prices.input"),
    ):
        reply = await web.post(PATH, MODEL | wrong)
        assert reply.status == 400, wrong
        assert reply.json["errors"][0]["field"] == field
    assert (await web.post(PATH, [MODEL])).status == 400
    half_a_pair = await web.post(PATH, MODEL | {"displayName": "\ud800"})
    assert (half_a_pair.status, half_a_pair.json["code"]) == (400, "invalid_json")


async def test_every_change_is_audited(web: Web) -> None:
    """Who, from where, before and after."""
    await web.post(PATH, MODEL)
    await send(web, "PATCH", ONE, {"quality": 0.9}, '"1"')
    entries = (await web.get("/api/admin/audit?kind=model&key=acme/team/small-1")).json["entries"]
    assert [each["action"] for each in entries] == ["update", "create"]
    assert (entries[0]["before"]["quality"], entries[0]["after"]["quality"]) == (0.5, 0.9)
    assert entries[1]["before"] is None
    assert entries[0]["source"] == "127.0.0.1"
    assert entries[0]["at"].endswith("Z")


async def test_the_audit_shows_a_model_as_its_own_route_does(web: Web) -> None:
    """Prices are USD in decimal strings per a unit that is named, there as here."""
    await web.post(PATH, MODEL)
    before = (await web.get(ONE)).json
    await send(web, "PATCH", ONE, {"dailyBudgetUsd": "12.50"}, '"1"')
    after = (await web.get(ONE)).json
    entry = (await web.get("/api/admin/audit?kind=model&key=acme/team/small-1")).json["entries"][0]
    for shown, read in ((entry["before"], before), (entry["after"], after)):
        assert shown == {name: value for name, value in read.items() if name in shown}
        assert read.keys() - shown.keys() == {"revision", "origin", "changedAt", "changedBy"}
    assert (entry["before"]["dailyBudgetUsd"], entry["after"]["dailyBudgetUsd"]) == (None, "12.5")
    assert entry["after"]["prices"][0]["input"] == "0.15"


async def test_the_audit_shows_what_it_can_no_longer_read(web: Web) -> None:
    """An entry that an older version wrote in another form is shown as it is stored."""
    await web.post(PATH, MODEL)
    async with web.baton.app.store.database.write() as connection:
        await connection.execute(
            update(AUDIT_ENTRIES)
            .where(AUDIT_ENTRIES.c.kind == "model")
            .values(after='{"shape": "long gone"}')
        )
    entries = (await web.get("/api/admin/audit?kind=model&limit=1")).json["entries"]
    assert entries[0]["after"] == {"shape": "long gone"}
