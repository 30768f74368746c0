"""`/api/admin/spots`."""

from tests.api.conftest import Web

PATH = "/api/admin/spots"
BODY = {
    "city": "Lisbon",
    "names": {"en": "Estrela Garden", "pt": "Jardim da Estrela"},
    "addresses": {"pt": "Praça da Estrela"},
    "category": "park",
    "localness": 4,
    "coordinates": {"lat": 38.714, "lon": -9.16},
    "source": "A walk",
}
ONE = PATH + "/my-garden"


async def test_a_new_installation_has_samples(web: Web) -> None:
    """Of three cities, marked as such; listed by id, page by page, or of one city however it is written."""
    first = (await web.get(PATH + "?limit=30")).json
    rest = (await web.get(f"{PATH}?limit=30&cursor={first['nextCursor']}")).json
    ids = [each["id"] for each in first["spots"] + rest["spots"]]
    assert (ids, rest["nextCursor"]) == (sorted(ids), None)
    assert {each["city"] for each in first["spots"] + rest["spots"]} == {"Berlin", "Kyoto", "Lisbon"}
    assert all(each["sample"] for each in first["spots"])
    lisbon = (await web.get(PATH + "?city=LISBON&limit=500")).json["spots"]
    assert {each["city"] for each in lisbon} == {"Lisbon"}


async def test_a_place_is_set_changed_taken_away_and_brought_back(web: Web) -> None:
    """With the revision that is meant, and audited."""
    put = await web.ask("PUT", ONE, json=BODY)
    assert (put.status, put.json["names"], put.json["sample"]) == (200, BODY["names"], False)
    assert (await web.ask("PUT", ONE, json=BODY)).status == 428
    match = web.baton.admin | {"If-Match": put.headers["etag"]}
    changed = await web.ask("PUT", ONE, match, json=BODY | {"localness": 5})
    assert changed.json["localness"] == 5
    undone = await web.ask("POST", ONE + "/undo", web.baton.admin | {"If-Match": changed.headers["etag"]})
    assert undone.json["localness"] == 4
    gone = await web.ask("DELETE", ONE, web.baton.admin | {"If-Match": undone.headers["etag"]})
    assert (gone.status, (await web.get(ONE)).status) == (204, 404)
    entries = (await web.get("/api/admin/audit?kind=spots&key=my-garden")).json["entries"]
    assert [each["action"] for each in entries] == ["delete", "undo", "update", "create"]


async def test_places_go_out_and_come_in_again(web: Web) -> None:
    """As JSON and as CSV, changing nothing where they came from; a dry run only tells."""
    as_json = (await web.get(PATH + "/export")).json["spots"]
    as_csv = (await web.get(PATH + "/export?format=csv")).body.decode()
    same = {"created": 0, "changed": 0, "unchanged": len(as_json)}
    assert (await web.post(PATH + "/import", {"spots": as_json})).json == same | {"dryRun": False}
    assert (await web.post(PATH + "/import", {"csv": as_csv, "dryRun": True})).json == same | {"dryRun": True}
    more = {"csv": "id,city,category,localness,names.en,source\nnew-one,Porto,park,3,Palácio,a walk\n"}
    told = await web.post(PATH + "/import", more | {"dryRun": True})
    assert (told.json["created"], (await web.get(PATH + "/new-one")).status) == (1, 404)
    assert (await web.post(PATH + "/import", more)).json["created"] == 1
    assert (await web.get(PATH + "/new-one")).json["city"] == "Porto"


async def test_every_wrong_row_of_an_import_is_named(web: Web) -> None:
    """And nothing is taken over: all or nothing."""
    rows = [{"id": "fine", **BODY}, {"id": "far", **BODY, "localness": 9}, {"id": "none"}]
    wrong = await web.post(PATH + "/import", {"spots": rows})
    assert wrong.status == 400
    assert [each["field"] for each in wrong.json["errors"]] == ["spots[1].localness", "spots[2]"]
    assert (await web.get(PATH + "/fine")).status == 404
    text = "id,city,category,localness,names.en,source\na,Porto,park,0,x,y\n"
    wrong = await web.post(PATH + "/import", {"csv": text})
    assert [each["field"] for each in wrong.json["errors"]] == ["csv[0].localness"]
    for body in ({}, {"spots": [], "csv": ""}, {"csv": "mood\n"}):
        assert (await web.post(PATH + "/import", body)).status == 400
