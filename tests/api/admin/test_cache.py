"""`/api/admin/cache`."""

from typing import Any

from tests.api.conftest import Reply, Web

PATH = "/api/admin/cache"
CHAT = "/v1/chat/completions"


async def asked(web: Web, *, content: str = "hi", **headers: str) -> Reply:
    """One chat at temperature 0."""
    body = {"model": "echo", "temperature": 0, "messages": [{"role": "user", "content": content}]}
    named = {f"x-baton-{name.replace('_', '-')}": value for name, value in headers.items()}
    return await web.ask("POST", CHAT, {**web.baton.admin, **named}, json=body)


async def cache_of(web: Web, **headers: str) -> str:
    return (await asked(web, **headers)).headers["x-baton-cache"]


async def stats(web: Web) -> Any:
    return (await web.get(PATH)).json


async def test_hits_and_savings_are_told_by_use_case(web: Web) -> None:
    """Entries, bytes, hits, misses, tokens, time."""
    empty = await stats(web)
    assert (empty["entries"], empty["bytes"], empty["total"]["hitRate"]) == (0, 0, 0)
    for _ in range(4):
        await asked(web, use_case="faq")
    await asked(web, content="Another")
    told = await stats(web)
    assert told["entries"] == 2
    assert 0 < told["bytes"] < told["mostBytes"]
    by_use_case = {each["useCase"]: each for each in told["byUseCase"]}
    faq = by_use_case["faq"]
    assert (faq["asked"], faq["hits"], faq["misses"], faq["hitRate"]) == (4, 3, 1, 0.75)
    assert faq["savedTokens"] > 0
    assert (by_use_case[None]["asked"], told["total"]["asked"]) == (1, 5)


async def test_answers_are_forgotten_by_what_they_are(web: Web) -> None:
    """By key, interaction, model, use case, tag, reach and owner; only those that match all that is said."""
    me = (await web.get("/api/me")).json["id"]
    said = {"use_case": "faq", "tags": "page=home"}
    paid = (await asked(web, **said)).headers["x-baton-interaction"]
    hit = await asked(web, **said)
    await web.baton.app.ledger.flush()
    row = (await web.get(f"/api/interactions/{hit.headers['x-baton-interaction']}")).json
    assert row["cachedFrom"] == paid
    for wrong in ({"key": "x"}, {"model": "simulated/lorem"}, {"useCase": "faq", "tag": "page=shop"}):
        assert (await web.post(PATH + "/invalidate", wrong)).json == {"forgotten": 0}
    for right in (
        {"interaction": paid},
        {"key": row["cacheKey"]},
        {"model": "simulated/echo"},
        {"useCase": "faq", "tag": "page=home"},
        {"reach": "user", "owner": me},
        {"all": True},
    ):
        assert await cache_of(web, **said) == "hit"
        assert (await web.post(PATH + "/invalidate", right)).json == {"forgotten": 1}, right
        assert await cache_of(web, **said) == "miss"
    [entry, *_] = (await web.get("/api/admin/audit?kind=cache")).json["entries"]
    assert (entry["action"], entry["after"]) == ("invalidate", {"all": True})


async def test_forgetting_wants_to_be_told_what(web: Web) -> None:
    """An empty body does not mean everything."""
    for body in ({}, {"all": False}, {"all": True, "useCase": "faq"}, {"modell": "x"}):
        assert (await web.post(PATH + "/invalidate", body)).status == 400, body


async def test_a_use_case_is_cached_by_its_rule(web: Web) -> None:
    """Switched on whatever the temperature, switched off at 0, and shared where it says so."""
    body = {"model": "echo", "messages": [{"role": "user", "content": "hi"}]}
    headers = {**web.baton.admin, "x-baton-use-case": "faq"}
    bob = {**await web.baton.user(), "x-baton-use-case": "faq"}

    async def cache(of: dict[str, str]) -> str:
        return (await web.ask("POST", CHAT, of, json=body)).headers["x-baton-cache"]

    assert await cache(headers) == "off"
    rule = PATH + "/rules/faq"
    assert (await web.ask("PUT", rule, json={"exact": True})).status == 200
    assert [await cache(headers) for _ in range(2)] == ["miss", "hit"]
    assert await cache(bob) == "miss"
    guard = {**web.baton.admin, "If-Match": "*"}
    assert (await web.ask("PUT", rule, guard, json={"reach": "shared", "ttlS": 60})).status == 200
    assert [await cache(each) for each in (headers, bob)] == ["miss", "hit"]
    assert (await web.ask("PUT", rule, guard, json={"exact": False})).status == 200
    assert await cache_of(web, use_case="faq") == "off"
    assert await cache_of(web, use_case="faq", cache="exact") == "miss"
    assert (await web.ask("PUT", rule, guard, json={"ttlS": 0})).status == 400


async def test_native_chats_say_whether_they_were_cached(web: Web) -> None:
    """By `enableCache`; the model's line says it too."""
    body = {"messages": [{"role": "user", "content": "hi"}], "model": "echo", "enableCache": True}
    first = (await web.post("/api/ai/v2/chat", body)).json
    again = (await web.post("/api/ai/v2/chat", body)).json
    assert (first["wasCached"], again["wasCached"]) == (False, True)
    assert again["content"] == first["content"]
    await web.baton.app.ledger.flush()
    assert (await web.get(f"/api/interactions/{again['id']}/model-info")).json["wasCached"] is True
    assert (await web.post("/api/ai/v2/chat", {**body, "enableCache": False})).json["wasCached"] is False
