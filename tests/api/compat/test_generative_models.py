"""`GET /v1beta/models`."""

from urllib.parse import quote

import aiohttp
import pytest
from google import genai
from google.genai import types

from tests.api.conftest import Web
from tests.conftest import StartBaton

KEY = {"OPENAI_API_KEY": "sk-nothing-is-asked", "GEMINI_API_KEY": "nothing-is-asked"}


async def test_every_model_is_told_once_through_all_pages(start_baton: StartBaton, session) -> None:
    """Pages of any size lead through the same models that OpenAI's list has, and end."""
    web = Web(await start_baton(KEY), session)
    everything = [f"models/{each['id']}" for each in (await web.get("/v1/models")).json["data"]]
    assert any(name.startswith("models/google/") for name in everything)
    seen: list[str] = []
    token = ""
    while True:
        reply = await web.get(f"/v1beta/models?pageSize=7&pageToken={token}")
        assert reply.status == 200, reply.body
        seen += [each["name"] for each in reply.json["models"]]
        token = reply.json.get("nextPageToken")
        if not token:
            break
    assert seen == everything
    whole = await web.get("/v1beta/models?pageSize=1000")
    assert (len(whole.json["models"]), "nextPageToken" in whole.json) == (len(everything), False)


async def test_one_model_is_found_by_any_of_its_names(start_baton: StartBaton, session) -> None:
    """With a slash in it or without; limits in Google's words, and nothing of what nobody knows."""
    web = Web(await start_baton(KEY), session)
    for name in ("openai/gpt-4o-mini", "gpt-4o-mini", quote("openai/gpt-4o-mini", safe="")):
        known = (await web.get(f"/v1beta/models/{name}")).json
        assert known["name"] == "models/openai/gpt-4o-mini"
        assert (known["inputTokenLimit"], known["outputTokenLimit"]) == (128000, 16384)
        assert "generateContent" in known["supportedGenerationMethods"]
    assert (await web.get("/v1beta/models/auto")).json["name"] == "models/auto"
    assert None not in (await web.get("/v1beta/models/auto")).json.values()


@pytest.mark.parametrize("query", ["pageSize=-1", "pageSize=many", "pageToken=nobody", "pageToken=%ff"])
@pytest.mark.asyncio(loop_scope="module")
async def test_a_page_that_cannot_be_is_refused(shared: Web, query: str) -> None:
    """400 in Google's shape, not an empty page that looks like the end."""
    reply = await shared.get(f"/v1beta/models?{query}")
    assert (reply.status, reply.json["error"]["status"]) == (400, "INVALID_ARGUMENT")


async def test_an_unknown_model_and_an_unknown_verb_are_told(web: Web) -> None:
    """404 each, with a sentence of its own; a tuned model's path says what to do instead."""
    for method, path, words in (
        ("GET", "/v1beta/models/nobody", "no model 'nobody'"),
        ("POST", "/v1beta/models/auto:embedContent", ":countTokens"),
        ("POST", "/v1beta/tunedModels/mine:generateContent", "Tuned models"),
        ("GET", "/v1beta/tunedModels", "Tuned models"),
    ):
        reply = await web.ask(method, path)
        assert (reply.status, reply.json["error"]["status"]) == (404, "NOT_FOUND"), path
        assert words in reply.json["error"]["message"]


async def test_a_key_is_needed(web: Web) -> None:
    """In a header or in the query, as Google's clients send it; else 401."""
    assert (await web.get("/v1beta/models", {})).status == 401
    assert (await web.get(f"/v1beta/models?key={quote(web.baton.key)}", {})).status == 200
    assert (await web.get("/v1beta/models", {"x-goog-api-key": web.baton.key})).status == 200


async def test_the_official_sdk_reads_it(start_baton: StartBaton, session: aiohttp.ClientSession) -> None:
    """`models.list()` pages through all, and `models.get()` finds one."""
    baton = await start_baton(KEY)
    for version in ("v1", "v1beta"):  # the SDK's default was the one, and is the other
        options = types.HttpOptions(base_url=baton.url, api_version=version, aiohttp_client=session)
        client = genai.Client(api_key=baton.key, http_options=options).aio
        names = [model.name async for model in await client.models.list(config={"page_size": 9})]
        assert names[0] == "models/auto"
        assert len(set(names)) == len(names) > 20
        found = await client.models.get(model="openai/gpt-4o")
        assert (found.name, found.input_token_limit) == ("models/openai/gpt-4o", 128000)
