"""Embeddings, images, transcriptions, moderations: routed, tried, recorded like chats."""

import base64
import json
import struct
import zlib
from math import isclose, sqrt
from pathlib import Path
from typing import Any

import aiohttp
import openai
import pytest

from baton.ledger.filter import Filter
from baton.ledger.stored import AttemptRow, InteractionRow
from tests.api.conftest import Reply, Web
from tests.chaos.conftest import soon
from tests.chaos.provider import Caller, RawProvider, answering, raw_provider, whole
from tests.chaos.wire import line_to, post
from tests.conftest import BatonServer, StartBaton
from tests.contracts.description import problems

EMBED = {"model": "simulated/embedding", "input": "Hello there"}
RECORDING = ("speech.wav", b"RIFF" + bytes(64_000 - 4), "audio/wav")
ROUTES = {
    "/v1/embeddings": EMBED,
    "/v1/images/generations": {"model": "simulated/image", "prompt": "A cat"},
    "/v1/moderations": {"model": "simulated/moderation", "input": "Hello"},
}
SCHEMAS = {
    "/v1/embeddings": "CreateEmbeddingResponse",
    "/v1/images/generations": "ImagesResponse",
    "/v1/moderations": "CreateModerationResponse",
}


def client(baton: BatonServer) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{baton.url}/v1", api_key=baton.key, max_retries=0)


async def row_of(web: Web, reply: Reply) -> tuple[InteractionRow, tuple[AttemptRow, ...]]:
    found = await web.baton.app.ledger.interactions.one(reply.headers["x-request-id"])
    return found.interaction, found.attempts


async def test_embeddings_by_the_official_sdk(baton_server: BatonServer) -> None:
    """Unit vectors of the wished length; base64, which the SDK asks for by itself, and floats are equal."""
    async with client(baton_server) as sdk:
        packed = await sdk.embeddings.create(model="simulated/embedding", input="Hello", dimensions=64)
        plain = await sdk.embeddings.create(
            model="simulated/embedding", input=["Hello", "World"], dimensions=64, encoding_format="float"
        )
        raw = await sdk.embeddings.create(
            model="simulated/embedding", input="Hello", dimensions=64, encoding_format="base64"
        )
    vector = packed.data[0].embedding
    assert len(vector) == 64
    assert isclose(sqrt(sum(number * number for number in vector)), 1, abs_tol=1e-6)
    assert plain.data[0].embedding == vector
    assert plain.data[1].embedding != vector
    assert [each.index for each in plain.data] == [0, 1]
    text: Any = raw.data[0].embedding
    assert list(struct.unpack("<64f", base64.b64decode(text))) == vector
    assert plain.usage.prompt_tokens == plain.usage.total_tokens == 2


async def test_token_ids_are_embedded_too(baton_server: BatonServer) -> None:
    """One list of ids, or several."""
    async with client(baton_server) as sdk:
        one = await sdk.embeddings.create(model="simulated/embedding", input=[1, 2, 3])
        two = await sdk.embeddings.create(model="simulated/embedding", input=[[1, 2, 3], [4]])
    assert two.data[0].embedding == one.data[0].embedding
    assert (one.usage.prompt_tokens, two.usage.prompt_tokens) == (3, 4)


async def test_images_by_the_official_sdk(baton_server: BatonServer) -> None:
    """A PNG that can be opened, the same for the same prompt, with its tokens."""
    async with client(baton_server) as sdk:
        made = await sdk.images.generate(model="simulated/image", prompt="A cat", n=2)
        again = await sdk.images.generate(model="simulated/image", prompt="A cat")
        linked = await sdk.images.generate(model="simulated/image", prompt="A cat", response_format="url")
    assert made.data is not None
    assert again.data is not None
    assert linked.data is not None
    first, second = (base64.b64decode(image.b64_json or "") for image in made.data)
    assert first != second
    assert base64.b64decode(again.data[0].b64_json or "") == first
    assert pixels(first) == 32 * (1 + 3 * 32)
    assert (linked.data[0].url or "").startswith("data:image/png;base64,")
    assert made.usage is not None
    assert made.usage.total_tokens == made.usage.input_tokens + made.usage.output_tokens > 0


