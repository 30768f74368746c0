"""What it was asked is counted, what it shall do can be set, and both over HTTP too."""

import asyncio
import hashlib
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

import aiohttp
import pytest

from baton.core.errors import Invalid
from baton.core.usage import Usage
from baton.upstream.providers.simulated.calls import Call, CallBook, Outcome
from baton.upstream.providers.simulated.rules import Rule
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from baton.upstream.providers.simulated.transport import SimulatedTransport
from baton.upstream.transport import UpstreamRequest
from tests.upstream.simulated.conftest import PATIENCE, Ask, Time, body_of, posted


async def ended(simulation: Simulation) -> Call:
    """The last call, once it has ended."""
    async with asyncio.timeout(5):
        await simulation.calls.settled()
    return simulation.calls.last[-1]


async def test_a_call_is_recorded_whole(ask: Ask, simulation: Simulation) -> None:
    """Model, path, body, its digest, the key's digest, status, tokens and the usage that was reported."""
    answer = await ask("echo;notice=off", "one two", key="sk-7", stream=False)
    call = await ended(simulation)
    body = body_of("echo;notice=off", "one two", stream=False)
    assert (call.number, call.model, call.stream, call.status) == (1, "echo;notice=off", False, 200)
    assert call.path.endswith("/chat/completions")
    assert (call.body, call.body_digest) == (body.decode(), hashlib.sha256(body).hexdigest())
    assert call.key_digest == hashlib.sha256(b"sk-7").hexdigest()[:12]
    assert call.outcome is Outcome.DONE
    usage = answer.json["usage"]
    assert call.reported is not None
    assert call.billed == Usage(prompt=usage["prompt_tokens"], completion=usage["completion_tokens"])
    assert (call.reported.completion, call.tokens_sent) == (2, 2)


async def test_usage_is_reported_only_to_who_asked(ask: Ask, simulation: Simulation) -> None:
    """A stream without usage reports none, but is billed."""
    await ask("echo;notice=off", "one two", stream=True)
    call = await ended(simulation)
    assert (call.reported, call.billed.completion, call.outcome) == (None, 2, Outcome.DONE)


async def test_errors_are_not_billed(ask: Ask, simulation: Simulation) -> None:
    """An error is a call, a fault, and costs nothing; a refused name is a call and no fault."""
    await ask("echo;fault=503")
    call = await ended(simulation)
    assert (call.fault, call.status, call.billed) == ("503", 503, Usage())
    await ask("gpt-9")
    assert (await ended(simulation)).fault is None
    assert simulation.calls.count() == 2
    assert simulation.calls.count("gpt-9") == 1


async def test_it_writes_its_own_bill(ask: Ask, simulation: Simulation) -> None:
    """At its own prices: nothing for a refusal, the prompt once it was read, and every token that left."""
    priced = "echo;notice=off;in_price=2.5;out_price=10"
    await ask(priced, "one two three four")
    whole = await ended(simulation)
    assert whole.cost_nanos == whole.prompt_tokens * 2500 + 4 * 10_000
    for fault, tokens in (("503", None), ("reset", None), ("html", 0), ("cut;after=3", 3)):
        await ask(f"{priced};fault={fault}", "one two three four", stream=True)
        call = await ended(simulation)
        wanted = 0 if tokens is None else call.prompt_tokens * 2500 + tokens * 10_000
        assert call.cost_nanos == wanted, fault
    tallies = simulation.calls.tallies
    assert tallies[priced].cost_nanos == whole.cost_nanos
    assert sum(tally.cost_nanos for tally in tallies.values()) == sum(
        call.cost_nanos for call in simulation.calls.last
    )


async def test_who_is_not_answered_may_pay_for_the_prompt(ask: Ask, simulation: Simulation) -> None:
    """A model that was put to work and never said a word has read the prompt."""
    await ask("echo;fault=silence", patience_s=0.05)
    call = await ended(simulation)
    assert (call.outcome, call.billed) == (Outcome.GONE, Usage(prompt=call.prompt_tokens))
    assert call.prompt_tokens


