"""What goes wrong is told in every dialect: in its own shape, with the status that OpenAI's callers get."""

import asyncio
import json
from typing import Any

import pytest

from baton.access.identity.entities import KeyWish, UserWish
from baton.api import server
from tests.chaos.conftest import Stage, soon
from tests.chaos.provider import Caller, answering, chunked, closing, whole, word
from tests.chaos.sayings import tokens_of
from tests.chaos.speech import ANTHROPIC, GOOGLE, OTHERS, RESPONSES, SPEECHES, Speech
from tests.chaos.test_bad_requests import NO_JSON, OPTIONS
from tests.chaos.test_clients_leave import AT_ONCE_S, Departure, now_s
from tests.chaos.test_hostile_answers import NO_ANSWER, SHAPES
from tests.chaos.test_hostile_streams import BREAKS, ENDS, FIRST
from tests.chaos.wire import Line, Reply, line_to, post
from tests.conftest import MAKER

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEEP = 100_000
SOON_S = 0.05


@pytest.fixture(params=SPEECHES)
def speech(request: pytest.FixtureRequest) -> Speech:
    """Each dialect."""
    return SPEECHES[request.param]


@pytest.fixture(params=OTHERS)
def other(request: pytest.FixtureRequest) -> Speech:
    """Each but the provider's own."""
    return OTHERS[request.param]


async def say(stage: Stage, request: bytes) -> Reply:
    async with line_to(stage.baton.url) as line:
        await line.send(request)
        return await line.reply()


@pytest.mark.parametrize("what", NO_JSON)
async def test_what_is_no_json_is_a_400(stage: Stage, other: Speech, what: str) -> None:
    """Whatever is sent, the caller learns that the body could not be read, and no provider sees it."""
    other.refused(await say(stage, post(stage.baton.key, NO_JSON[what], path=other.where())), 400)
    assert stage.provider.calls == []


def claude(*messages: Any) -> dict[str, Any]:
    return {"messages": list(messages)}


def gemini(*contents: Any) -> dict[str, Any]:
    return {"contents": list(contents)}


