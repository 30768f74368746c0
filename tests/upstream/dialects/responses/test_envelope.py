"""The outside of a request: what it needs, and what is refused."""

import json
from typing import Any

import pytest

from baton.core.errors import Invalid
from baton.core.request import Options
from baton.upstream.dialects.responses.envelope import read_envelope
from tests.upstream.dialects.responses.recorded import envelope_of

HELLO = {"model": "gpt-x", "input": "hello"}
CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
IMAGE = {"type": "input_image", "image_url": "https://example.com/a.png"}


def asked(item: Any, **fields: Any) -> dict[str, Any]:
    return {"model": "gpt-x", "input": [item], **fields}


def test_what_a_request_needs_is_seen_from_outside() -> None:
    """Streaming, tools, schemas, images in messages and in what tools brought; the characters of all text."""
    envelope = envelope_of(
        {
            "model": "gpt-x",
            "instructions": "Be kind.",
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "hello"}, IMAGE]},
                CALL,
                {"type": "function_call_output", "call_id": "call_1", "output": "four"},
            ],
            "tools": [{"type": "function", "name": "f"}],
            "text": {"format": {"type": "json_object"}},
            "stream": True,
            "max_output_tokens": 9,
        }
    )
    assert envelope.needs == {"streaming", "tools", "json", "vision"}
    assert (envelope.stream, envelope.max_tokens) == (True, 9)
    assert envelope.input_chars >= len("Be kind.") + len("hello") + len("four")
    result = {"type": "function_call_output", "call_id": "call_1", "output": [IMAGE]}
    assert envelope_of(asked(result)).needs == {"vision"}
    assert envelope_of(HELLO).needs == set()


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": "hello"}, "model"),
        ({"model": "", "input": "hello"}, "model"),
        ({"model": "x" * 300, "input": "hello"}, "model"),
        ({"model": "gpt-x"}, "input"),
        ({"model": "gpt-x", "input": []}, "input"),
        ({"model": "gpt-x", "input": 1}, "input"),
        (asked({"role": "king", "content": "hello"}), "input[0].role"),
        (asked({"type": "message", "content": "hello"}), "input[0].role"),
        (asked({"role": "user"}), "input[0].content"),
        (asked({"role": "user", "content": None}), "input[0].content"),
        (asked({"role": "user", "content": 7}), "input[0].content"),
        ({"model": "gpt-x", "input": [CALL, CALL]}, "input[1].call_id"),
        ({**HELLO, "stream": "yes"}, "stream"),
        ({**HELLO, "max_output_tokens": "many"}, "max_output_tokens"),
        ({**HELLO, "text": {"format": 1}}, "text.format"),
        ({**HELLO, "store": True}, "store"),
        ({**HELLO, "background": True}, "background"),
        ({**HELLO, "previous_response_id": "resp_1"}, "previous_response_id"),
        ({**HELLO, "conversation": {"id": "conv_1"}}, "conversation"),
    ],
)
def test_what_no_provider_could_mean_is_refused_by_name(body: dict[str, Any], param: str) -> None:
    """The field is named; what somebody would have to store for the caller is refused with a sentence."""
    with pytest.raises(Invalid) as refused:
        envelope_of(body)
    assert refused.value.param == param
    if param in ("store", "background", "previous_response_id", "conversation"):
        assert "does not store" in refused.value.message


@pytest.mark.parametrize(
    "fields",
    [
        {"store": False},
        {"store": None, "background": None, "previous_response_id": None, "conversation": None},
        {"background": False},
        {"user": "u", "metadata": {"a": "b"}, "some_new_field": {"a": [1]}},
    ],
)
def test_what_asks_for_nothing_stored_is_served(fields: dict[str, Any]) -> None:
    """Nor is a field that nobody knows an error."""
    assert envelope_of({**HELLO, **fields}).model == "gpt-x"


def test_a_template_of_the_providers_own_needs_no_input() -> None:
    """`prompt` names one."""
    assert envelope_of({"model": "gpt-x", "prompt": {"id": "pmpt_1"}}).input_chars == 0


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'{"model": "\xff"}', b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    """Cleanly, whatever it is."""
    with pytest.raises(Invalid):
        read_envelope(body, lambda _: Options(), {})


def test_an_envelope_opens_as_the_request_it_is() -> None:
    """The letter is read when somebody must translate it, not before; what is wrong in it is named then."""
    odd = envelope_of({**HELLO, "temperature": "hot"})
    with pytest.raises(Invalid) as refused:
        odd.open()
    assert refused.value.param == "temperature"
    assert json.loads(odd.body)["temperature"] == "hot"
