"""`GET /v1/models`."""

from typing import Any
from urllib.parse import quote

import anthropic
import openai
import pytest

from baton.api.compat.model_shapes import PageWish, nameless, page
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


VERSION = {"anthropic-version": "2023-06-01"}


async def paged(web: Web, query: str = "") -> dict[str, Any]:
    reply = await web.get(f"/v1/models?{query}", web.baton.admin | VERSION)
    assert reply.status == 200, reply.body
    return reply.json


async def test_the_other_dialect_is_answered_in_its_own_shape(start_baton: StartBaton, session) -> None:
    """With `anthropic-version`: times, limits and life cycle in that dialect's words, in pages of 20."""
    web = Web(await start_baton(KEY), session)
    listed = await paged(web)
    assert set(listed) == {"data", "has_more", "first_id", "last_id"}
    assert (len(listed["data"]), listed["has_more"]) == (20, True)
    assert (listed["first_id"], listed["last_id"]) == ("auto", listed["data"][-1]["id"])
    known = (await web.get("/v1/models/gpt-4o", web.baton.admin | VERSION)).json
    assert (known["type"], known["id"], known["display_name"]) == ("model", "openai/gpt-4o", "GPT-4o")
    assert (known["created_at"], known["max_input_tokens"]) == ("2024-05-13T00:00:00Z", 128000)
    assert known["lifecycle"] == "deprecated"
    assert known["retires_at"] == "2027-01-14T00:00:00Z"


async def test_pages_lead_through_the_whole_list_both_ways(start_baton: StartBaton, session) -> None:
    """Forwards by `after_id`, backwards by `before_id`: each model once, and the same as OpenAI's list."""
    web = Web(await start_baton(KEY), session)
    everything = [each["id"] for each in (await web.get("/v1/models")).json["data"]]
    seen: list[str] = []
    query = "limit=7"
    while True:
        got = await paged(web, query)
        seen += [each["id"] for each in got["data"]]
        if not got["has_more"]:
            break
        query = f"limit=7&after_id={quote(got['last_id'], safe='')}"
    assert seen == everything
    back: list[str] = []
    query = f"limit=7&before_id={quote(everything[-1], safe='')}"
    while True:
        got = await paged(web, query)
        back = [each["id"] for each in got["data"]] + back
        if not got["has_more"]:
            break
        query = f"limit=7&before_id={quote(got['first_id'], safe='')}"
    assert back == everything[:-1]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=1001", "after_id=nobody", "before_id=nobody", "after_id=auto&before_id=auto"]
)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_page_that_cannot_be_is_refused(shared: Web, query: str) -> None:
    """400, not an empty page that looks like the end."""
    assert (await shared.get(f"/v1/models?{query}", shared.baton.admin | VERSION)).status == 400


async def test_the_other_official_sdk_reads_it(start_baton: StartBaton) -> None:
    """`models.list()` of Anthropic's SDK pages through all, and `models.retrieve()` finds one."""
    baton = await start_baton(KEY)
    async with anthropic.AsyncAnthropic(base_url=baton.url, api_key=baton.key) as client:
        found = [model async for model in client.models.list(limit=9)]
        assert found[0].id == "auto"
        assert len({model.id for model in found}) == len(found) > 20
        assert (await client.models.retrieve("openai/gpt-4o")).created_at.year == 2024


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
def test_a_page_knows_whether_there_is_another(limit: int) -> None:
    """Exactly, at both ends: no last page that is empty."""
    models = [nameless(str(number)) for number in range(4)]
    for at in range(4):
        behind = page(models, PageWish(limit=limit, after_id=str(at)))
        assert [model.id for model in behind.data] == [str(each) for each in range(4)][at + 1 :][:limit]
        assert behind.has_more == (3 - at > limit)
        before = page(models, PageWish(limit=limit, before_id=str(at)))
        assert [model.id for model in before.data] == [str(each) for each in range(at)][-limit:]
        assert before.has_more == (at > limit)
