"""What is tried again, with which key, how often: counted at the provider's socket."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from tests.chaos.conftest import MODEL, Stage, refused
from tests.chaos.provider import (
    DONE,
    Caller,
    RawProvider,
    answer,
    answering,
    chunked,
    raw_provider,
    whole,
    word,
)
from tests.chaos.wire import Reply
from tests.conftest import StartBaton

KEYS = ("first-key-of-three", "second-key-of-three", "third-key-of-three")


@pytest.fixture
async def provider() -> AsyncGenerator[RawProvider]:
    async with raw_provider() as provider:
        yield provider


async def started(
    start_baton: StartBaton, provider: RawProvider, *, keys: int = 1, retries: int | None = None
) -> Stage:
    """A Baton with that many keys of the provider."""
    environment = {"OPENAI_API_KEY": ",".join(KEYS[:keys]), "OPENAI_BASE_URL": provider.url}
    settings: dict[str, Any] = {} if retries is None else {"retries": retries}
    return Stage(await start_baton(environment, **settings), provider)


class Fails:
    """Answers so many calls with an error, then properly."""

    def __init__(self, times: int, status: int, *headers: str, keys: tuple[str, ...] = KEYS) -> None:
        self.times = times
        self._error = whole(b'{"error": {"message": "boom boom boom"}}', status, *headers)
        self._keys = [key.encode() for key in keys]

    async def act(self, caller: Caller) -> None:
        if self.times and any(key in caller.head for key in self._keys):
            self.times -= 1
            await caller.send(self._error)
        elif b'"stream": true' in caller.body or b'"stream":true' in caller.body:
            await caller.send(*chunked(word("well", "stop"), DONE))
        else:
            await caller.send(answer())


def keys_asked(provider: RawProvider) -> list[str]:
    """The first words of the keys it was asked with, in order."""
    return [key.split("-")[0] for call in provider.calls for key in KEYS if key.encode() in call.head]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_one_failure_is_tried_again_at_once(
    start_baton: StartBaton, provider: RawProvider, stream: bool
) -> None:
    """A single 500 is not seen by the caller; the ledger has both attempts."""
    stage = await started(start_baton, provider)
    provider.act = Fails(1, 500).act
    reply = await stage.ask(stream=stream)
    assert (reply.status, reply.headers["x-baton-attempts"]) == (200, "2")
    row, attempts = await stage.row(reply)
    assert (row.status, row.retries, row.fell_back) == ("ok", 1, False)
    assert [attempt.status for attempt in attempts] == ["provider_error", "ok"]
    assert [attempt.http_status for attempt in attempts] == [500, 200]


@pytest.mark.parametrize("said", [0, 1])
async def test_as_often_as_said_and_no_oftener(
    start_baton: StartBaton, provider: RawProvider, said: int
) -> None:
    """The setting holds for everybody, and a request may name another; 0 means not even a quick one."""
    stage = await started(start_baton, provider, retries=said)
    provider.act = Fails(100, 500).act
    refused(await stage.ask(), 503)
    assert len(provider.calls) == said + 1
    provider.forget()
    provider.act = Fails(100, 500).act
    reply = await stage.ask(f"x-baton-max-retries: {1 - said}")
    refused(reply, 503)
    assert len(provider.calls) == 2 - said
    assert len(reply.json["error"]["attempts"]) == 2 - said


NEVER_AGAIN = {400: 400, 401: 401, 404: 404, 413: 400, 422: 400}


@pytest.mark.parametrize("status", NEVER_AGAIN)
async def test_what_will_not_get_better_is_not_tried_again(
    start_baton: StartBaton, provider: RawProvider, status: int
) -> None:
    """A request that the provider refuses is asked once, whatever the number of retries."""
    stage = await started(start_baton, provider, retries=5)
    provider.act = Fails(100, status).act
    refused(await stage.ask(), NEVER_AGAIN[status])
    assert len(provider.calls) == 1


@pytest.mark.parametrize("status", [401, 402, 429])
async def test_another_key_is_tried_at_once(
    start_baton: StartBaton, provider: RawProvider, status: int
) -> None:
    """A key that is refused, spent or at its limit is passed over, for this request and the next ones."""
    stage = await started(start_baton, provider, keys=3, retries=0)
    provider.act = Fails(100, status, keys=KEYS[1:2]).act
    for _ in range(6):
        assert (await stage.ask()).status == 200
    asked = keys_asked(provider)
    assert asked.count("second") == 1
    assert {"first", "third"} <= set(asked)
    assert len(asked) == 7


async def test_when_all_keys_are_refused_the_caller_is_told(
    start_baton: StartBaton, provider: RawProvider
) -> None:
    """Each is tried once."""
    stage = await started(start_baton, provider, keys=3, retries=0)
    provider.act = Fails(100, 401).act
    refused(await stage.ask(), 401)
    assert sorted(keys_asked(provider)) == ["first", "second", "third"]


@pytest.mark.parametrize("first", ["a connection that fails", "a 500"])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_every_key_gets_its_turn_whatever_failed_before(
    start_baton: StartBaton, provider: RawProvider, first: str, stream: bool
) -> None:
    """A failure that no key is to blame for uses up no key; each is refused once and not asked again."""
    stage = await started(start_baton, provider, keys=3, retries=1)
    refuse = Fails(100, 401).act

    async def act(caller: Caller) -> None:
        if len(provider.calls) > 1:
            await refuse(caller)
        elif first == "a 500":
            await Fails(1, 500).act(caller)
        else:
            caller.reset()

    provider.act = act
    reply = await stage.ask(stream=stream)
    assert reply.status in (401, 503)
    assert sorted(keys_asked(provider)[1:]) == ["first", "second", "third"]
    _, attempts = await stage.row(reply)
    assert [attempt.status for attempt in attempts[1:]] == ["provider_credential_rejected"] * 3


async def test_a_marked_key_is_asked_where_there_is_no_other(
    start_baton: StartBaton, provider: RawProvider
) -> None:
    """A mark puts a key behind others; it locks nobody out, and a success clears it."""
    stage = await started(start_baton, provider, retries=0)
    provider.act = Fails(1, 401).act
    refused(await stage.ask(), 401)
    assert (await stage.ask()).status == 200
    (credential,) = stage.baton.app.directory["openai"].credentials
    assert credential.against("gpt-4o-mini", 0.0) is None


async def test_a_stated_wait_beyond_the_deadline_is_not_waited_for(
    start_baton: StartBaton, provider: RawProvider
) -> None:
    """The caller gets the provider's 429 and its wait at once."""
    stage = await started(start_baton, provider)
    provider.act = Fails(100, 429, "retry-after: 30").act
    reply = await stage.ask("x-baton-timeout: 2")
    refused(reply, 429)
    assert reply.headers["retry-after"] == "30"
    assert len(provider.calls) == 1


