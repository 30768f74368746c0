"""A whole request as it is written for a provider; what cannot be said in this dialect is noted."""

from typing import Any

import msgspec
from msgspec import Raw

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.provider import ProviderSpec
from baton.core.request import ChatRequest, FormatKind, Sampling, Showing
from baton.upstream.dialects.efforts import effort_among
from baton.upstream.dialects.responses.tools import custom_names, write_format, write_tool_choice, write_tools
from baton.upstream.dialects.responses.turns import Turns

LEAST_OUTPUT_TOKENS = 16
"""OpenAI refuses a lower limit (`integer_below_min_value`, seen in litellm issue 15286)."""

HOTTEST = 2.0
"""The highest temperature that OpenAI's API description has."""

JSON_WISH = "Answer with a JSON object."
"""JSON mode is refused where no message speaks of JSON (OpenAI's guide on structured outputs)."""

_UNSAID = (
    (Feature.TOP_K, "top_k"),
    (Feature.SEED, "seed"),
    (Feature.PRESENCE_PENALTY, "presence_penalty"),
    (Feature.FREQUENCY_PENALTY, "frequency_penalty"),
    (Feature.LOGPROBS, "logprobs"),
    (Feature.LOGPROBS, "top_logprobs"),
    (Feature.LOGIT_BIAS, "logit_bias"),
)
_EFFORTS = {"none": None, "xhigh": "high", "max": "high"}
"""Words of other vendors' models that most of OpenAI's refuse."""

_SHARED = frozenset(
    {"metadata", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "service_tier"}
)
"""Fields that chat completions have by the same name."""

_OPENAIS = frozenset({Dialect.OPENAI, Dialect.OPENAI_RESPONSES})


def write_request(request: ChatRequest, model: str, spec: ProviderSpec, losses: Losses) -> bytes:
    """A whole request for a provider, which is asked for `model`, and to store nothing."""
    home = request.dialect is Dialect.OPENAI_RESPONSES
    turns = Turns(losses, request.dialect, no_developers=spec.quirks.no_developer_role)
    items = turns.write(request.messages)
    body: dict[str, Any] = {"model": model, "input": items, "store": False}
    body |= _tools(request, losses)
    if request.response_format is not None:
        body["text"] = {"format": write_format(request.response_format, request.dialect, losses)}
        if request.response_format.kind is FormatKind.JSON_OBJECT and not home and not _says_json(request):
            losses.adjust(Feature.RESPONSE_FORMAT, "instruction")
            items.insert(0, {"type": "message", "role": "system", "content": JSON_WISH})
    body |= _sampling(request.sampling, losses)
    if request.max_tokens is not None:
        body["max_output_tokens"] = max(request.max_tokens, LEAST_OUTPUT_TOKENS)
        if body["max_output_tokens"] != request.max_tokens:
            losses.adjust(Feature.MAX_TOKENS, str(LEAST_OUTPUT_TOKENS))
    body |= _thinking(request, items, losses)
    if request.user is not None:
        body["user"] = request.user
    if request.stream:
        body["stream"] = True
    _add_extras(body, request, losses)
    for path in request.unread:
        losses.drop(Feature.UNKNOWN_FIELDS, path)
    return msgspec.json.encode(body)


def _add_extras(body: dict[str, Any], request: ChatRequest, losses: Losses) -> None:
    """The fields that the core has no word for, where both of OpenAI's dialects have the same."""
    home, kin = (request.dialect is known for known in (Dialect.OPENAI_RESPONSES, Dialect.OPENAI))
    for name, value in request.extras.items():
        if home or (kin and name in _SHARED):
            body[name] = value
        elif kin and name == "verbosity":
            body.setdefault("text", {})["verbosity"] = value
        else:
            losses.drop(Feature.UNKNOWN_FIELDS, name)


def _tools(request: ChatRequest, losses: Losses) -> dict[str, Any]:
    """Tools, and the fields that mean nothing where there are none."""
    lines = write_tools(request.tools, request.dialect, losses)
    fields: dict[str, Any] = {"tools": lines} if lines else {}
    if request.tool_choice is not None:
        if lines:
            customs = custom_names(Raw(msgspec.json.encode(lines)))
            fields["tool_choice"] = write_tool_choice(request.tool_choice, customs)
        else:
            losses.drop(Feature.TOOL_CHOICE)
    if request.parallel_tool_calls is not None:
        if lines:
            fields["parallel_tool_calls"] = request.parallel_tool_calls
        else:
            losses.drop(Feature.PARALLEL_TOOL_CALLS)
    return fields


def _says_json(request: ChatRequest) -> bool:
    return any("json" in message.text.lower() for message in request.messages)


def _sampling(drawn: Sampling, losses: Losses) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    if drawn.temperature is not None:
        fields["temperature"] = min(max(drawn.temperature, 0.0), HOTTEST)
        if fields["temperature"] != drawn.temperature:
            losses.adjust(Feature.TEMPERATURE, f"{fields['temperature']:g}")
    if drawn.top_p is not None:
        fields["top_p"] = drawn.top_p
    if drawn.stop:
        losses.drop(Feature.STOP)
    if drawn.n is not None:
        losses.drop(Feature.N)
    for feature, name in _UNSAID:
        if getattr(drawn, name) is not None:
            losses.drop(feature)
    return fields


def _thinking(request: ChatRequest, items: list[Any], losses: Losses) -> dict[str, Any]:
    """How much to think; what was thought comes in cipher, to be brought back: nothing is stored."""
    fields: dict[str, Any] = {}
    wish = request.reasoning
    effort = effort_among(wish, {} if request.dialect in _OPENAIS else _EFFORTS, losses)
    said: dict[str, Any] = {} if effort is None else {"effort": effort}
    if wish is not None and wish.show is not Showing.NONE and not wish.rests:
        if request.dialect is Dialect.OPENAI:  # who cannot ask must not be refused for asking: not all may
            losses.drop(Feature.REASONING_SHOWN)
        else:
            said["summary"] = wish.show.value
    if said:
        fields["reasoning"] = said
    brought = any(isinstance(item, dict) and "encrypted_content" in item for item in items)
    if brought or "summary" in said or effort not in (None, "none"):
        fields["include"] = ["reasoning.encrypted_content"]
    return fields