def pixels(png: bytes) -> int:
    """Bytes of a picture's inflated lines; checks each chunk's sum on the way."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    at, lines = 8, b""
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        kind_and_data = png[at + 4 : at + 8 + length]
        assert zlib.crc32(kind_and_data) == int.from_bytes(png[at + 8 + length : at + 12 + length], "big")
        if kind_and_data.startswith(b"IDAT"):
            lines += kind_and_data[4:]
        at += 12 + length
    return len(zlib.decompress(lines))


async def test_moderations_by_the_official_sdk(baton_server: BatonServer) -> None:
    """With and without a model; texts and parts."""
    async with client(baton_server) as sdk:
        plain = await sdk.moderations.create(input=["Hello", "violence"])
        parts = await sdk.moderations.create(
            model="simulated/moderation", input=[{"type": "text", "text": "Some harassment"}]
        )
    assert [result.flagged for result in plain.results] == [False, True]
    assert plain.results[1].categories.violence
    assert parts.results[0].categories.harassment


async def test_transcriptions_by_the_official_sdk(baton_server: BatonServer, tmp_path: Path) -> None:
    """From bytes and from a file, in every format; a plain text comes as such."""
    told = 'A recording of 64000 bytes, called "speech.wav".'
    path = tmp_path / "speech.wav"
    path.write_bytes(RECORDING[1])
    async with client(baton_server) as sdk:
        create = sdk.audio.transcriptions.create
        plain = await create(model="simulated/transcription", file=RECORDING)
        opened = await create(model="simulated/transcription", file=path, prompt="Names: Ada", temperature=0)
        verbose = await create(
            model="simulated/transcription",
            file=RECORDING,
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
        )
        text = await create(model="simulated/transcription", file=RECORDING, response_format="text")
        subtitles = await create(model="simulated/transcription", file=RECORDING, response_format="srt")
    assert plain.text == opened.text == verbose.text == told
    assert plain.usage is not None
    assert plain.usage.type == "tokens"
    assert verbose.duration == 2.0
    assert text.strip() == told
    assert "00:00:00,000 --> 00:00:02,000" in subtitles


async def test_errors_are_the_official_sdks_own(baton_server: BatonServer) -> None:
    """A wrong field, a wrong key, an unknown model, a limit: the classes that applications catch."""
    async with client(baton_server) as sdk:
        with pytest.raises(openai.BadRequestError) as wrong:
            await sdk.embeddings.create(model="simulated/embedding", input="x", dimensions=-1)
        assert wrong.value.param == "dimensions"
        with pytest.raises(openai.NotFoundError):
            await sdk.embeddings.create(model="nobody-has-this", input="x")
        with pytest.raises(openai.RateLimitError) as limited:
            await sdk.images.generate(model="simulated/image;fault=429;retry_after=1000", prompt="x")
        assert limited.value.response.headers["retry-after"] == "1000"
        with pytest.raises(openai.UnprocessableEntityError):
            await sdk.moderations.create(model="deepseek/deepseek-chat", input="x")
        with pytest.raises(openai.AuthenticationError):
            await sdk.with_options(api_key="bk-wrong").embeddings.create(model="x", input="x")


@pytest.mark.parametrize("path", ROUTES)
async def test_answers_are_as_the_description_has_them(web: Web, path: str) -> None:
    """OpenAI's own description finds nothing wrong."""
    reply = await web.post(path, ROUTES[path])
    assert (reply.status, problems(SCHEMAS[path], reply.json)) == (200, [])


@pytest.mark.parametrize("path", ROUTES)
async def test_prompts_and_personas_are_for_chats(web: Web, path: str) -> None:
    """Elsewhere they are named as dropped, and not recorded."""
    headers = web.baton.admin | {"x-baton-prompt": "critique", "x-baton-persona": "mira"}
    reply = await web.post(path, ROUTES[path] | {"baton": {"useCase": "chat"}}, headers)
    assert (reply.status, reply.headers["x-baton-dropped"]) == (200, "baton.prompt, baton.persona")
    row, _ = await row_of(web, reply)
    assert (row.prompt, row.persona) == (None, None)


async def test_the_row_has_what_was_used(web: Web) -> None:
    """One interaction with its attempt, its tokens as reported, its route, and a cost of nothing."""
    reply = await web.post("/v1/embeddings", EMBED)
    row, attempts = await row_of(web, reply)
    assert (row.route, row.requested_model, row.status) == ("/v1/embeddings", "simulated/embedding", "ok")
    assert (row.prompt_tokens, row.completion_tokens, row.usage_estimated) == (2, 0, False)
    assert (row.cost_nanos, row.unpriced, len(attempts)) == (0, False, 1)
    assert reply.headers["x-baton-provider"] == "simulated"
    assert reply.headers["x-baton-cost-usd"] == "0"
    reply = await web.post("/v1/images/generations", ROUTES["/v1/images/generations"])
    row, _ = await row_of(web, reply)
    assert (row.prompt_tokens, row.completion_tokens) == (2, 64)


