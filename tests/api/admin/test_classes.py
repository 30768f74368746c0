"""`/api/admin/ai/classes`."""

from tests.api.conftest import Web

PATH = "/api/admin/ai/classes"
OPENAI = PATH + "/openai"
NEW = {"default": "gpt-4o-mini", "cheap": "gpt-4o-mini", "premium": "gpt-4o"}


async def test_a_providers_bare_name_follows_its_default(web: Web) -> None:
    """The change is in force at once, audited, and can be undone."""
    catalog = web.baton.app.catalog
    before = catalog.current().resolve("openai").offer.id
    assert (await web.ask("PUT", OPENAI, json=NEW)).status == 428
    put = await web.ask("PUT", OPENAI, web.baton.admin | {"If-Match": '"1"'}, json=NEW)
    assert (put.status, put.headers["etag"], put.json["premium"]) == (200, '"2"', "gpt-4o")
    assert catalog.current().resolve("openai").offer.id == "openai/gpt-4o-mini" != before
    assert catalog.current().resolve("anthropic").known
    entry = (await web.get("/api/admin/audit?kind=model_classes&key=openai")).json["entries"][0]
    assert entry["after"]["default"] == "gpt-4o-mini"
    undone = await web.ask("POST", OPENAI + "/undo", web.baton.admin | {"If-Match": '"2"'})
    assert undone.status == 200
    assert catalog.current().resolve("openai").offer.id == before


async def test_classes_name_models_of_the_catalog(web: Web) -> None:
    """Another provider's model is refused by its field, an unknown provider is a 404, a new one is made."""
    wrong = await web.ask("PUT", OPENAI, web.baton.admin | {"If-Match": "*"}, json=NEW | {"cheap": "nothing"})
    assert (wrong.status, wrong.json["errors"][0]["field"]) == (400, "cheap")
    assert (await web.ask("PUT", PATH + "/nobody", json=NEW)).status == 404
    made = {"default": "echo", "cheap": "echo", "premium": "lorem"}
    assert (await web.ask("PUT", PATH + "/simulated", json=made)).json["revision"] == 1
    listed = {each["provider"]: each for each in (await web.get(PATH)).json["classes"]}
    assert {"openai", "anthropic", "simulated"} <= listed.keys()
