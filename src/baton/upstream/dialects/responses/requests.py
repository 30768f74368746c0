"""A whole request, taken apart."""

from msgspec import Raw

from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.messages import Message, Role, Text
from baton.core.request import ChatRequest, ReasoningWish, Sampling, Showing
from baton.upstream.dialects.responses.items import read_input
from baton.upstream.dialects.responses.tools import (
    custom_names,
    read_format,
    read_tool,
    read_tool_choice,
)
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
