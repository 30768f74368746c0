"""Whole requests ⇄ core; what cannot be said in this dialect is noted."""

from typing import Any

import msgspec
from msgspec import Raw

from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.losses import Feature, Losses
from baton.core.messages import Message, Role, Text
from baton.core.provider import ProviderSpec
from baton.core.request import ChatRequest, FormatKind, ReasoningWish, Sampling, Showing
from baton.upstream.dialects.openai.wording import HOTTEST, JSON_WISH, effort_word, says_json
from baton.upstream.dialects.responses.items import read_input
from baton.upstream.dialects.responses.tools import (
    custom_names,
    read_format,
    read_tool,
    read_tool_choice,
    write_format,
    write_tool_choice,
    write_tools,
)
from baton.upstream.dialects.responses.turns import Turns
from baton.upstream.dialects.wire import Fields, missing

_IN_CIPHER = Raw(b'["reasoning.encrypted_content"]')
"""What a caller asks for who keeps the conversation: whatever has to be brought back comes anyway."""

_SO_ANYWAY = frozenset(
    {
        ("store", b"false"),
        ("background", b"false"),
        ("truncation", b'"disabled"'),
        ("top_logprobs", b"0"),
        ("service_tier", b'"auto"'),
        ("service_tier", b'"default"'),
    }
)
"""What needs no asking for: nobody else does otherwise."""

_SHOWINGS = {showing.value: showing for showing in Showing}

LEAST_OUTPUT_TOKENS = 16
"""OpenAI refuses a lower limit (`integer_below_min_value`, seen in litellm issue 15286)."""

_UNSAID = (
    (Feature.TOP_K, "top_k"),
    (Feature.SEED, "seed"),
    (Feature.PRESENCE_PENALTY, "presence_penalty"),
    (Feature.FREQUENCY_PENALTY, "frequency_penalty"),
    (Feature.LOGPROBS, "logprobs"),
    (Feature.LOGPROBS, "top_logprobs"),
    (Feature.LOGIT_BIAS, "logit_bias"),
    (Feature.N, "n"),
)
_SHARED = frozenset(
    {"metadata", "prompt_cache_key", "prompt_cache_retention", "safety_identifier", "service_tier"}
)
"""Fields that chat completions have by the same name."""


def read_request(body: bytes) -> ChatRequest:
    """A whole request.

    Raises:
        Invalid: a field is of the wrong kind, or means something to its provider only; `param` names it.
    """
    fields = Fields.of(body)
    if "model" not in fields.rest:
        raise missing("model")
    if fields.raw("prompt") is not None:
        raise Invalid(
            "'prompt' names a template that lies with its provider; no other can be asked with it.",
            param="prompt",
            code="unsupported_parameter",
        )
    for known in ("baton", "stream_options"):
        fields.raw(known)
    if fields.rest.get("include") == _IN_CIPHER:
        fields.raw("include")
    unread: list[str] = []
    customs = custom_names(fields.rest.get("tools"))
    instructions = fields.text("instructions")
    messages = [] if instructions is None else [_told(instructions)]
    messages += read_input(fields, customs, unread)
    return ChatRequest(
        model=fields.text("model") or "",
        messages=tuple(messages),
        tools=tuple(read_tool(tool, unread) for tool in fields.list("tools")),
        tool_choice=read_tool_choice(fields, unread),
        parallel_tool_calls=fields.get("parallel_tool_calls", bool),
        response_format=read_format(fields, unread),
        sampling=Sampling(
            temperature=fields.get("temperature", float),
            top_p=fields.get("top_p", float),
        ),
        max_tokens=fields.get("max_output_tokens", int),
        reasoning=_read_reasoning(fields, unread),
        stream=bool(fields.get("stream", bool)),
        include_usage=True,
        user=_read_user(fields),
        dialect=Dialect.OPENAI_RESPONSES,
        extras={name: value for name, value in fields.rest.items() if not _says_nothing(name, value)},
        unread=tuple(unread),
    )


def _told(instructions: str) -> Message:
    return Message(role=Role.SYSTEM, parts=(Text(text=instructions),))


def _read_user(fields: Fields) -> str | None:
    """Who asks: the newer word for it counts, where both are used."""
    user, identifier = fields.text("user"), fields.text("safety_identifier")
    return user if identifier is None else identifier


def _says_nothing(name: str, value: Raw) -> bool:
    """Whether a field asks for what is so anyway: nothing is stored, nothing runs in the background."""
    said = bytes(value)
    if said in (b"null", b"[]", b"{}"):
        return True
    return (name, said) in _SO_ANYWAY


def _read_reasoning(fields: Fields, unread: list[str]) -> ReasoningWish | None:
    """How much to think; thoughts come, as summaries, if these are asked for."""
    wish = fields.inner("reasoning")
    effort = wish.text("effort")
    older = wish.text("generate_summary")
    word = wish.text("summary") or older
    show = _SHOWINGS.get(word, Showing.AUTO) if word else Showing.NONE
    if word and word not in _SHOWINGS:
        unread.append(wish.path("summary"))
    unread += wish.left
    return None if effort is None and show is Showing.NONE else ReasoningWish(effort=effort, show=show)


def write_request(request: ChatRequest, model: str, spec: ProviderSpec, losses: Losses) -> bytes:
    """A whole request for a provider, which is asked for `model`, and to store nothing."""
    home = request.dialect is Dialect.OPENAI_RESPONSES
    turns = Turns(losses, request.dialect, no_developers=spec.quirks.no_developer_role)
    items = turns.write(request.messages)
    body: dict[str, Any] = {"model": model, "input": items, "store": False}
    body |= _tools(request, losses)
    if request.response_format is not None:
        body["text"] = {"format": write_format(request.response_format, request.dialect, losses)}
        if request.response_format.kind is FormatKind.JSON_OBJECT and not home and not says_json(request):
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
    for feature, name in _UNSAID:
        if drawn.wants(name):
            losses.drop(feature)
    return fields


def _thinking(request: ChatRequest, items: list[Any], losses: Losses) -> dict[str, Any]:
    """How much to think; what was thought comes in cipher, to be brought back: nothing is stored."""
    fields: dict[str, Any] = {}
    wish = request.reasoning
    effort = effort_word(request, losses)
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