USER = {"role": "user", "content": "Hello"}
WRONG: dict[str, tuple[Speech, dict[str, Any]]] = {
    "anthropic, a model of a wrong kind": (ANTHROPIC, {"model": 5}),
    "anthropic, no model": (ANTHROPIC, {"model": ...}),
    "anthropic, a model of a megabyte": (ANTHROPIC, {"model": "openai/" + "x" * 1_000_000}),
    "anthropic, no limit": (ANTHROPIC, {"max_tokens": ...}),
    "anthropic, a limit of a wrong kind": (ANTHROPIC, {"max_tokens": "many"}),
    "anthropic, half a token": (ANTHROPIC, {"max_tokens": 1.5}),
    "anthropic, no messages": (ANTHROPIC, {"messages": ...}),
    "anthropic, an empty list": (ANTHROPIC, {"messages": []}),
    "anthropic, messages of a wrong kind": (ANTHROPIC, {"messages": "hello"}),
    "anthropic, a null message": (ANTHROPIC, claude(None)),
    "anthropic, an unknown role": (ANTHROPIC, claude({"role": "boss", "content": "x"})),
    "anthropic, no content": (ANTHROPIC, claude({"role": "user"})),
    "anthropic, a content of a wrong kind": (ANTHROPIC, claude({"role": "user", "content": 5})),
    "anthropic, a null part": (ANTHROPIC, claude({"role": "user", "content": [None]})),
    "anthropic, a text of a wrong kind": (
        ANTHROPIC,
        claude({"role": "user", "content": [{"type": "text", "text": {}}]}),
    ),
    "anthropic, a stream of a wrong kind": (ANTHROPIC, {"stream": "yes"}),
    "anthropic, a system of a wrong kind": (ANTHROPIC, {"system": 5}),
    "anthropic, Baton's object of a wrong kind": (ANTHROPIC, {"baton": [1]}),
    "responses, a model of a wrong kind": (RESPONSES, {"model": {"name": "x"}}),
    "responses, an empty model": (RESPONSES, {"model": ""}),
    "responses, an input of a wrong kind": (RESPONSES, {"input": 5}),
    "responses, a null item": (RESPONSES, {"input": [None]}),
    "responses, an unknown role": (RESPONSES, {"input": [{"role": "boss", "content": "x"}]}),
    "responses, a content of a wrong kind": (RESPONSES, {"input": [{"role": "user", "content": 5}]}),
    "responses, a stream of a wrong kind": (RESPONSES, {"stream": "yes"}),
    "responses, a limit of a wrong kind": (RESPONSES, {"max_output_tokens": "many"}),
    "responses, a wish to be stored": (RESPONSES, {"store": True}),
    "responses, an answer before": (RESPONSES, {"previous_response_id": "resp_1"}),
    "responses, Baton's object of a wrong kind": (RESPONSES, {"baton": [1]}),
    "google, no contents": (GOOGLE, {"contents": ...}),
    "google, an empty list": (GOOGLE, {"contents": []}),
    "google, contents of a wrong kind": (GOOGLE, {"contents": "hello"}),
    "google, a null content": (GOOGLE, gemini(None)),
    "google, an unknown role": (GOOGLE, gemini({"role": "boss", "parts": [{"text": "x"}]})),
    "google, parts of a wrong kind": (GOOGLE, gemini({"role": "user", "parts": "x"})),
    "google, a null part": (GOOGLE, gemini({"role": "user", "parts": [None]})),
    "google, a text of a wrong kind": (GOOGLE, gemini({"role": "user", "parts": [{"text": 5}]})),
    "google, a limit of a wrong kind": (GOOGLE, {"generationConfig": {"maxOutputTokens": "many"}}),
    "google, a configuration of a wrong kind": (GOOGLE, {"generationConfig": []}),
    "google, Baton's object of a wrong kind": (GOOGLE, {"baton": [1]}),
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_wrong_field_is_a_400(stage: Stage, what: str) -> None:
    """The message is about it, and does not echo it at length."""
    speech, fields = WRONG[what]
    message = speech.refused(
        await say(stage, post(stage.baton.key, speech.body(**fields), path=speech.where())), 400
    )
    assert len(message) < 400
    assert stage.provider.calls == []


NESTED: dict[str, tuple[Speech, bytes]] = {
    "anthropic, a tool's schema": (
        ANTHROPIC,
        b'{"model":"cerebras/gpt-oss-120b","max_tokens":5,"messages":[{"role":"user","content":"x"}],"tools":'
        b'[{"name":"a","input_schema":%b}]}',
    ),
    "anthropic, metadata": (
        ANTHROPIC,
        b'{"model":"cerebras/gpt-oss-120b","max_tokens":5,"messages":[{"role":"user","content":"x"}],"metadata":%b}',
    ),
    "responses, a tool's schema": (
        RESPONSES,
        b'{"model":"cerebras/gpt-oss-120b","input":"x","tools":[{"type":"function","name":"a","parameters":%b}]}',
    ),
    "google, a tool's schema": (
        GOOGLE,
        b'{"contents":[{"parts":[{"text":"x"}]}],"tools":[{"functionDeclarations":[{"name":"a","parameters":%b}]}]}',
    ),
    "google, a call's arguments": (
        GOOGLE,
        b'{"contents":[{"role":"model","parts":[{"functionCall":{"name":"a","args":%b}}]}]}',
    ),
}


@pytest.mark.parametrize("what", NESTED)
async def test_what_has_no_ground_is_a_400(stage: Stage, what: str) -> None:
    """However deep something is nested where it is looked at, it is refused, and nothing breaks."""
    speech, template = NESTED[what]
    for depth in (DEEP, 900):
        deep = b'{"a":' * depth + b"1" + b"}" * depth
        reply = await say(stage, post(stage.baton.key, template % deep, path=speech.where()))
        if depth == DEEP or reply.status != 200:
            speech.refused(reply, 400)


@pytest.mark.parametrize("what", OPTIONS)
async def test_a_wrong_option_is_a_400(stage: Stage, other: Speech, what: str) -> None:
    """Baton's own headers mean the same everywhere."""
    message = other.refused(await say(stage, other.request(stage.baton.key, OPTIONS[what])), 400)
    assert "option" in message or "x-baton-" in message


WAYS = ["Authorization: Bearer {}", "x-api-key: {}", "x-goog-api-key: {}"]
KEYS = {
    "none": None,
    "an empty one": "",
    "a wrong one": "bk-wrong",
    "60 KB": "k" * 60_000,
    "no ASCII": "bk-\xfc",
}


@pytest.mark.parametrize("what", KEYS)
@pytest.mark.parametrize("way", WAYS)
async def test_a_wrong_key_is_a_401_before_the_body_is_looked_at(
    stage: Stage, speech: Speech, what: str, way: str
) -> None:
    """Whichever way it is sent; it is not shown."""
    key = KEYS[what]
    lines = [] if key is None else [way.format(key)]
    head = "\r\n".join([f"POST {speech.where()} HTTP/1.1", "Host: x", "Content-Length: 4", *lines, "", ""])
    message = speech.refused(await say(stage, head.encode("latin-1") + b"oops"), 401)
    assert "wrong" not in message
    assert stage.provider.calls == []


@pytest.mark.parametrize("way", WAYS)
async def test_a_good_key_is_taken_in_any_way(stage: Stage, speech: Speech, way: str) -> None:
    """Clients are not asked to change theirs."""
    good = speech.request(stage.baton.key).replace(
        f"Authorization: Bearer {stage.baton.key}".encode(), way.format(stage.baton.key).encode()
    )
    assert (await say(stage, good)).status == 200


async def test_a_revoked_key_is_a_401_at_once(stage: Stage, other: Speech) -> None:
    """On a connection that was served before."""
    identities = stage.baton.app.store.identities
    owner = await identities.create_user(UserWish(name="leaver"), MAKER)
    made = await identities.create_key(KeyWish(name="old", user_id=owner.id), MAKER)
    async with line_to(stage.baton.url) as line:
        await line.send(post(made.secret, b"oops", path=other.where()))
        other.refused(await line.reply(), 400)
        await identities.revoke_key(made.key.id, MAKER)
        await line.send(post(made.secret, b"oops", path=other.where()))
        other.refused(await line.reply(), 401)


async def test_a_model_that_nobody_has_is_a_404(stage: Stage, other: Speech) -> None:
    """As an SDK expects it."""
    body = other.body("nobody-has-this")
    request = post(stage.baton.key, body, path=other.where("nobody-has-this"))
    assert "nobody-has-this" in other.refused(await say(stage, request), 404)


@pytest.mark.parametrize("name", ["openai/..", "openai/a/../b", "openai/./a", "openai/../../v2"])
async def test_a_name_that_would_move_the_path_is_refused(stage: Stage, other: Speech, name: str) -> None:
    """In the body as in the path, written out or encoded."""
    for written in (name, name.replace("/", "%2F").replace(".", "%2E")):
        reply = await say(stage, post(stage.baton.key, other.body(name), path=other.where(written)))
        assert reply.status in (400, 404)
        other.refused(reply, reply.status)
    assert stage.provider.calls == []


async def test_of_equal_fields_the_last_is_the_one_that_counts(stage: Stage, other: Speech) -> None:
    """Whoever repeats a field cannot be billed for one model and served by another; a path that names the
    model names it once."""
    body = other.body("cerebras/zai-glm-4.7")[:-1] + b', "model": "cerebras/gpt-oss-120b"}'
    path = other.where("cerebras/gpt-oss-120b") if other.streams_by_path else other.where()
    reply = await say(stage, post(stage.baton.key, body, path=path))
    assert reply.headers["x-baton-model"] == "gpt-oss-120b"
    assert json.loads(stage.provider.calls[0].body)["model"] == "gpt-oss-120b"


async def test_a_body_that_is_too_long_is_a_413_that_can_be_read(stage: Stage, other: Speech) -> None:
    """Announced, or grown."""
    other.refused(await say(stage, post(stage.baton.key, b" " * (30 << 20), path=other.where())), 413)
    async with line_to(stage.baton.url) as line:
        head = post(stage.baton.key, b"", path=other.where())
        await line.send(head.replace(b"Content-Length: 0", b"Transfer-Encoding: chunked"))
        block = b"%x\r\n%b\r\n" % (1 << 20, b" " * (1 << 20))
        for _ in range(30):
            await line.send(block)
        await line.send(b"0\r\n\r\n")
        other.refused(await line.reply(), 413)


async def test_half_a_body_is_a_408(stage: Stage, other: Speech, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that stops coming is given up, without a row."""
    monkeypatch.setattr(server, "BODY_IDLE_S", SOON_S)
    before = await stage.count()
    async with line_to(stage.baton.url) as line:
        await line.send(other.request(stage.baton.key)[:-5])
        other.refused(await line.reply(), 408)
    assert await stage.count() == before


async def test_a_drip_of_a_body_is_a_408(
    stage: Stage, other: Speech, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte now and then does not keep it alive."""
    monkeypatch.setattr(server, "BODY_TOTAL_S", SOON_S)
    async with line_to(stage.baton.url) as line:
        drip = asyncio.create_task(_drip(line, post(stage.baton.key, b"x" * 100_000, path=other.where())))
        other.refused(await line.reply(), 408)
        drip.cancel()
        await asyncio.wait([drip])


async def _drip(line: Line, data: bytes) -> None:
    for at in range(len(data)):
        await line.send(data[at : at + 1])
        await asyncio.sleep(0.002)


async def test_broken_framing_is_a_400(stage: Stage, other: Speech) -> None:
    """A chunk that is none."""
    head = post(stage.baton.key, b"", path=other.where())
    chunks = head.replace(b"Content-Length: 0", b"Transfer-Encoding: chunked") + b'5\r\n{"mod\r\nzzz\r\n'
    other.refused(await say(stage, chunks), 400)


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("how", ["resets", "closes", "ends its side"])
async def test_who_leaves_before_the_first_word_costs_the_prompt(
    stage: Stage, other: Speech, stream: bool, how: str
) -> None:
    """The provider is let go at once, and the row says cancelled."""
    departure = Departure()
    stage.provider.act = departure.act
    async with line_to(stage.baton.url) as line:
        await line.send(other.request(stage.baton.key, stream=stream))
        await soon(lambda: len(stage.provider.calls) == 1)
        left_s = now_s()
        if how == "resets":
            line.hang_up()
        elif how == "closes":
            line.writer.close()
        else:
            line.writer.write_eof()
        assert await departure.after(left_s) < AT_ONCE_S
        row, _ = await stage.newest()
    assert (row.status, row.dialect, row.usage_estimated) == ("cancelled", other.dialect.value, True)
    assert row.cost_nanos > 0


async def test_who_leaves_in_mid_stream_pays_for_what_had_come(stage: Stage, other: Speech) -> None:
    """Translated or not, what was generated is recorded."""
    words = [word(f"word {at} ") for at in range(20)]
    departure = Departure(*chunked(*words, end=False))
    stage.provider.act = departure.act
    async with line_to(stage.baton.url) as line:
        await line.send(other.request(stage.baton.key, stream=True))
        await line.head()
        async for chunk in line.chunks():
            if b"word 19" in chunk:
                break
        left_s = now_s()
        line.hang_up()
        assert await departure.after(left_s) < AT_ONCE_S
    row, _ = await stage.newest()
    assert (row.status, row.usage_estimated) == ("cancelled", True)
    delivered = tokens_of("".join(f"word {at} " for at in range(20)))
    assert row.completion_tokens == pytest.approx(delivered, rel=0.15), (
        "a vendor's tokens are nearly another's"
    )


async def streamed(stage: Stage, speech: Speech, *pieces: bytes) -> Reply:
    """What the caller gets of a stream when the provider sends this and closes."""
    stage.provider.act = closing(*pieces)
    return await say(stage, speech.request(stage.baton.key, stream=True))


@pytest.mark.parametrize("how", ENDS)
async def test_a_stream_that_is_whole_is_handed_on_whole(stage: Stage, other: Speech, how: str) -> None:
    """However its provider ends it."""
    reply = await streamed(stage, other, *chunked(*ENDS[how]))
    assert other.finished(reply), reply.body
    assert (await stage.row(reply))[0].status == "ok"


@pytest.mark.parametrize("what", BREAKS)
async def test_a_broken_stream_ends_in_an_error(stage: Stage, other: Speech, what: str) -> None:
    """What had come is handed on, then an error of the dialect's; never an end."""
    pieces, kind = BREAKS[what]
    reply = await streamed(stage, other, *pieces)
    other.broken(reply)
    assert b"one " in reply.body
    row, _ = await stage.row(reply)
    assert (row.status, row.completion_tokens) == (kind, 2)


@pytest.mark.parametrize("what", FIRST)
async def test_a_stream_that_fails_before_a_word_is_a_plain_error(
    stage: Stage, other: Speech, what: str
) -> None:
    """A status that tells, in the dialect's shape."""
    reply = await streamed(stage, other, *FIRST[what])
    assert reply.status in (502, 503)
    other.refused(reply, reply.status)


@pytest.mark.parametrize("what", NO_ANSWER)
async def test_a_200_that_holds_no_answer_is_a_502(stage: Stage, other: Speech, what: str) -> None:
    """Nothing of it is passed off as an answer."""
    stage.provider.act = closing(whole(NO_ANSWER[what]))
    other.refused(await say(stage, other.request(stage.baton.key)), 502)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503, 529])
