"""Signatures on their way through another dialect."""

import pytest

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.messages import Message, Reasoning, Role, Signature, Text, ToolCall, ToolResult
from baton.core.provider import ProviderSpec
from baton.core.request import ChatRequest
from baton.upstream.dialects.carried import holds_marked, mark, mark_base64, unmark, unmark_base64
from baton.upstream.dialects.registry import CODECS

SPOKEN = tuple(dialect for dialect in Dialect if dialect is not Dialect.NATIVE)


@pytest.mark.parametrize("origin", SPOKEN)
@pytest.mark.parametrize("speaking", SPOKEN)
def test_a_signature_comes_back_as_whose_it_is(origin: Dialect, speaking: Dialect) -> None:
    """At home it is unchanged; abroad it is marked, and the mark is found by a glance at a request."""
    signature = Signature(origin=origin, value="c2ln/bmF0dXJl+w==")
    for marks, unmarks in ((mark, unmark), (mark_base64, unmark_base64)):
        text = marks(signature, speaking)
        assert unmarks(text, speaking) == signature
        assert (text == signature.value) is (origin is speaking)
        assert holds_marked(f'{{"signature":"{text}"}}'.encode()) is (origin is not speaking)


@pytest.mark.parametrize(
    "body", [b"{}", b'{"baton":{}}', b'{"x":"baton. And so on"}', rb'{"x":"\"baton.a.b\""}']
)
def test_other_words_are_no_marks(body: bytes) -> None:
    """A text that speaks of batons is passed on as it came."""
    assert not holds_marked(body)


@pytest.mark.parametrize("speaking", SPOKEN)
@pytest.mark.parametrize("origin", SPOKEN)
def test_a_request_written_at_home_holds_nothing_from_abroad(origin: Dialect, speaking: Dialect) -> None:
    """What another dialect's model signed is not shown to a provider of the caller's own dialect."""
    signature = Signature(origin=origin, value="c2lnbmVk")
    parts = (
        Reasoning(text="hm", signature=signature),
        Reasoning(encrypted=signature),
        Text(text="well", signature=signature),
        ToolCall(id="c1", name="f", arguments="{}", signature=signature),
    )
    messages = (
        Message(role=Role.USER, parts=(Text(text="hi"),)),
        Message(role=Role.ASSISTANT, parts=parts),
        Message(role=Role.TOOL, parts=(ToolResult(call_id="c1", parts=(Text(text="1"),), name="f"),)),
    )
    request = ChatRequest(model="x", messages=messages, dialect=speaking)
    spec = ProviderSpec(name="any", title="Any", base_url="", dialect=speaking)
    losses = Losses()
    body = CODECS[speaking].write_request(request, "x", spec, losses)
    assert not holds_marked(body)
    if origin is not speaking:
        assert Feature.REASONING_SIGNATURE in losses.features