async def test_who_leaves_a_socket_is_counted(
    url: str, http: aiohttp.ClientSession, simulation: Simulation
) -> None:
    """A client that closes in mid-stream is counted as gone, with the tokens sent by then."""
    async with posted(http, url, body_of("lorem;words=50;fault=stall;after=4", stream=True)) as response:
        while len(simulation.calls.last) == 0 or simulation.calls.last[0].tokens_sent < 4:
            await response.content.readany()
    call = await ended(simulation)
    assert (call.outcome, call.tokens_sent) == (Outcome.GONE, 4)
    assert simulation.calls.tallies[call.model].gone == 1


async def test_who_leaves_the_transport_is_counted(
    transport: SimulatedTransport, simulation: Simulation
) -> None:
    """In process: closing in mid-stream, and being cancelled before the headers."""

    def request(model: str) -> UpstreamRequest:
        body = body_of(model, "one two three four", stream=True)
        return UpstreamRequest(url="simulated:/chat/completions", headers={}, body=body)

    response = await transport.send(request("echo;notice=off"), PATIENCE)
    chunks = response.chunks(1000)
    assert isinstance(chunks, AsyncGenerator)
    async with aclosing(chunks):
        await anext(chunks)
    await response.close()
    call = simulation.calls.last[-1]
    assert (call.outcome, call.tokens_sent) == (Outcome.GONE, 1)
    forever = PATIENCE.__class__(first_byte_s=None, idle_s=None, total_s=None)
    task = asyncio.create_task(transport.send(request("echo;fault=silence"), forever))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert simulation.calls.last[-1].outcome is Outcome.GONE


async def test_who_leaves_after_the_end_mark_has_missed_nothing(
    transport: SimulatedTransport, simulation: Simulation
) -> None:
    """A reader that stops at `[DONE]` is no client that left."""
    request = UpstreamRequest(
        url="simulated:/chat/completions", headers={}, body=body_of("echo", stream=True)
    )
    response = await transport.send(request, PATIENCE)
    async for chunk in response.chunks(100_000):
        if b"[DONE]" in chunk:
            break
    await response.close()
    assert simulation.calls.last[-1].outcome is Outcome.DONE


async def test_any_name_can_be_given_a_behaviour(ask: Ask, simulation: Simulation) -> None:
    """A rule makes a name behave; settings in the name refine it; taken back, the name is unknown again."""
    simulation.rules.set("flaky", Rule(behaves="echo;fault=503;times=1", says="all is well"))
    assert (await ask("flaky")).status == 503
    assert (await ask("flaky")).text == "all is well"
    assert (await ask("simulated/flaky")).text == "all is well"
    assert (await ask("flaky;fault=529")).status == 529
    simulation.rules.set("flaky", Rule(behaves="echo;fault=503;times=1"))
    assert (await ask("flaky")).status == 503
    simulation.rules.set("flaky", None)
    assert (await ask("flaky")).status == 404
    with pytest.raises(Invalid, match="no way"):
        simulation.rules.set("flaky", Rule(behaves="gpt-9"))


async def test_control_over_http(url: str, http: aiohttp.ClientSession, ask_by_socket: Ask) -> None:
    """Behaviour is set, shown and taken back by control requests; a wrong one changes nothing."""
    control = f"{url}/_simulated/control"
    wishes = {"models": {"gpt-4o": {"as": "echo;fault=500"}}, "unknown": {"as": "lorem;words=3"}}
    async with http.post(control, json=wishes) as response:
        assert (response.status, await response.json()) == (
            200,
            {
                "models": {"gpt-4o": {"as": "echo;fault=500", "says": None}},
                "unknown": {"as": "lorem;words=3", "says": None},
            },
        )
    assert (await ask_by_socket("gpt-4o")).status == 500
    assert (await ask_by_socket("whatever")).status == 200
    for wrong in ({"models": {"a": {"as": "echo"}, "b": {"as": "nothing"}}}, {"modles": {}}, []):
        async with http.post(control, json=wrong) as response:
            assert response.status == 400
            assert (await response.json())["error"]["message"]
    async with http.get(control) as response:
        assert list((await response.json())["models"]) == ["gpt-4o"]
    async with http.delete(control) as response:
        assert (await response.json())["models"] == {}
    assert (await ask_by_socket("gpt-4o")).status == 200
    async with http.post(control, json={"unknown": None}) as response:
        assert (await response.json())["unknown"] is None
    assert (await ask_by_socket("gpt-4o")).status == 404


