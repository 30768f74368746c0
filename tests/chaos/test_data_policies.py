"""What may not be sent to a provider is not, whatever happens: outages, broken streams, listed fallbacks."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from baton.api.admin.data_policies import PATH
from tests.chaos.heard import heard_in
from tests.chaos.speech import SPEECHES, Speech
from tests.chaos.street import HOUSES, Street, open_street
from tests.chaos.test_default_order import MODELS
from tests.chaos.wire import Reply, line_to, post

STATED = {
    "openai": {"trainsOnData": False, "region": "eu-west-1"},
    "deepseek": {"trainsOnData": False, "region": "eu"},
    "anthropic": {"trainsOnData": True, "region": "eu"},
    "xai": {"trainsOnData": False, "region": "us"},
}
ABLE = {"openai", "deepseek"}
REQUIRED = "x-baton-data-needs: no-training, region:eu"
FAULTS = ["fault=503", "fault=reset", "fault=429;retry_after=30", "fault=cut;after=2"]
BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@pytest_asyncio.fixture
async def street(tmp_path: Path) -> AsyncGenerator[Street]:
    """Two of five providers state what is required."""
    async with open_street(tmp_path) as street:
        for provider, said in STATED.items():
            assert (await admin(street, f"{PATH}/{provider}", said, "PUT")).status == 200
        yield street


async def admin(street: Street, path: str, said: object, method: str, *headers: str) -> Reply:
    async with line_to(street.baton.url) as line:
        request = post(street.baton.key, json.dumps(said).encode(), *headers, path=path)
        await line.send(request.replace(b"POST ", f"{method} ".encode(), 1))
        return await line.reply()


def asked(street: Street) -> set[str]:
    """Who was sent anything."""
    return {name for name in HOUSES if street.calls(name)}


@BOTH
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("speech", SPEECHES.values(), ids=SPEECHES)
async def test_only_who_may_takes_over(street: Street, speech: Speech, fault: str, stream: bool) -> None:
    """The named one fails, before or in the midst of its answer, and its caller lists one that may not: the
    only other one that may serves."""
    street.behaves("openai", fault)
    listed = f"x-baton-fallback: {MODELS['anthropic']},{MODELS['xai']},{MODELS['deepseek']}"
    for headers in ((REQUIRED,), (REQUIRED, listed)):
        reply = await street.ask(speech, MODELS["openai"], *headers, stream=stream)
        assert reply.status == 200, reply.body[:400]
        assert "Hello there" in heard_in(speech.dialect, reply).text
    assert asked(street) == ABLE


@BOTH
async def test_with_all_that_may_away_nobody_is_asked(street: Street, stream: bool) -> None:
    """An error, and nothing has gone to the three others."""
    for provider in ABLE:
        street.behaves(provider, "fault=503")
    for model in ("auto", MODELS["openai"], MODELS["deepseek"]):
        reply = await street.ask(SPEECHES["openai"], model, REQUIRED, stream=stream)
        assert reply.status >= 500, reply.body[:400]
    assert asked(street) == ABLE


@pytest.mark.parametrize("speech", SPEECHES.values(), ids=SPEECHES)
async def test_a_named_model_that_may_not_is_refused(street: Street, speech: Speech) -> None:
    """In the caller's dialect, with the reason, and on the record; nothing is sent, also not to be counted or
    embedded."""
    for name in ("anthropic", "xai", "google"):
        reply = await street.ask(speech, MODELS[name], REQUIRED, stream=False)
        message = speech.refused(reply, 422)
        assert "data" in message
        assert name in message
    for path, said in (
        (
            "/v1/messages/count_tokens",
            {"model": MODELS["anthropic"], "messages": [{"role": "user", "content": "x"}]},
        ),
        ("/v1/embeddings", {"model": "google/gemini-embedding-001", "input": "x"}),
    ):
        reply = await admin(street, path, said, "POST", REQUIRED)
        assert reply.status == 422, reply.body[:400]
    assert asked(street) == set()


async def test_a_statement_taken_back_counts_from_the_next_request_on(street: Street) -> None:
    """Also where the router knew the answer."""
    speech = SPEECHES["openai"]
    for _ in range(2):
        reply = await street.ask(speech, MODELS["openai"], REQUIRED, stream=False)
        assert reply.headers["x-baton-provider"] == "openai"
    before = street.calls("openai")
    assert (await admin(street, f"{PATH}/openai", {}, "PUT", "If-Match: *")).status == 200
    speech.refused(await street.ask(speech, MODELS["openai"], REQUIRED, stream=False), 422)
    reply = await street.ask(speech, "auto", REQUIRED, stream=False)
    assert reply.headers["x-baton-provider"] == "deepseek"
    assert street.calls("openai") == before


async def test_a_kept_answer_is_for_those_who_required_the_same(street: Street) -> None:
    """Also where the same provider would serve both: it may have been another one when it was asked for."""
    speech, kept = SPEECHES["openai"], "x-baton-cache: exact"

    async def verdict(*headers: str) -> str:
        return (await street.ask(speech, MODELS["openai"], kept, *headers, stream=False)).headers[
            "x-baton-cache"
        ]

    assert [await verdict(), await verdict()] == ["miss", "hit"]
    assert [await verdict(REQUIRED), await verdict(REQUIRED)] == ["miss", "hit"]
    assert await verdict("x-baton-data-needs: no-training") == "miss"


async def test_equal_requests_are_joined_only_where_they_require_the_same(street: Street) -> None:
    """Whoever waits for another one's answer has the terms of that one."""
    street.behaves("openai", "latency=300")
    speech, kept = SPEECHES["openai"], "x-baton-cache: exact"
    asks = [
        street.ask(speech, MODELS["openai"], kept, *more, stream=False)
        for more in ((), (), (REQUIRED,), (REQUIRED,))
    ]
    replies = await asyncio.gather(*asks)
    assert {reply.status for reply in replies} == {200}
    assert len(street.calls("openai")) == 2