WAITS = {
    "retry-after: 7": "7",
    "retry-after: 7.2": "8",
    "retry-after-ms: 6500": "7",
    "x-ratelimit-remaining-requests: 0\r\nx-ratelimit-reset-requests: 1m13.588s": "74",
    "retry-after: 1209600": "86400",
    "retry-after: inf": None,
    "retry-after: nan": None,
    "retry-after: -5": None,
    "retry-after: 1e300": None,
    "retry-after: " + "9" * 5000: None,
    "retry-after: Fri, 31 Dec 9999 23:59:59 GMT": None,
    "retry-after: Mon, 01 Jan 0001 00:00:00 -0000": None,
    "retry-after: soon": None,
    "x-ratelimit-reset-requests: " + "9" * 5000 + "h": None,
}


async def test_every_form_of_a_wait_is_read(start_baton: StartBaton, provider: RawProvider) -> None:
    """In whichever form a provider says it, it is told in seconds, a day at most; nonsense is none."""
    stage = await started(start_baton, provider, retries=0)
    (credential,) = stage.baton.app.directory["openai"].credentials
    for header, wanted in WAITS.items():
        credential.clear()  # until its pause is over it would not be asked again
        provider.act = answering(whole(b"{}", 429, header))
        reply = await stage.ask()
        refused(reply, 429)
        assert reply.headers.get("retry-after") == wanted, header


async def test_who_wants_no_rescue_sees_the_stream_end_where_it_broke(
    start_baton: StartBaton, provider: RawProvider
) -> None:
    """Nothing is asked again after the first word, and the end is an error's."""
    stage = await started(start_baton, provider, retries=5)

    async def act(caller: Caller) -> None:
        await caller.send(*chunked(word("so "), end=False))
        caller.close()

    provider.act = act
    reply = await stage.ask("x-baton-stream: off", stream=True)
    assert "[DONE]" not in reply.events
    assert len(provider.calls) == 1


async def test_a_stream_that_breaks_after_every_word_is_not_gone_on_with_for_ever(
    start_baton: StartBaton, provider: RawProvider
) -> None:
    """Where nobody else is left, what breaks itself is asked to go on as often as retries allow: each time
    costs a prompt."""
    stage = await started(start_baton, provider, retries=2)

    async def act(caller: Caller) -> None:
        await caller.send(*chunked(word(f"word{len(provider.calls)} "), end=False))
        caller.close()

    provider.act = act
    reply = await stage.ask(stream=True)
    assert "[DONE]" not in reply.events
    assert len(provider.calls) <= 1 + 2 * 2  # each time the same question first, then the wish to go on


NOWHERE = {
    "nobody listens": "http://127.0.0.1:9/v1",
    "no such host": "http://no-such-host.invalid/v1",
    "a name that is none": "http://under_score..dots/v1",
}


@pytest.mark.parametrize("what", NOWHERE)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
async def test_an_address_that_leads_nowhere_is_a_502(
    start_baton: StartBaton, provider: RawProvider, what: str, stream: bool
) -> None:
    """It is tried again once, at once, and the caller learns that the provider cannot be reached."""
    baton = await start_baton({"OPENAI_API_KEY": KEYS[0], "OPENAI_BASE_URL": NOWHERE[what]}, retries=1)
    reply: Reply = await Stage(baton, provider).ask(stream=stream)
    refused(reply, 502, "provider_unreachable")
    assert [attempt["model"] for attempt in reply.json["error"]["attempts"]] == [MODEL, MODEL]
    row, attempts = await Stage(baton, provider).row(reply)
    assert [row.cost_nanos, *(attempt.cost_nanos for attempt in attempts)] == [0, 0, 0]


async def test_tls_to_a_plain_port_is_a_502(start_baton: StartBaton, provider: RawProvider) -> None:
    """So is an address that begins with the wrong scheme."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        host, port = server.sockets[0].getsockname()
        url = f"https://{host}:{port}/v1"
        baton = await start_baton({"OPENAI_API_KEY": KEYS[0], "OPENAI_BASE_URL": url}, retries=0)
        refused(await Stage(baton, provider).ask(), 502, "provider_unreachable")
