"""Thoughts and signatures: through the dialect and back, and never to somebody they do not belong to."""

import json
from typing import Any

import pytest

from baton.core.answer import ChatResponse, Choice, Finish
from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import Message, Part, Reasoning, Role, Signature, Text, ToolCall
from baton.core.provider import ProviderSpec
from baton.core.request import ChatRequest
from baton.core.usage import Usage
from baton.upstream.dialects.responses.codec import CODEC
from tests.upstream.dialects.responses.recorded import envelope_of

SPEC = ProviderSpec(name="made-up", title="Made up", base_url="http://provider.test/v1")
HELLO = {"role": "user", "content": "hello"}


def signed(origin: Dialect, value: str = "c2ln/+==.x") -> Signature:
    return Signature(origin=origin, value=value)


def brought_back(*parts: Part) -> dict[str, Any]:
    """The next turn of a caller who got these parts."""
    choice = Choice(index=0, parts=parts, finish=Finish.STOP)
    answer = ChatResponse(id="msg_1", model="m", created=1, choices=(choice,), usage=Usage())
    output = json.loads(CODEC.write_answer(answer, Losses()))["output"]
    return {"model": "gpt-x", "input": [HELLO, *output, HELLO]}


@pytest.mark.parametrize("origin", [Dialect.OPENAI, Dialect.ANTHROPIC, Dialect.GOOGLE])
def test_what_comes_from_abroad_comes_back_as_it_was(origin: Dialect) -> None:
    """Signed thoughts, thoughts in cipher and their ids, signatures on texts and calls."""
    parts = (
        Reasoning(text="Hm.", signature=signed(origin)),
        Reasoning(encrypted=signed(origin), id="rs.1:2"),
        Text(text="Well.", signature=signed(origin)),
        ToolCall(id="call_1", name="f", arguments="{}", signature=signed(origin)),
    )
    _, turn, _ = envelope_of(brought_back(*parts)).open().messages
    assert turn.parts == parts


@pytest.mark.parametrize("origin", [Dialect.OPENAI, Dialect.ANTHROPIC, Dialect.GOOGLE])
def test_what_comes_from_abroad_goes_to_no_provider_of_this_dialect(origin: Dialect) -> None:
    """It would be refused: neither passed on, nor translated; what a model said and called goes."""
    body = brought_back(
        Reasoning(text="Hm.", signature=signed(origin)),
        Text(text="Well.", signature=signed(origin)),
        ToolCall(id="call_1", name="f", arguments="{}", signature=signed(origin)),
    )
    sent = json.loads(CODEC.bring_home(envelope_of(body).body, "gpt-x", SPEC, Losses()))
    assert [item.get("type", "message") for item in sent["input"]] == [
        "message",
        "message",
        "function_call",
        "message",
    ]
    losses = Losses()
    written = CODEC.write_request(envelope_of(body).open(), "gpt-x", SPEC, losses)
    assert b"c2ln" not in written
    assert b"reasoning" not in written
    assert Feature.REASONING_SIGNATURE in losses.features or Feature.REASONING in losses.features


def test_a_thought_of_this_dialect_goes_back_with_its_cipher() -> None:
    """To a provider that is asked in another dialect's name too; an id that Baton gave stays here."""
    home = signed(Dialect.OPENAI_RESPONSES)
    body = brought_back(Reasoning(text="Hm.", encrypted=home), Text(text="Well."))
    sent = json.loads(CODEC.bring_home(envelope_of(body).body, "gpt-x", SPEC, Losses()))
    thought = sent["input"][1]
    assert (thought["type"], thought["encrypted_content"]) == ("reasoning", home.value)
    assert "id" not in thought
    turns = (
        Message(role=Role.USER, parts=(Text(text="hello"),)),
        Message(role=Role.ASSISTANT, parts=(Reasoning(text="Hm.", encrypted=home), Text(text="Well."))),
    )
    asked = ChatRequest(model="x", messages=turns, dialect=Dialect.OPENAI)
    written = json.loads(CODEC.write_request(asked, "gpt-x", SPEC, Losses()))
    assert written["input"][1]["encrypted_content"] == home.value
    assert written["include"] == ["reasoning.encrypted_content"]
    assert written["store"] is False


def test_a_thought_known_by_its_id_alone_is_reported() -> None:
    """It lies with the provider that thought it, and nowhere else."""
    body = {"model": "m", "input": [HELLO, {"type": "reasoning", "id": "rs_1", "summary": []}, HELLO]}
    request = envelope_of(body).open()
    assert request.messages[1].parts == (Reasoning(id="rs_1"),)
    losses = Losses()
    written = json.loads(CODEC.write_request(request, "gpt-x", SPEC, losses))
    assert [item["role"] for item in written["input"]] == ["user", "user"]
    assert list(losses.dropped) == ["reasoning_signature"]


def test_a_request_without_strange_thoughts_is_not_touched() -> None:
    """Not even one that speaks of them."""
    body = {"model": "gpt-x", "input": [{"role": "user", "content": 'what is "baton.anthropic.x"?'}]}
    envelope = envelope_of(body)
    assert CODEC.pass_on(envelope, "gpt-x", SPEC) == envelope.body