async def test_what_nobody_counts_is_estimated(web: Web) -> None:
    """No `usage` in the answer: the prompt's tokens by its length, and marked so."""
    model = "simulated/embedding;usage=off"
    row, _ = await row_of(web, await web.post("/v1/embeddings", {"model": model, "input": "x" * 400}))
    assert (row.prompt_tokens, row.usage_estimated) == (100, True)
    row, _ = await row_of(web, await web.post("/v1/embeddings", {"model": model, "input": [[1] * 7, [2]]}))
    assert (row.prompt_tokens, row.usage_estimated) == (8, True)


async def test_a_failure_is_tried_again(web: Web) -> None:
    """A 503 and a cut answer are made good unseen; both attempts are in the ledger."""
    for fault in ("503", "cut", "malformed", "empty", "html"):
        model = f"simulated/embedding;fault={fault};times=1"
        reply = await web.post("/v1/embeddings", EMBED | {"model": model})
        assert (reply.status, reply.headers["x-baton-attempts"]) == (200, "2"), fault
        _, attempts = await row_of(web, reply)
        assert [attempt.status == "ok" for attempt in attempts] == [False, True]


async def test_when_nothing_is_left_the_attempts_are_told(start_baton: StartBaton, session) -> None:
    """As for a chat: status, code, and what was tried."""
    web = Web(await start_baton(retries=0), session)
    reply = await web.post("/v1/embeddings", EMBED | {"model": "simulated/embedding;fault=500"})
    assert (reply.status, reply.json["error"]["code"]) == (503, "provider_error")
    assert reply.json["error"]["attempts"][0]["model"] == "simulated/embedding;fault=500"


async def test_auto_finds_who_serves_it(web: Web) -> None:
    """Models are chosen by what they can; one that only embeds is never asked to chat."""
    for path, body in ROUTES.items():
        reply = await web.post(path, body | {"model": "auto"})
        assert (reply.status, reply.headers["x-baton-model"]) == (200, body["model"].partition("/")[2])
    chat = {"model": "auto", "messages": [{"role": "user", "content": "hi"}]}
    reply = await web.post("/v1/chat/completions", chat)
    assert reply.headers["x-baton-model"] not in ("embedding", "image", "moderation", "transcription")
    reply = await web.post("/v1/chat/completions", chat | {"model": "simulated/embedding"})
    assert reply.status == 404


@pytest.mark.parametrize("path", ROUTES)
async def test_a_provider_that_does_not_serve_it_is_not_asked(start_baton, session, path: str) -> None:
    """A clear 422 with the reason: its dialect has another shape for it, or it has none at all."""
    keys = {"ANTHROPIC_API_KEY": "sk-ant-x", "DEEPSEEK_API_KEY": "sk-x", "GEMINI_API_KEY": "x"}
    web = Web(await start_baton(keys), session)
    for model in ("anthropic/claude-sonnet-5-5", "deepseek/deepseek-chat", "google/gemini-1.5-flash"):
        reply = await web.post(path, ROUTES[path] | {"model": model})
        assert reply.status == 422, reply.body
        reason = reply.json["error"]["reasons"][model]
        assert reason.startswith(f"Baton asks {model.partition('/')[0]} for no "), reason


async def test_options_are_heard_and_told(web: Web) -> None:
    """In the body or in headers; what nobody knows is named; the provider sees none of it."""
    body = EMBED | {"baton": {"useCase": "search", "flavour": "mint"}}
    reply = await web.ask(
        "POST", "/v1/embeddings", web.baton.admin | {"x-baton-tags": "team=a", "x-baton-odd": "1"}, json=body
    )
    assert reply.headers["x-baton-dropped"] == "baton.flavour, x-baton-odd"
    row, _ = await row_of(web, reply)
    assert (row.use_case, row.tags) == ("search", '{"team":"a"}')
    sent = json.loads(web.baton.app.simulation.calls.last[-1].body)
    assert sent == {**EMBED, "model": "embedding"}