async def test_a_providers_error_keeps_its_status_and_words(stage: Stage, other: Speech, status: int) -> None:
    """The kind of the caller's dialect, the provider's sentence, and OpenAI's callers see the same status."""
    told = {"error": {"message": "The thing that went wrong.", "type": "x", "code": None, "param": None}}
    stage.provider.act = answering(whole(json.dumps(told).encode(), status, "retry-after: 7"))
    reply = await say(stage, other.request(stage.baton.key))
    as_openai = await stage.ask()
    assert reply.status == as_openai.status
    assert other.refused(reply, reply.status) == "The thing that went wrong."
    assert reply.headers.get("retry-after") == as_openai.headers.get("retry-after")
    assert reply.headers.get("x-should-retry") == as_openai.headers.get("x-should-retry")


@pytest.mark.parametrize("what", SHAPES)
async def test_an_error_of_any_shape_is_one_of_ours(stage: Stage, other: Speech, what: str) -> None:
    """Whatever a provider calls an error, the caller gets one that its SDK can read."""
    stage.provider.act = answering(whole(json.dumps(SHAPES[what]).encode(), 500))
    reply = await say(stage, other.request(stage.baton.key))
    assert reply.status == 503
    assert len(reply.body) < 20_000
    assert "x-evil" not in reply.headers


