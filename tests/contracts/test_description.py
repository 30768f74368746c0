"""What Baton says is what OpenAI's API description says it should be."""

import json
from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace

from baton.core.answer import ChatResponse
from baton.core.losses import Losses
from baton.core.messages import Part, Text
from baton.upstream.dialects.handing import Handing, Retelling, Translation
from baton.upstream.dialects.openai.answers import read_answer
from baton.upstream.dialects.openai.replies import write_answer
from baton.upstream.dialects.openai.streams import StreamReader
from baton.upstream.dialects.openai.writer import StreamWriter
from baton.upstream.dialects.retelling import stream_of
from baton.upstream.directory import declared
from tests.conftest import BatonServer, StartBaton
from tests.contracts.asking import ECHO, FAULTS, HELLO, PICTURE, TOOLS, TOOLS_MODEL
from tests.contracts.description import problems
from tests.contracts.events import read_events
from tests.contracts.recordings import PROVIDERS, chats

SPECS = {spec.name: spec for spec in declared()}
WHOLE = "CreateChatCompletionResponse"
CHUNK = "CreateChatCompletionStreamResponse"
ERROR = "ErrorResponse"

ASKED: list[dict[str, Any]] = [
    {"model": ECHO},
    {"model": ECHO, "messages": PICTURE},
    {"model": ECHO, "max_tokens": 1},
    {"model": TOOLS_MODEL, "tools": TOOLS},
    {"model": "simulated/json", "response_format": {"type": "json_object"}},
    {"model": "simulated/lorem;think=5", "n": 2},
    {"model": "simulated/lorem;fault=filtered"},
]


async def ask(server: BatonServer, **wishes: Any) -> tuple[int, bytes]:
    url = f"{server.url}/v1/chat/completions"
    async with (
        aiohttp.ClientSession(headers=server.admin) as client,
        client.post(url, json={"messages": HELLO, **wishes}) as response,
    ):
        return response.status, await response.read()


def chunks_of(stream: bytes) -> list[Any]:
    return [json.loads(event.data) for event in read_events(stream) if event.data != "[DONE]"]


def known_of(response: ChatResponse) -> ChatResponse:
    """What any dialect could have said."""
    choices = [
        replace(choice, parts=tuple(map(bare, choice.parts)), extras={}, message_extras={})
        for choice in response.choices
    ]
    return replace(response, choices=tuple(choices), extras={}, usage_raw=None)


def bare(part: Part) -> Part:
    """Without citations, which are kept as their provider wrote them (a file's, of OpenRouter's)."""
    return replace(part, citations=()) if isinstance(part, Text) else part


async def test_what_baton_answers_is_as_described(start_baton: StartBaton) -> None:
    """Whole answers, every chunk of streams, and errors, through the whole of Baton."""
    server = await start_baton({"BATON_RETRIES": "0"})
    for wishes in ASKED:
        status, body = await ask(server, **wishes)
        assert (status, problems(WHOLE, json.loads(body))) == (200, []), wishes
        status, body = await ask(server, **wishes, stream=True, stream_options={"include_usage": True})
        found = {problem for chunk in chunks_of(body) for problem in problems(CHUNK, chunk)}
        assert (status, found) == (200, set()), wishes
    refused = [{"model": f"simulated/echo;fault={status}"} for status in FAULTS]
    refused += [{"model": "nobody-has-this"}, {"model": ECHO, "messages": []}, {"model": 7}, {}]
    for wishes in refused:
        status, body = await ask(server, **wishes)
        assert status >= 400
        assert problems(ERROR, json.loads(body)) == [], wishes
    _, body = await ask(server, model="simulated/lorem;fault=error", stream=True)
    assert problems(ERROR, chunks_of(body)[-1]) == []


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_is_translated_is_as_described(provider: str) -> None:
    """Recorded answers that go through the core come out as described, whole, streamed, and whole ones
    streamed, whatever their provider left out or said in words of its own.

    Judged without the fields that the core does not know: those are a provider's own, handed on as they are
    (a service tier of Groq's, a fingerprint that is null).
    """
    spec = SPECS[provider]
    for exchange in chats(provider):
        if exchange.status != 200:
            continue
        writer = StreamWriter(include_usage=True, losses=Losses())
        if exchange.streamed:
            handing = Handing(Translation(StreamReader(spec), writer))
            written = handing.feed(exchange.body) + handing.close()
        else:
            read = known_of(read_answer(exchange.body, spec))
            assert problems(WHOLE, json.loads(write_answer(read, Losses()))) == [], exchange.id
            written = Retelling(stream_of(read), writer).close()
        chunks = chunks_of(written)
        assert chunks, exchange.id
        found = {problem for chunk in chunks for problem in problems(CHUNK, chunk)}
        assert found == set(), exchange.id


def test_the_judge_can_say_no() -> None:
    """The schemas cut out of the description do refuse what is wrong."""
    assert problems(WHOLE, {"id": "x", "choices": [], "created": 1, "model": "m"})
    assert problems(CHUNK, {"id": "x", "choices": [{"index": 0}], "created": 1, "model": "m"})
    assert problems(ERROR, {"error": {"message": "m"}})