async def test_a_form_carries_options_too(web: Web, session: aiohttp.ClientSession) -> None:
    """A part named `baton` is Baton's; the recording goes on byte for byte, under the provider's own word."""
    form = aiohttp.FormData()
    form.add_field("baton", '{"useCase": "minutes"}')
    form.add_field("model", "simulated/transcription")
    form.add_field("file", RECORDING[1], filename="speech.wav", content_type="audio/wav")
    form.add_field("language", "de")
    reply = await web.ask("POST", "/v1/audio/transcriptions", data=form)
    assert reply.status == 200, reply.body
    assert "64000 bytes" in reply.json["text"]
    row, _ = await row_of(web, reply)
    assert (row.use_case, row.audio_in_tokens) == ("minutes", 20)
    sent = web.baton.app.simulation.calls.last[-1].body
    assert "minutes" not in sent
    assert "simulated/" not in sent


async def test_a_body_over_the_limit_is_a_413(start_baton: StartBaton, session) -> None:
    """A recording is bounded like every other body."""
    web = Web(await start_baton(max_body_mib=0.05), session)
    form = aiohttp.FormData({"model": "simulated/transcription"})
    form.add_field("file", RECORDING[1], filename="speech.wav")
    reply = await web.ask("POST", "/v1/audio/transcriptions", data=form)
    assert (reply.status, reply.json["error"]["code"]) == (413, "request_too_large")


WRONG: dict[str, tuple[str, bytes, str | None]] = {
    "no JSON": ("/v1/embeddings", b"{", None),
    "no UTF-8": ("/v1/embeddings", b'{"model": "x", "input": "\xff"}', None),
    "an array": ("/v1/embeddings", b"[]", None),
    "deep": ("/v1/moderations", b'{"input":' + b"[" * 100_000, "input[0]"),
    "no model": ("/v1/embeddings", b'{"input": "x"}', "model"),
    "an empty model": ("/v1/embeddings", b'{"model": "", "input": "x"}', "model"),
    "no input": ("/v1/embeddings", b'{"model": "x"}', "input"),
    "a null input": ("/v1/embeddings", b'{"model": "x", "input": null}', "input"),
    "an empty list": ("/v1/embeddings", b'{"model": "x", "input": []}', "input"),
    "a number": ("/v1/embeddings", b'{"model": "x", "input": 5}', "input"),
    "half a token": ("/v1/embeddings", b'{"model": "x", "input": [1.5]}', "input[0]"),
    "dimensions of a wrong kind": (
        "/v1/embeddings",
        b'{"model": "x", "input": "x", "dimensions": "8"}',
        "dimensions",
    ),
    "no prompt": ("/v1/images/generations", b'{"model": "x"}', "prompt"),
    "a streamed image": ("/v1/images/generations", b'{"prompt": "x", "stream": true}', "stream"),
    "nothing to judge": ("/v1/moderations", b"{}", "input"),
    "an option of a wrong kind": (
        "/v1/embeddings",
        b'{"model": "x", "input": "x", "baton": {"timeout": 0}}',
        "baton",
    ),
}


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.asyncio(loop_scope="module")
async def test_a_wrong_body_is_a_400_that_names_the_field(shared: Web, what: str) -> None:
    """In OpenAI's shape, before anybody is asked, without a row."""
    path, body, param = WRONG[what]
    reply = await shared.ask("POST", path, data=body)
    assert (reply.status, reply.json["error"]["param"]) == (400, param), reply.body
    assert not list(shared.baton.app.simulation.calls.last)


@pytest.fixture
async def odd(start_baton: StartBaton):
    """A Baton whose OpenAI answers what a test wants."""
    async with raw_provider() as provider:
        environment = {"OPENAI_API_KEY": "sk-0123456789abcdef", "OPENAI_BASE_URL": provider.url}
        yield await start_baton(environment, retries=0), provider


HOSTILE = {
    "no list": b'{"object": "list", "usage": {"prompt_tokens": 3, "total_tokens": 3}}',
    "null": b"null",
    "an error inside": b'{"error": {"message": "no sk-0123456789abcdef", "type": "server_error"}}',
    "half": b'{"object": "list", "data": [{"emb',
    "HTML": b"<html>",
    "nothing": b"",
}


