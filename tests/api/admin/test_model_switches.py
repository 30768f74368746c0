"""`POST /api/admin/ai/models/bulk`."""

from tests.api.conftest import Web

PATH = "/api/admin/ai/models"
BULK = PATH + "/bulk"


async def test_a_provider_is_switched_off_and_on_again(web: Web) -> None:
    """All of its models in one change and no others, in force at once; each is audited and can be undone."""
    told = (await web.post(BULK, {"provider": "simulated", "isEnabled": False})).json
    theirs = (await web.get(f"{PATH}?provider=simulated")).json["models"]
    assert sorted(told["changed"]) == [model["id"] for model in theirs]
    assert not any(model["isEnabled"] for model in theirs)
    assert {each["provider"] for each in (await web.get(f"{PATH}?enabled=false")).json["models"]} == {
        "simulated"
    }
    assert (await web.get("/api/v1/models")).json["count"] == 0
    again = (await web.post(BULK, {"provider": "simulated", "isEnabled": False})).json
    assert (again["changed"], again["unchanged"]) == ([], len(theirs))
    audit = (await web.get("/api/admin/audit?kind=model")).json["entries"]
    assert {entry["key"] for entry in audit if entry["action"] == "update"} == set(told["changed"])
    undo = await web.ask("POST", f"{PATH}/simulated/echo/undo", web.baton.admin | {"If-Match": "*"})
    assert undo.json["isEnabled"] is True
    back = (await web.post(BULK, {"provider": "simulated", "isEnabled": True})).json
    assert (len(back["changed"]), back["unchanged"]) == (len(theirs) - 1, 1)


async def test_a_dry_run_only_tells(web: Web) -> None:
    """The same answer, and nothing has changed; an unknown provider is a 404."""
    told = (await web.post(BULK, {"provider": "simulated", "isEnabled": False, "dryRun": True})).json
    assert len(told["changed"]) > 3
    assert (await web.get(f"{PATH}?enabled=false")).json["count"] == 0
    assert (await web.post(BULK, {"provider": "nobody", "isEnabled": False})).status == 404
