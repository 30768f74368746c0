"""What may not be sent to a provider is not, whatever happens: outages, broken streams, listed fallbacks."""

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
REQUIRED = "x-baton-data-policy: no-training, region:eu"
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


async def test_an_answer_of_who_may_not_is_not_given_again(street: Street) -> None:
    """Nor is it joined: whoever requires something gets no answer that was asked for without it."""
    speech, kept = SPEECHES["openai"], "x-baton-cache: exact"
    exclude = f"x-baton-exclude: {','.join(ABLE)}"
    free = await street.ask(speech, "auto", kept, exclude, stream=False)
    assert free.headers["x-baton-provider"] not in ABLE
    again = await street.ask(speech, "auto", kept, exclude, stream=False)
    assert again.headers["x-baton-cache"] == "hit"
    for headers in ((kept,), (kept, exclude)):
        reply = await street.ask(speech, "auto", REQUIRED, *headers, stream=False)
        assert reply.status == 422 or reply.headers["x-baton-provider"] in ABLE
        assert reply.headers.get("x-baton-cache") != "hit"


@BOTH
async def test_a_projects_requests_obey_it(street: Street, stream: bool) -> None:
    """Whatever they say themselves, and whoever fails."""
    made = await admin(
        street, "/api/projects", {"name": "P", "dataPolicy": ["no-training", "region:eu"]}, "POST"
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