@pytest.mark.parametrize("what", HOSTILE)
async def test_what_is_no_answer_is_an_error(odd: tuple[BatonServer, RawProvider], session, what) -> None:
    """A 200 without an answer is none, and shows no key."""
    baton, provider = odd
    provider.act = answering(whole(HOSTILE[what]))
    web = Web(baton, session)
    reply = await web.post("/v1/embeddings", {"model": "openai/text-embedding-3-small", "input": "x"})
    assert reply.status in (502, 503), reply.body
    assert b"sk-0123456789abcdef" not in reply.body


async def test_odd_counts_do_not_cost_a_paid_answer(odd: tuple[BatonServer, RawProvider], session) -> None:
    """Usage of any kind is no reason to lose the vectors; what cannot be is estimated."""
    baton, provider = odd
    web = Web(baton, session)
    for usage in (None, "many", [], {"prompt_tokens": "8"}, {"prompt_tokens": -1}, {"total_tokens": 8}):
        answer = {"object": "list", "model": "m", "data": [{"embedding": [1]}], "usage": usage}
        provider.act = answering(whole(json.dumps(answer).encode()))
        reply = await web.post(
            "/v1/embeddings", {"model": "openai/text-embedding-3-small", "input": "x" * 40}
        )
        assert (reply.status, reply.json) == (200, answer)
        row, _ = await row_of(web, reply)
        known = usage == {"total_tokens": 8}
        assert (row.prompt_tokens, row.usage_estimated) == ((8, False) if known else (10, True))


async def test_the_request_goes_where_it_belongs(odd: tuple[BatonServer, RawProvider], session) -> None:
    """The provider's own path, key and name for the model; every field of the caller's as it was."""
    baton, provider = odd
    provider.act = answering(whole(b'{"data": []}'))
    body = {"model": "openai/text-embedding-3-small", "input": ["ä", ""], "user": "u1", "new_field": {"a": 1}}
    await Web(baton, session).post("/v1/embeddings", body)
    call = provider.calls[0]
    assert call.head.startswith(b"POST /v1/embeddings HTTP/1.1\r\n")
    assert b"authorization: bearer sk-0123456789abcdef" in call.head.lower()
    assert json.loads(call.body) == body | {"model": "text-embedding-3-small"}


async def test_a_picture_is_unpriced_where_its_model_is_paid_by_tokens(odd, session) -> None:
    """Without tokens nobody knows the cost; the row says so instead of a guess, and so do the headers."""
    baton, provider = odd
    provider.act = answering(whole(b'{"created": 1, "data": [{"url": "https://example.com/a.png"}]}'))
    web = Web(baton, session)
    reply = await web.post("/v1/images/generations", {"model": "openai/gpt-4o", "prompt": "A cat"})
    assert reply.status == 200
    assert "x-baton-cost-usd" not in reply.headers
    row, _ = await row_of(web, reply)
    assert row.unpriced


async def test_pictures_are_paid_by_the_piece_where_they_have_a_fee(odd, session) -> None:
    """An admin's fee for one picture, charged for each that came; the prompt's tokens are told as a guess."""
    baton, provider = odd
    provider.act = answering(
        whole(b'{"data": [{"url": "https://a.example/1"}, {"url": "https://a.example/2"}]}')
    )
    web = Web(baton, session)
    model = {
        "provider": "openai",
        "name": "easel-1",
        "capabilities": ["images"],
        "requiredCapabilities": ["images"],
        "tierAccess": ["master"],
        "pricePer": "1M",
        "prices": {"input": "0", "output": "0", "fees": {"picture": "0.07"}},
    }
    assert (await web.post("/api/admin/ai/models", model)).status == 201
    reply = await web.post(
        "/v1/images/generations", {"model": "openai/easel-1", "prompt": "Two cats", "n": 2}
    )
    assert (reply.status, reply.headers.get("x-baton-cost-usd")) == (200, "0.14"), reply.body
    row, _ = await row_of(web, reply)
    assert (row.cost_output_nanos, row.cost_nanos, row.pricing) == (140_000_000, 140_000_000, "priced")
    assert row.usage_estimated


