"""What is read and written again means the same: recorded requests and answers, through the core and back.

What may differ, all of it, stands in `request_again` and `answer_again`.
"""

import copy
import json
from typing import Any

from msgspec import Raw

from baton.core.losses import Losses
from baton.upstream.dialects.google.codec import CODEC
from baton.upstream.dialects.google.requests import read_request
from baton.upstream.dialects.google.schemas import from_openapi
from baton.upstream.dialects.google.spelling import camel
from tests.upstream.dialects.google.recorded import SPEC, chats, envelope_of, gathered, model_of, wholes

REFUSED_BEFOREHAND = frozenset({"vertex-31263c68ce"})
"""A role that is none; the provider refused it too."""

FREE = ("args", "response", "parametersJsonSchema", "responseJsonSchema", "responseSchema")
"""Objects whose field names are the caller's."""


def test_a_recorded_request_is_written_as_it_was_read() -> None:
    """System, turns, calls and results, signatures, tools, schemas, settings: nothing is lost."""
    for exchange in chats():
        if exchange.id in REFUSED_BEFOREHAND:
            continue
        losses, model = Losses(), model_of(exchange)
        read = read_request(json.dumps(exchange.request).encode(), model, stream=False)
        written = CODEC.write_request(read, model, SPEC, losses)
        assert losses.features <= set(CODEC.cannot) | set(CODEC.adjusts), exchange.id
        assert plain(json.loads(written)) == request_again(exchange.request), exchange.id
        again = read_request(written, model, stream=False)
        assert again.sampling == read.sampling, exchange.id


def test_a_recorded_answer_is_written_as_it_was_read() -> None:
    """Text, thoughts, calls, signatures, steps of Google's own tools, sources, usage: nothing is lost."""
    for exchange, body in wholes():
        read = CODEC.read_answer(body, SPEC)
        losses = Losses()
        written = CODEC.write_answer(read, losses)
        told = json.loads(body)
        said = gathered(told if isinstance(told, list) else [told])
        heard = gathered([json.loads(written)])
        if (
            isinstance(told, dict) and "promptFeedback" in told
        ):  # no candidate was given; the reason to end says why
            assert heard["choices"] == {0: {"finish": told["promptFeedback"]["blockReason"]}}
            continue
        del said["usage"], heard["usage"]
        if said.get("id") is None:  # one was made up
            assert heard.pop("id").startswith("made-")
            said.pop("id")
        assert heard == said, exchange.id
        assert CODEC.read_answer(written, SPEC).choices == read.choices, exchange.id
        assert not losses, exchange.id


def test_a_glance_sees_what_the_ledger_needs() -> None:
    """Id, model, end and all of the usage, without taking the answer apart."""
    for exchange, body in wholes():
        told = json.loads(body)
        if isinstance(told, list):
            continue
        seen, usage = CODEC.glance(body, SPEC), told.get("usageMetadata", {})
        assert (seen.id, seen.model) == (told.get("responseId", ""), told["modelVersion"]), exchange.id
        assert seen.usage is not None
        assert seen.usage.prompt == usage.get("promptTokenCount", 0) + usage.get("toolUsePromptTokenCount", 0)
        assert seen.usage.reasoning == usage.get("thoughtsTokenCount", 0)
        assert seen.usage.completion == usage.get("candidatesTokenCount", 0) + seen.usage.reasoning
        assert seen.usage.cached == usage.get("cachedContentTokenCount", 0)


def test_a_recorded_request_passes_unchanged() -> None:
    """Byte by byte; the model's name in the body too, where it is the one in the address."""
    for exchange in chats():
        if exchange.id in REFUSED_BEFOREHAND:
            continue
        envelope = envelope_of(exchange.request)
        assert CODEC.pass_on(envelope, model_of(exchange), SPEC) == envelope.body, exchange.id


def request_again(request: dict[str, Any]) -> dict[str, Any]:
    """A request as it comes out again: without what is dropped, and reported, on the way."""
    body = plain(request)
    body.pop("model", None)
    config = body.get("generationConfig", {})
    if "responseSchema" in config:  # the same in JSON Schema
        subset = Raw(json.dumps(config.pop("responseSchema")).encode())
        config["responseJsonSchema"] = json.loads(bytes(from_openapi(subset)))
    if config.get("responseModalities") == ["TEXT"]:
        del config["responseModalities"]
    if config.get("thinkingConfig"):
        config["thinkingConfig"].pop("includeThoughts", None)
    if not config:
        body.pop("generationConfig", None)
    return body


def plain(request: dict[str, Any]) -> dict[str, Any]:
    """A request in one spelling, and without what says no more than its absence."""
    body = _spelt(copy.deepcopy(request))
    for word in ("toolConfig", "generationConfig"):
        body.get(word, {}).pop("includeServerSideToolInvocations", None)
    wish = body.get("generationConfig", {}).get("thinkingConfig")
    if wish is not None:
        wish.pop("includeThoughts", None)
        if "thinkingLevel" in wish:
            wish["thinkingLevel"] = wish["thinkingLevel"].upper()
        if "thinkingBudget" in wish or not wish:
            body["generationConfig"].pop("thinkingConfig")
    if not body.get("toolConfig"):
        body.pop("toolConfig", None)
    if not body.get("generationConfig"):
        body.pop("generationConfig", None)
    if "systemInstruction" in body:
        parts = body["systemInstruction"]["parts"]
        said = [part for part in (parts if isinstance(parts, list) else [parts]) if part["text"]]
        body["systemInstruction"] = {"parts": said}
        if not said:
            del body["systemInstruction"]
    body["contents"] = _turns(body["contents"])
    body["tools"] = _tools(body.get("tools") or [])
    return body


def _spelt(value: Any) -> Any:
    if isinstance(value, list):
        return [_spelt(each) for each in value]
    if not isinstance(value, dict):
        return value
    spelt = {camel(name): inner for name, inner in value.items()}
    return {name: inner if name in FREE else _spelt(inner) for name, inner in spelt.items()}


def _turns(contents: list[dict[str, Any]]) -> list[tuple[str, Any]]:
    """What is said, one after the other, without the ids that are made up, and without empty texts."""
    said: list[tuple[str, Any]] = []
    for content in contents:
        for part in content["parts"]:
            if part == {"text": ""} or part == {"text": "."}:
                continue
            if part.get("thoughtSignature") == "skip_thought_signature_validator":
                del part["thoughtSignature"]
            for name in ("functionCall", "functionResponse"):
                if name in part and part[name].get("id", "call_").startswith("call_"):
                    part[name].pop("id", None)
            said.append((content.get("role") or "user", part))
    return said


def _tools(tools: Any) -> list[str]:
    """Each function and each of Google's own tools, schemas apart: their laws stand in `test_schemas`."""
    found: list[str] = []
    for tool in tools if isinstance(tools, list) else [tools]:
        for name, inner in tool.items():
            if name != "functionDeclarations":
                found.append(json.dumps({name: inner}))
            for function in inner if name == "functionDeclarations" else ():
                found.append(json.dumps([function["name"], function.get("description", "")]))
    return sorted(found)
