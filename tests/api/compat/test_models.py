"""`GET /v1/models`."""

from urllib.parse import quote

import openai

from tests.api.conftest import Web
from tests.conftest import StartBaton

KEY = {"OPENAI_API_KEY": "sk-not-a-real-key"}


async def test_only_what_can_be_called_is_listed(start_baton: StartBaton, session) -> None:
    """Models of configured providers, and `auto` first."""
    web = Web(await start_baton(KEY), session)
    listed = (await web.get("/v1/models")).json["data"]
    assert listed[0]["id"] == "auto"
    assert {each["owned_by"] for each in listed} == {"baton", "openai", "simulated"}
    assert all(each["object"] == "model" and isinstance(each["created"], int) for each in listed)
    assert "openai/gpt-4o" in {each["id"] for each in listed}


async def test_only_what_the_tier_may_use_is_listed(web: Web) -> None:
    """A model of a higher tier is neither listed nor found, and is once the tier has it."""
    user = await web.baton.user(tier="free")
    path = "/api/admin/ai/models/simulated/lorem"
    match = web.baton.admin | {"If-Match": "*"}
    await web.ask("PATCH", path, match, json={"tierAccess": ["master"]})
    assert "simulated/lorem" not in str((await web.get("/v1/models", user)).json)
    missing = await web.get("/v1/models/simulated/lorem", user)
    assert (missing.status, missing.json["error"]["code"]) == (404, "model_not_found")
    assert (await web.get("/v1/models/simulated/lorem")).status == 200
    await web.ask("PATCH", path, match, json={"tierAccess": ["free"]})
    assert (await web.get("/v1/models/simulated/lorem", user)).status == 200


async def test_one_is_found_by_any_of_its_names(start_baton: StartBaton, session) -> None:
    """With its slash as it is or encoded, by an alias, in any case; `auto` too; nonsense is 404."""
    web = Web(await start_baton(KEY), session)
    for name in ("openai/gpt-4o", quote("openai/gpt-4o", safe=""), "gpt-4o", "OpenAI/GPT-4o"):
        assert (await web.get(f"/v1/models/{name}")).json["id"] == "openai/gpt-4o"
    assert (await web.get("/v1/models/auto")).json["id"] == "auto"
    assert (await web.get("/v1/models/anthropic/claude-3-opus-20240229")).status == 404
    assert (await web.get("/v1/models/openai/no-such-thing")).status == 404


async def test_the_official_sdk_reads_it(web: Web) -> None:
    """`models.list()` and `models.retrieve()` work as against OpenAI."""
    async with openai.AsyncOpenAI(base_url=f"{web.baton.url}/v1", api_key=web.baton.key) as client:
        ids = [model.id async for model in client.models.list()]
        assert ids[0] == "auto"
        assert (await client.models.retrieve(ids[1])).id == ids[1]