async def test_seconds_are_recorded_where_they_are_told(odd, session) -> None:
    """A model that is paid by the hour has its seconds in the row, and on its own page, and costs what these
    do; where they are not told nobody knows what it costs."""
    baton, provider = odd
    web = Web(baton, session)
    said = {"text": "Hello", "usage": {"type": "duration", "seconds": 7}, "duration": 6.4}
    for answer, seconds, nanos in (
        (said, 7.0, 700_000),
        ({"text": "Hello", "duration": 6.4}, 6.4, 640_000),
        ({"text": "Hello", "duration": "long"}, None, None),
        ({"text": "Hello", "duration": -1}, None, None),
        ({"text": "Hello", "duration": 1e300}, None, None),
        ({"text": "Hello", "duration": True}, None, None),
    ):
        provider.act = answering(whole(json.dumps(answer).encode()))
        form = aiohttp.FormData({"model": "openai/whisper-1"})
        form.add_field("file", RECORDING[1], filename="speech.wav")
        reply = await web.ask("POST", "/v1/audio/transcriptions", data=form)
        assert (reply.status, reply.json) == (200, answer)
        row, _ = await row_of(web, reply)
        assert (row.audio_seconds, row.unpriced) == (seconds, nanos is None)
        assert row.cost_nanos == (nanos or 0)
        shown = await web.get(f"/api/interactions/{reply.headers['x-request-id']}")
        assert shown.json["audioSeconds"] == seconds


async def test_who_leaves_an_errand_is_not_waited_for(web: Web) -> None:
    """The call is cancelled, and the prompt is recorded as used."""
    body = json.dumps({"model": "simulated/embedding;latency=60000", "input": "x" * 40}).encode()
    book = web.baton.app.ledger.book
    async with line_to(web.baton.url) as line:
        await line.send(post(web.baton.key, body, path="/v1/embeddings"))
        await soon(lambda: book.open_count == 1)
        line.hang_up()
        await soon(lambda: book.open_count == 0)
    page = await web.baton.app.ledger.interactions.page(Filter(), limit=1)
    row = page.items[0].interaction
    assert (row.status, row.prompt_tokens) == ("cancelled", 10)


async def test_a_refused_key_is_passed_over(start_baton: StartBaton, session) -> None:
    """The next key is asked at once, and the refused one is marked, as for a chat."""
    async with raw_provider() as provider:

        async def act(caller: Caller) -> None:
            good = b"sk-second" in caller.head
            await caller.send(whole(b'{"data": []}') if good else whole(b'{"error": {"message": "no"}}', 401))

        provider.act = act
        environment = {"OPENAI_API_KEY": "sk-firsts-key,sk-second-key", "OPENAI_BASE_URL": provider.url}
        web = Web(await start_baton(environment, retries=0), session)
        body = {"model": "openai/text-embedding-3-small", "input": "x"}
        replies = [await web.post("/v1/embeddings", body) for _ in range(3)]
        assert [reply.status for reply in replies] == [200, 200, 200]
        assert len(provider.calls) == 4


async def test_a_row_makes_a_model_anybodys(start_baton: StartBaton, session) -> None:
    """What an admin puts into the catalog with the capability is found by name and by `auto`."""
    async with raw_provider() as provider:
        provider.act = answering(whole(b'{"data": [], "usage": {"prompt_tokens": 9}}'))
        web = Web(await start_baton({"VLLM_BASE_URL": provider.url}), session)
        row = {"capabilities": ["embeddings"], "requiredCapabilities": ["embeddings"], "tierAccess": ["free"]}
        made = await web.post("/api/admin/ai/models", {"provider": "vllm", "name": "bge-m3", **row})
        assert made.status == 201, made.body
        user = await web.baton.user()
        for model in ("vllm/bge-m3", "bge-m3", "auto"):
            reply = await web.post("/v1/embeddings", {"model": model, "input": "x"}, user)
            assert (reply.status, reply.headers["x-baton-model"]) == (200, "bge-m3"), reply.body


async def test_a_short_recording_is_billed_as_its_provider_bills_it(start_baton, session) -> None:
    """Ten seconds at least, and more as they come: 0.04 USD an hour; the row has the true length."""
    async with raw_provider() as provider:
        environment = {"GROQ_API_KEY": "gsk-0123456789abcdef", "GROQ_BASE_URL": provider.url}
        web = Web(await start_baton(environment, retries=0), session)
        for seconds, nanos in ((2.5, 111_111), (90, 1_000_000)):
            provider.act = answering(whole(json.dumps({"text": "Hello", "duration": seconds}).encode()))
            form = aiohttp.FormData({"model": "groq/whisper-large-v3-turbo"})
            form.add_field("file", RECORDING[1], filename="speech.wav")
            reply = await web.ask("POST", "/v1/audio/transcriptions", data=form)
            row, _ = await row_of(web, reply)
            assert (row.audio_seconds, row.cost_nanos, row.pricing) == (seconds, nanos, "priced")
