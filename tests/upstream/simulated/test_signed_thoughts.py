"""In Anthropic's dialect the simulated provider signs its thoughts, and knows its signatures again."""

import json
from typing import Any

from baton.core.clock import SystemClock
from baton.upstream.providers.simulated.simulation import Incoming, Simulation
from baton.upstream.providers.simulated.steps import Head, Send

SIGN = "simulated-"
HELLO = {"role": "user", "content": "Hello there"}


def ask(messages: list[Any], *, stream: bool = False) -> tuple[int, bytes]:
    """Status and body of an answer with eight tokens of thought."""
    wishes = {"model": "lorem;think=8;words=4", "max_tokens": 100, "messages": messages, "stream": stream}
    asked = Incoming(method="POST", path="/v1/messages", headers={}, body=json.dumps(wishes).encode())
    steps = list(Simulation(SystemClock()).receive(asked))
    status = next(step.status for step in steps if isinstance(step, Head))
    return status, b"".join(step.data for step in steps if isinstance(step, Send))


def test_a_thought_is_signed_whole_and_streamed() -> None:
    """Streamed, the signature comes behind the whole thought."""
    thought = json.loads(ask([HELLO])[1])["content"][0]
    assert thought["signature"].startswith(SIGN)
    events = [
        json.loads(line[6:]) for line in ask([HELLO], stream=True)[1].splitlines() if line[:5] == b"data:"
    ]
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    assert "".join(delta.get("thinking", "") for delta in deltas) == thought["thinking"]
    [signed] = [place for place, delta in enumerate(deltas) if "signature" in delta]
    assert deltas[signed]["signature"].startswith(SIGN)
    assert [place for place, delta in enumerate(deltas) if "thinking" in delta] == list(range(signed))


def test_only_its_own_thoughts_are_taken_back() -> None:
    """A thought comes back with the signature that it had, or the request is refused."""
    content = json.loads(ask([HELLO])[1])["content"]
    turn = {"role": "assistant", "content": content}
    assert ask([HELLO, turn, HELLO])[0] == 200
    for change in ({"signature": "somebody else's"}, {"signature": ""}):
        forged = {"role": "assistant", "content": [{**content[0], **change}, *content[1:]]}
        status, body = ask([HELLO, forged, HELLO])
        assert status == 400
        assert b"signature" in body
