"""Requests that are wrong in themselves: each a clear error, nothing sent to a provider, no row."""

import json
from typing import Any

import pytest

from baton.access.identity.entities import KeyWish, UserWish
from tests.chaos.conftest import MODEL, Stage, refused
from tests.chaos.wire import chat, line_to, post
from tests.conftest import MAKER

pytestmark = pytest.mark.asyncio(loop_scope="module")

HELLO = [{"role": "user", "content": "Hello"}]
DEEP = 100_000


def body(**fields: Any) -> bytes:
    return json.dumps({"model": MODEL, "messages": HELLO, **fields}).encode()


def messages(*said: Any) -> bytes:
    return json.dumps({"model": MODEL, "messages": said}).encode()


NO_JSON = {
    "empty": b"",
    "white space": b" \n\t ",
    "a word": b"hello",
    "half": b'{"model": "' + MODEL.encode(),
    "single quotes": b"{'model': 'x'}",
    "trailing comma": b'{"model": "x", "messages": [],}',
    "two documents": chat(MODEL) + chat(MODEL),
    "NaN": b'{"model": "x", "temperature": NaN, "messages": []}',
    "infinity": b'{"model": "x", "temperature": -Infinity, "messages": []}',
    "a number beyond all bounds": b'{"model": "x", "messages": [], "max_tokens": ' + b"9" * 10_000 + b"}",
    "an exponent beyond all bounds": b'{"model": "x", "messages": [], "max_tokens": 1e999}',
    "a byte order mark": b"\xef\xbb\xbf" + chat(MODEL),
    "UTF-16": chat(MODEL).decode().encode("utf-16"),
    "no UTF-8": b'{"model": "x", "messages": [{"role": "user", "content": "\xff\xfe"}]}',
    "half a surrogate pair": b'{"model": "x", "messages": [{"role": "user", "content": "\\ud800"}]}',
    "a raw line end in a text": b'{"model": "x", "messages": [{"role": "user", "content": "a\nb"}]}',
    "a comment": b'{"model": "x" /* mine */, "messages": []}',
    "zeros": bytes(1000),
    "open arrays": b"[" * DEEP,
    "deep arrays in a field nobody knows": b'{"x": ' + b"[" * DEEP + b"]" * DEEP + b', "model": "x"}',
    "deep objects in tools": b'{"model":"x","tools":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
    "deep arrays in content": b'{"model":"x","messages":' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep in Baton's own object": b'{"model":"x","messages":[],"baton":{"context":' + b"[" * DEEP,
}


@pytest.mark.parametrize("what", NO_JSON)
async def test_what_is_no_json_is_a_400_that_says_so(stage: Stage, what: str) -> None:
    """Whatever is sent, the caller learns in OpenAI's shape that the body could not be read."""
    refused(await stage.say(NO_JSON[what]), 400)
    assert stage.provider.calls == []


WRONG: dict[str, tuple[bytes, str | None]] = {
    "an array": (b"[]", None),
    "a text": (b'"hello"', None),
    "null": (b"null", None),
    "no model": (json.dumps({"messages": HELLO}).encode(), "model"),
    "a null model": (body(model=None), "model"),
    "a model of a wrong kind": (body(model={"name": "x"}), "model"),
    "a model without a name": (body(model=""), "model"),
    "a model of a megabyte": (body(model="openai/" + "x" * 1_000_000), "model"),
    "no messages at all": (json.dumps({"model": MODEL}).encode(), "messages"),
    "an empty list of messages": (messages(), "messages"),
    "messages of a wrong kind": (body(messages="hello"), "messages"),
    "null messages": (body(messages=None), "messages"),
    "a null message": (messages(None), "messages[0]"),
    "an unknown role": (messages({"role": "boss", "content": "x"}), "messages[0].role"),
    "a role of a megabyte": (messages({"role": "x" * 1_000_000, "content": "x"}), "messages[0].role"),
    "no role": (messages({"content": "x"}), "messages[0]"),
    "a null role": (messages({"role": None, "content": "x"}), "messages[0].role"),
    "a null content": (messages(*HELLO, {"role": "user", "content": None}), "messages[1].content"),
    "no content": (messages({"role": "system"}), "messages[0].content"),
    "a content of a wrong kind": (messages({"role": "user", "content": 5}), "messages[0].content"),
    "a null part": (messages({"role": "user", "content": [None]}), "messages[0].content[0]"),
    "a part's text of a wrong kind": (
        messages({"role": "user", "content": [{"type": "text", "text": {}}]}),
        "messages[0].content[0].text",
    ),
    "tool calls of a wrong kind": (
        messages({"role": "assistant", "tool_calls": {"id": "a"}}),
        "messages[0].tool_calls",
    ),
    "two equal call ids": (
        messages({"role": "assistant", "tool_calls": [{"id": "a"}, {"id": "b"}, {"id": "a"}]}),
        "messages[0].tool_calls[2].id",
    ),
    "a stream of a wrong kind": (body(stream="yes"), "stream"),
    "stream options of a wrong kind": (body(stream=True, stream_options=[]), "stream_options"),
    "a limit of a wrong kind": (body(max_tokens="many"), "max_tokens"),
    "half a token": (body(max_completion_tokens=1.5), "max_completion_tokens"),
    "a format of a wrong kind": (body(response_format="json"), "response_format"),
    "Baton's object of a wrong kind": (body(baton=[1]), "baton"),
    "an option of a wrong kind": (body(baton={"timeout": "soon"}), "baton"),
    "a context that is no UTF-8": (
        body(baton={"context": {"page": "?"}}).replace(b"?", b"\xff"),
        "baton",
    ),
    "a context that nobody could list": (
        body(baton={"context": json.loads("[" * 100 + "]" * 100)}),
        "baton",
    ),
    "a thousand providers to leave out": (body(baton={"exclude": ["x"] * 1000}), "baton"),
    "a tag of a megabyte": (body(baton={"tags": {"k": "x" * 1_000_000}}), "baton"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_a_wrong_field_is_a_400_that_names_it(stage: Stage, what: str) -> None:
    """The error's `param` is the path of the field; the value is not echoed at length."""
    sent, param = WRONG[what]
    refused(await stage.say(sent), 400, param=param)
    assert stage.provider.calls == []


OPTIONS = {
    "a timeout that is no number": "x-baton-timeout: soon",
    "a timeout of nothing": "x-baton-timeout: 0",
    "a negative timeout": "x-baton-timeout: -1",
    "a timeout beyond all bounds": "x-baton-timeout: 1e400",
    "no timeout at all": "x-baton-timeout: NaN",
    "a timeout of true": "x-baton-timeout: true",
    "retries that are no number": "x-baton-max-retries: many",
    "half a retry": "x-baton-max-retries: 1.5",
    "a million retries": "x-baton-max-retries: 1000000",
    "tags without values": "x-baton-tags: a,b",
    "a context that is no JSON": "x-baton-context: {page",
    "a context without a ground": "x-baton-context: " + "[" * 30_000,
    "a use case of a kilobyte": "x-baton-use-case: " + "x" * 1000,
}


@pytest.mark.parametrize("what", OPTIONS)
async def test_a_wrong_option_is_a_400_that_names_it(stage: Stage, what: str) -> None:
    """A header that cannot mean anything is not passed over in silence."""
    message = refused(await stage.ask(OPTIONS[what]), 400)
    assert "option" in message or "x-baton-" in message
    assert stage.provider.calls == []


async def test_an_option_that_nobody_knows_is_reported(stage: Stage) -> None:
    """It is served all the same, and the answer says what was passed over."""
    reply = await stage.ask("x-baton-flavour: mint\x80")
    assert (reply.status, reply.headers["x-baton-dropped"]) == (200, "x-baton-flavour")


KEYS = {
    "none": None,
    "an empty one": "Authorization: Bearer ",
    "no scheme": "Authorization: {key}",
    "Basic": "Authorization: Basic {key}",
    "a wrong one": "Authorization: Bearer bk-wrong",
    "a wrong end": "Authorization: Bearer {key}x",
    "no ASCII": "Authorization: Bearer schl\xfcssel",
    "60 KB": "Authorization: Bearer " + "k" * 60_000,
    "control characters": "Authorization: Bearer a\tb",
}


@pytest.mark.parametrize("what", KEYS)
async def test_a_wrong_key_is_a_401_before_the_body_is_looked_at(stage: Stage, what: str) -> None:
    """Whatever stands where the key should be, it is neither accepted nor shown."""
    header = KEYS[what]
    lines = [] if header is None else [header.format(key=stage.baton.key)]
    head = "\r\n".join(["POST /v1/chat/completions HTTP/1.1", "Host: x", "Content-Length: 4", *lines, "", ""])
    async with line_to(stage.baton.url) as line:
        await line.send(head.encode("latin-1") + b"oops")
        reply = await line.reply()
    message = refused(reply, 401)
    assert reply.json["error"]["code"] in ("invalid_api_key", "missing_api_key")
    assert "wrong" not in message
    assert stage.provider.calls == []


async def test_a_revoked_key_is_a_401_at_once(stage: Stage) -> None:
    """The request after the revocation is refused, on a connection that was served before it."""
    identities = stage.baton.app.store.identities
    owner = await identities.create_user(UserWish(name="leaver"), MAKER)
    made = await identities.create_key(KeyWish(name="old", user_id=owner.id), MAKER)
    async with line_to(stage.baton.url) as line:
        await line.send(post(made.secret, b"oops"))
        assert (await line.reply()).status == 400
        await identities.revoke_key(made.key.id, MAKER)
        await line.send(post(made.secret, b"oops"))
        refused(await line.reply(), 401, "invalid_api_key")


async def test_of_equal_fields_the_last_is_the_one_that_is_sent(stage: Stage) -> None:
    """Whoever repeats a field cannot be billed for one model and served by another."""
    twice = (
        b'{"model": "openai/gpt-4o", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}],'
        b' "model": "gpt-4o-mini", "max_tokens": 7}'
    )
    reply = await stage.say(twice)
    assert reply.headers["x-baton-model"] == "gpt-4o-mini"
    sent = stage.provider.calls[0].body
    assert json.loads(sent, object_pairs_hook=lambda pairs: [name for name, _ in pairs]).count("model") == 1
    assert (json.loads(sent)["model"], json.loads(sent)["max_tokens"]) == ("gpt-4o-mini", 7)


async def test_a_model_that_nobody_has_is_a_404_that_names_it(stage: Stage) -> None:
    """Line ends and control characters in a model's name reach neither a header nor a provider."""
    reply = await stage.say(body(model="nobody/has\r\nx-evil: 1\u0000"))
    refused(reply, 404)
    assert "x-evil" not in reply.headers


async def test_thirty_megabytes_announced_are_a_413_that_can_be_read(stage: Stage) -> None:
    """The client gets to read the refusal although it sends its whole body first."""
    async with line_to(stage.baton.url) as line:
        await line.send(post(stage.baton.key, b" " * (30 << 20)))
        refused(await line.reply(), 413, "request_too_large")


async def test_a_hundred_megabytes_are_a_413_that_can_be_read(stage: Stage) -> None:
    """So does one that sends many times the limit."""
    async with line_to(stage.baton.url) as line:
        head = post(stage.baton.key, b"").replace(b"Content-Length: 0", b"Content-Length: %d" % (100 << 20))
        await line.send(head)
        block = b" " * (1 << 20)
        for _ in range(100):
            await line.send(block)
        refused(await line.reply(), 413, "request_too_large")


async def test_thirty_megabytes_unannounced_are_a_413_that_can_be_read(stage: Stage) -> None:
    """A chunked body is refused when it has grown too long, and the rest of it is thrown away."""
    async with line_to(stage.baton.url) as line:
        head = post(stage.baton.key, b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        await line.send(head)
        block = b"%x\r\n%b\r\n" % (1 << 20, b" " * (1 << 20))
        for _ in range(30):
            await line.send(block)
        await line.send(b"0\r\n\r\n")
        refused(await line.reply(), 413, "request_too_large")


async def test_whoever_asks_first_is_spared_the_sending(stage: Stage) -> None:
    """`Expect: 100-continue` on a body that is too long is answered without asking for it."""
    async with line_to(stage.baton.url) as line:
        head = post(stage.baton.key, b"", "Expect: 100-continue")
        await line.send(head.replace(b"Content-Length: 0", b"Content-Length: %d" % (30 << 20)))
        refused(await line.reply(), 413, "request_too_large")


@pytest.mark.parametrize("name", ["..", ".", "a/../b", "../a", "a/..", "./a", "a/./b", "../../v2"])
async def test_a_name_that_would_move_the_path_is_refused(stage: Stage, name: str) -> None:
    """A model's name may stand in a provider's address; a step like `..` in it reaches no provider."""
    reply = await stage.say(body(model=f"openai/{name}"))
    refused(reply, reply.status)
    assert reply.status in (400, 404)
    assert stage.provider.calls == []