async def test_counts_over_http(url: str, http: aiohttp.ClientSession, ask_by_socket: Ask) -> None:
    """The calls are shown with figures by model, of one model or all, and forgotten on request."""
    await ask_by_socket("echo;notice=off", "one two")
    await ask_by_socket("echo;fault=500")
    async with http.get(f"{url}/_simulated/calls") as response:
        seen = await response.json()
    assert seen["count"] == 2
    assert seen["models"]["echo;fault=500"] == {
        "calls": 1, "faults": 1, "gone": 0, "prompt_tokens": 0, "tokens_sent": 0, "cost_nanos": 0,
    }  # fmt: skip
    assert [call["outcome"] for call in seen["calls"]] == ["done", "done"]
    assert json.loads(seen["calls"][0]["body"])["messages"][0]["content"] == "one two"
    async with http.get(f"{url}/_simulated/calls", params={"model": "echo;fault=500"}) as response:
        assert [call["number"] for call in (await response.json())["calls"]] == [2]
    async with http.delete(f"{url}/_simulated/calls") as response:
        assert (await response.json())["count"] == 0
    async with http.get(f"{url}/_simulated/nothing") as response:
        assert response.status == 404


def test_the_book_is_bounded() -> None:
    """Calls and names are kept up to a bound; counts stay true beyond it."""
    book = CallBook(keep=3, models=2)
    for number in range(50):
        call = Call(model=f"m{number}", path="/", stream=False, key_digest=None, body_digest="", body="")
        book.ended(book.opened(call), Outcome.DONE)
    assert [call.number for call in book.last] == [48, 49, 50]
    assert len(book.tallies) == 3
    assert book.count() == 50


async def test_the_server_itself(time: Time, http: aiohttp.ClientSession) -> None:
    """Liveness, the list of models, a key that is needed, paths it doesn't know, one connection for all."""
    simulation = Simulation(time, needs_key=True, unknown="echo")
    async with running(simulation) as url:
        async with http.get(f"{url}/livez") as response:
            assert response.status == 200
        headers = {"x-api-key": "any"}
        async with http.get(f"{url}/v1/models", headers=headers) as response:
            assert [model["id"] for model in (await response.json())["data"]][:2] == ["echo", "lorem"]
        async with http.get(f"{url}/v1/models") as response:
            assert response.status == 401
        async with http.post(f"{url}/v1/nothing", headers=headers) as response:
            assert response.status == 404
        async with http.post(f"{url}/chat/completions", headers=headers, data=b"{") as response:
            assert response.status == 400
        async with http.post(f"{url}/chat/completions", headers=headers, data=body_of("gpt-9")) as response:
            assert (await response.json())["model"] == "gpt-9"


async def test_one_connection_serves_many_requests(url: str) -> None:
    """Requests sent ahead on one connection are answered in order."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    for text, keep in (("first", "keep-alive"), ("second", "close")):
        body = body_of("echo;notice=off", text)
        head = f"POST /chat/completions HTTP/1.1\r\nconnection: {keep}\r\ncontent-length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + body)
    answered = await reader.read()
    writer.close()
    await writer.wait_closed()
    assert answered.count(b"HTTP/1.1 200 OK") == 2
    assert 0 < answered.index(b"first") < answered.index(b"second")


async def test_a_reset_is_a_reset(url: str) -> None:
    """`fault=reset` sends a reset, not a polite end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    body = body_of("echo;fault=reset")
    writer.write(f"POST /chat/completions HTTP/1.1\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_what_is_no_http_is_refused(url: str) -> None:
    """Nonsense is answered 400, and the connection is closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
    writer.write(b"nonsense\r\n\r\n")
    assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
    writer.close()
    await writer.wait_closed()


async def test_a_server_closes_with_its_answers(simulation: Simulation, http: aiohttp.ClientSession) -> None:
    """Leaving `running` ends the calls that are still being answered, and waits for them."""
    async with running(simulation) as url, asyncio.timeout(5):
        response = await http.post(f"{url}/chat/completions", data=body_of("echo;fault=stall", stream=True))
    assert simulation.calls.last[-1].outcome is Outcome.GONE
    response.close()


async def test_too_much_stops_with_the_client(
    url: str, http: aiohttp.ClientSession, simulation: Simulation
) -> None:
    """An endless stream ends when its client leaves."""
    async with posted(http, url, body_of("echo;fault=endless", stream=True)) as response:
        await response.content.readany()
    assert (await ended(simulation)).outcome is Outcome.GONE