@pytest.mark.parametrize("retries", ["fault=429;retry_after=1", "fault=503"])
async def test_a_statement_taken_back_in_between_is_taken_back_for_what_is_on_its_way(
    street: Street, retries: str
) -> None:
    """Neither is the same provider asked again, nor another one that was listed before."""
    street.behaves("openai", f"{retries};latency=300")
    headers = (REQUIRED, f"x-baton-fallback: {MODELS['deepseek']}", "x-baton-max-retries: 5")
    under_way = asyncio.create_task(street.ask(SPEECHES["openai"], MODELS["openai"], *headers, stream=False))
    while not street.calls("openai"):  # noqa: ASYNC110 (what it waits for has no event)
        await asyncio.sleep(0.002)
    for provider in ABLE:
        await admin(street, f"{PATH}/{provider}", {"trainsOnData": True}, "PUT", "If-Match: *")
    reply = await under_way
    assert reply.status >= 400
    assert (len(street.calls("openai")), street.calls("deepseek")) == (1, ())


async def test_a_project_that_is_archived_meanwhile_still_requires_it(street: Street) -> None:
    """The request's head came before, its body after."""
    made = await admin(
        street, "/api/projects", {"name": "P", "dataNeeds": ["no-training", "region:eu"]}, "POST"
    )
    project = made.json["id"]
    speech = SPEECHES["openai"]
    body = speech.body(MODELS["xai"])
    async with line_to(street.baton.url) as line:
        whole = post(street.baton.key, body, f"x-baton-project: {project}")
        await line.send(whole[:-10])
        while street.baton.app.keyring.required_by(project) == frozenset():  # noqa: ASYNC110 (as above)
            await asyncio.sleep(0.002)
        archived = await admin(street, f"/api/projects/{project}", {"archived": True}, "PATCH", "If-Match: *")
        assert archived.status == 200
        await line.send(whole[-10:])
        reply = await line.reply()
    assert reply.status in (404, 422)
    assert asked(street) == set()


@BOTH
async def test_a_projects_requests_obey_it(street: Street, stream: bool) -> None:
    """Whatever they say themselves, and whoever fails."""
    made = await admin(
        street, "/api/projects", {"name": "P", "dataNeeds": ["no-training", "region:eu"]}, "POST"
    )
    project = f"x-baton-project: {made.json['id']}"
    street.behaves("deepseek", "fault=503")
    for model in ("auto", MODELS["deepseek"], MODELS["openai"]):
        reply = await street.ask(SPEECHES["openai"], model, project, stream=stream)
        assert reply.status == 200, reply.body[:400]
    SPEECHES["openai"].refused(
        await street.ask(SPEECHES["openai"], MODELS["xai"], project, stream=stream), 422
    )
    assert asked(street) <= ABLE