async def test_pipelined_requests_of_all_dialects_are_answered_in_their_order(stage: Stage) -> None:
    """One connection, four dialects, no answer in another."""

    async def act(caller: Caller) -> None:
        await caller.send(whole(b"no", 503))

    stage.provider.act = act
    async with line_to(stage.baton.url) as line:
        await line.send(b"".join(speech.request(stage.baton.key) for speech in SPEECHES.values()))
        for speech in SPEECHES.values():
            speech.refused(await line.reply(), 503)


BESIDE = {
    "anthropic, counting": (ANTHROPIC, "/v1/messages/count_tokens"),
    "google, counting": (GOOGLE, "/v1beta/models/cerebras/gpt-oss-120b:countTokens"),
    "google, counting in its newer version": (GOOGLE, "/v1/models/cerebras/gpt-oss-120b:countTokens"),
    "google, an array": (GOOGLE, "/v1beta/models/cerebras/gpt-oss-120b:streamGenerateContent"),
    "google, its newer version": (GOOGLE, "/v1/models/cerebras/gpt-oss-120b:generateContent"),
}


@pytest.mark.parametrize("what", BESIDE)
async def test_routes_beside_chat_refuse_in_the_same_shape(stage: Stage, what: str) -> None:
    """Counting, Google's array, its newer version: whatever is wrong with what they get."""
    speech, path = BESIDE[what]
    key = stage.baton.key
    for body in (b"{", b"[]", b"", b"[" * DEEP, b"\xff", speech.body(messages=5, contents=5)):
        speech.refused(await say(stage, post(key, body, path=path)), 400)
    speech.refused(await say(stage, post("bk-wrong", b"oops", path=path)), 401)
    speech.refused(await say(stage, post(key, b" " * (21 << 20), path=path)), 413)
    speech.refused(await say(stage, post(key, b"", path=path).replace(b"POST", b"PUT", 1)), 405)
    assert stage.provider.calls == []


async def test_a_broken_array_ends_in_an_error(stage: Stage) -> None:
    """Google's stream without events is one JSON array; its last element says what went wrong."""
    stage.provider.act = closing(*chunked(word("one "), word("two "), end=False))
    path = GOOGLE.where(stream=True).removesuffix("?alt=sse")
    reply = await say(stage, post(stage.baton.key, GOOGLE.body(), path=path))
    assert reply.status == 200
    *said, error = reply.json
    assert [chunk["candidates"][0]["content"]["parts"][0]["text"] for chunk in said] == ["one ", "two "]
    assert error["error"]["code"] == 502
