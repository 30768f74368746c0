"""What is read and written again means the same: recorded requests and answers, through the core and back.

What may differ, all of it, stands in `request_again` and `answer_again`.
"""

import copy
import json
from typing import Any

from baton.core.losses import Losses
from baton.upstream.dialects.anthropic.codec import CODEC
from baton.upstream.dialects.anthropic.requests import read_request
from tests.upstream.dialects.anthropic.recorded import SPEC, messages

REFUSED_BEFOREHAND = frozenset({"anthropic-500dc64270"})
"""A message that is a text; the provider refused it too."""

NO_WORD_FOR = {
    "tools": {"defer_loading", "eager_input_streaming", "input_examples", "allowed_callers"},
    "document": {"citations", "context"},
    "output_config": {"task_budget"},
}
"""Fields that the core has no word for; to another dialect they are reported as dropped."""

DIFFERENT_EFFORT = {"anthropic-0616b01513": "max"}
"""An effort that its model does not know, which the provider refused."""


def test_a_recorded_request_is_written_as_it_was_read() -> None:
    """System, turns, tools, schemas, server-side tools, signatures, marks: nothing is lost."""
    for exchange in messages():
        if exchange.id in REFUSED_BEFOREHAND:
            continue
        losses = Losses()
        read = read_request(json.dumps(exchange.request).encode())
        written = CODEC.write_request(read, exchange.request["model"], SPEC, losses)
        assert plain(json.loads(written)) == request_again(exchange.id, exchange.request), exchange.id
        assert read_request(written).messages == read.messages, exchange.id
        assert losses.features <= set(CODEC.cannot) | set(CODEC.adjusts), exchange.id


def test_a_recorded_answer_is_written_as_it_was_read() -> None:
    """Texts, thoughts, calls, citations, server-side tools' steps, usage, unknown fields: nothing is lost."""
    for exchange in messages():
        if exchange.status != 200 or exchange.streamed:
            continue
        losses = Losses()
        read = CODEC.read_answer(exchange.body, SPEC)
        written = CODEC.write_answer(read, losses)
        assert json.loads(written) == answer_again(exchange.parsed), exchange.id
        assert CODEC.read_answer(written, SPEC) == read, exchange.id
        assert not losses, exchange.id


def test_a_glance_sees_what_the_ledger_needs() -> None:
    """Id, model, end and all of the usage, without taking the answer apart."""
    for exchange in messages():
        if exchange.status != 200 or exchange.streamed:
            continue
        seen, answer = CODEC.glance(exchange.body, SPEC), exchange.parsed
        assert (seen.id, seen.model, seen.finish) == (answer["id"], answer["model"], answer["stop_reason"])
        told, usage = answer["usage"], seen.usage
        assert usage is not None
        assert usage.cached == (told.get("cache_read_input_tokens") or 0)
        assert usage.cache_write == (told.get("cache_creation_input_tokens") or 0)
        assert usage.prompt == told["input_tokens"] + usage.cached + usage.cache_write
        assert usage.completion == told["output_tokens"]
        assert usage.reasoning == (told.get("output_tokens_details") or {}).get("thinking_tokens", 0)


def request_again(exchange_id: str, request: dict[str, Any]) -> dict[str, Any]:
    """A request as it comes out again."""
    body = plain(request)
    for tool in body.get("tools", []):
        for name in NO_WORD_FOR["tools"]:
            tool.pop(name, None)
    for message in body["messages"]:
        for block in message["content"] if isinstance(message["content"], list) else []:
            if block["type"] == "document":
                for name in NO_WORD_FOR["document"]:
                    block.pop(name, None)
    config = body.get("output_config", {})
    for name in NO_WORD_FOR["output_config"]:
        config.pop(name, None)
    if "effort" in config and "thinking" not in body:
        # An effort is a wish to think, as it is in the other dialects, but not to see it.
        body["thinking"] = {"type": "adaptive", "display": "omitted"}
    if exchange_id in DIFFERENT_EFFORT:
        config["effort"] = DIFFERENT_EFFORT[exchange_id]
    return body


def plain(request: dict[str, Any]) -> dict[str, Any]:
    """A request with a lone text as a string, and without what says no more than its absence."""
    body = copy.deepcopy({name: said for name, said in request.items() if said not in (None, [])})
    if not body.get("stream"):
        body.pop("stream", None)
    if "system" in body:
        body["system"] = lone(body["system"])
    for message in body["messages"]:
        for block in message["content"] if isinstance(message["content"], list) else []:
            if block["type"] == "tool_result":
                block["content"] = lone(block.get("content"))
                if not block.get("is_error"):
                    block.pop("is_error", None)
            if block.get("caller") == {"type": "direct"}:
                del block["caller"]
            if block.get("citations") in (None, []):
                block.pop("citations", None)
        message["content"] = lone(message["content"])
    return body


def lone(content: Any) -> Any:
    """A text without a mark as the string that says the same."""
    if isinstance(content, list) and len(content) == 1 and set(content[0]) == {"type", "text"}:
        return content[0]["text"]
    return content


def answer_again(answer: dict[str, Any]) -> dict[str, Any]:
    """A whole answer as it comes out again: without nulls, but for the stop sequence that SDKs expect."""
    told = {name: said for name, said in copy.deepcopy(answer).items() if said is not None}
    for block in told["content"]:
        if block.get("caller") == {"type": "direct"}:
            del block["caller"]
        if block.get("citations") in (None, []):
            block.pop("citations", None)
    return {"stop_sequence": None, **told}
