"""`/api/admin/ai/tiers`."""

from tests.api.conftest import Web

PATH = "/api/admin/ai/tiers"
PRO = PATH + "/pro"
FIGURES = {
    "requestsPerMinute": 70,
    "tokensPerMinute": 9000,
    "requestsPerDay": None,
    "tokensPerDay": None,
    "itinerariesPerMonth": 7,
    "retries": 1,
}


async def test_a_new_installation_has_the_tiers_of_its_users(web: Web) -> None:
    """From the lowest to the highest, with requests per minute and retries; found by other names too."""
    tiers = (await web.get(PATH)).json["tiers"]
    assert [(each["name"], each["requestsPerMinute"], each["retries"]) for each in tiers] == [
        ("free", 10, 2),
        ("pro", 50, 2),
        ("expert", 200, 3),
        ("master", 1000, 3),
    ]
    assert (await web.get(PATH + "/premium")).json == tiers[2]
    assert (await web.get(PATH + "/gold")).status == 404


async def test_a_tier_is_changed_and_brought_back(web: Web) -> None:
    """With the revision that is meant, audited, in force at once; what is left out has no limit."""
    assert (await web.ask("PUT", PRO, json=FIGURES)).status == 428
    put = await web.ask("PUT", PRO, web.baton.admin | {"If-Match": '"1"'}, json=FIGURES)
    assert (put.status, put.headers["etag"]) == (200, '"2"')
    assert put.json == {"name": "pro", **FIGURES, "revision": 2}
    assert (await web.ask("PUT", PRO, web.baton.admin | {"If-Match": '"1"'}, json=FIGURES)).status == 412
    bare = await web.ask("PUT", PRO, web.baton.admin | {"If-Match": "*"}, json={"retries": 0})
    assert (bare.json["requestsPerMinute"], bare.json["retries"]) == (None, 0)
    undone = await web.ask("POST", PRO + "/undo", web.baton.admin | {"If-Match": '"3"'})
    assert undone.json == {"name": "pro", **FIGURES, "revision": 4}
    entries = (await web.get("/api/admin/audit?kind=tiers&key=pro")).json["entries"]
    assert [each["action"] for each in entries][:3] == ["undo", "update", "update"]
    assert entries[2]["before"]["requestsPerMinute"] == 50


async def test_what_is_no_limit_is_refused_by_its_field(web: Web) -> None:
    """Nothing at all, less than nothing, words, and fields that do not exist."""
    guard = web.baton.admin | {"If-Match": "*"}
    for field, value in (
        ("requestsPerMinute", 0),
        ("tokensPerDay", -5),
        ("tokensPerMinute", "many"),
        ("retries", 11),
        ("requestsPerHour", 5),
    ):
        wrong = await web.ask("PUT", PRO, guard, json={"retries": 2, field: value})
        assert (wrong.status, wrong.json["errors"][0]["field"]) == (400, field)


async def test_tiers_go_out_and_come_in_again(web: Web) -> None:
    """What export gives changes nothing where it came from; an import is all or nothing, or only told."""
    export = (await web.get(PATH + "/export")).json
    same = await web.post(PATH + "/import", export)
    assert same.json == {"changed": [], "dryRun": False}
    changed = [{**each, "requestsPerDay": 100} for each in export["tiers"] if each["name"] != "free"]
    told = await web.post(PATH + "/import", {"tiers": changed, "dryRun": True})
    assert set(told.json["changed"]) == {"pro", "expert", "master"}
    wrong = await web.post(PATH + "/import", {"tiers": [*changed, {"name": "gold", "retries": 1}]})
    assert (wrong.status, wrong.json["errors"][0]["field"]) == (400, "tiers[3].name")
    assert (await web.get(PRO)).json["requestsPerDay"] is None
    await web.post(PATH + "/import", {"tiers": changed})
    days = {each["name"]: each["requestsPerDay"] for each in (await web.get(PATH)).json["tiers"]}
    assert days == {"free": None, "pro": 100, "expert": 100, "master": 100}
