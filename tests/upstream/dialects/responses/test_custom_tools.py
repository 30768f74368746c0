"""Coding agents: custom tools, grammars, large requests, for providers that know functions only."""

import json
from typing import Any

from baton.core.answer import (
    Began,
    ChatResponse,
    Choice,
    Finish,
    Finished,
    ToolCallBegan,
    ToolCallDelta,
)
from baton.core.losses import Losses
from baton.core.messages import ToolCall, ToolResult
from baton.core.provider import ProviderSpec
from baton.core.request import ForeignTool, Tool, ToolChoice, ToolMode
from baton.core.usage import Usage
from baton.upstream.dialects.responses.codec import CODEC
from tests.contracts.description import problems
from tests.contracts.events import read_events
from tests.upstream.dialects.responses.recorded import Gathered, envelope_of

SPEC = ProviderSpec(name="made-up", title="Made up", base_url="http://provider.test/v1")
GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": 'start: "*** Begin Patch"'}
PATCH = '*** Begin Patch\n"quoted"\n*** End Patch'
AGENT: dict[str, Any] = {
    "model": "gpt-x",
    "instructions": "You are a coding agent.",
    "input": [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "fix it"}]},
        {"type": "custom_tool_call", "call_id": "call_1", "name": "apply_patch", "input": PATCH},
        {"type": "custom_tool_call_output", "call_id": "call_1", "output": "Done"},
        {"type": "local_shell_call", "call_id": "call_2", "action": {"type": "exec", "command": ["ls"]}},
        {"type": "local_shell_call_output", "call_id": "call_2", "output": "a.py"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "and now?"}]},
    ],
    "tools": [
        {"type": "function", "name": "shell", "parameters": {"type": "object"}, "strict": False},
        {"type": "custom", "name": "apply_patch", "description": "Patches.", "format": GRAMMAR},
        {"type": "local_shell"},
        {"type": "web_search", "external_web_access": False},
    ],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "reasoning": {"effort": "medium", "summary": "auto"},
    "store": False,
    "stream": True,
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "session-1",
    "service_tier": "priority",
    "text": {"verbosity": "low"},
}


def test_an_agents_request_passes_unchanged() -> None:
    """To a provider of the same dialect, but for the model's name: not one wish of it is touched."""
    envelope = envelope_of(AGENT)
    assert CODEC.pass_on(envelope, "gpt-x", SPEC) == envelope.body
    assert json.loads(CODEC.pass_on(envelope, "other", SPEC)) == {**AGENT, "model": "other"}


def test_a_custom_tool_is_a_function_of_one_text() -> None:
    """So are its calls in earlier turns; its grammar is told in words. What nobody else knows is named."""
    request = envelope_of(AGENT).open()
    shell, patch, *rest = request.tools
    assert isinstance(shell, Tool)
    assert isinstance(patch, Tool)
    assert (patch.name, json.loads(bytes(patch.schema or b""))["required"]) == ("apply_patch", ["input"])
    assert "Begin Patch" in (patch.description or "")
    assert [tool.type for tool in rest if isinstance(tool, ForeignTool)] == ["local_shell", "web_search"]
    called = [part for message in request.messages for part in message.parts if isinstance(part, ToolCall)]
    assert [(call.kind, json.loads(call.arguments)) for call in called] == [("function", {"input": PATCH})]
    results = [part for message in request.messages for part in message.parts if isinstance(part, ToolResult)]
    assert [(result.call_id, result.name) for result in results] == [("call_1", "apply_patch")]
    assert set(request.unread) == {"tools[1].format", "text.verbosity"}
    assert set(request.extras) == {"prompt_cache_key", "service_tier"}


def test_a_call_of_a_custom_tool_comes_back_as_one() -> None:
    """Whole and streamed, its text unwrapped; arguments that hold no text are given as they came."""
    envelope = envelope_of(AGENT)
    for arguments, told in ((json.dumps({"input": PATCH}), PATCH), ('{"half', '{"half'), ("[1]", "[1]")):
        call = ToolCall(id="call_3", name="apply_patch", arguments=arguments)
        choice = Choice(index=0, parts=(call,), finish=Finish.TOOL_CALLS)
        answer = ChatResponse(id="msg_1", model="m", created=1, choices=(choice,), usage=Usage(prompt=1))
        assert envelope.write is not None
        whole = json.loads(envelope.write(answer, Losses()))
        assert problems("Response", whole) == []
        (item,) = whole["output"]
        assert (item["type"], item["call_id"], item["input"]) == ("custom_tool_call", "call_3", told)

        writer = envelope.writer(Losses())
        pieces = [
            writer.write(event)
            for event in (
                Began("msg_1", "m", 1),
                ToolCallBegan(0, "call_3", "apply_patch"),
                ToolCallDelta(0, arguments[:3]),
                ToolCallDelta(0, arguments[3:]),
                Finished(Finish.TOOL_CALLS),
            )
        ]
        stream = b"".join(pieces) + writer.finale(Usage(prompt=1), None)
        assert Gathered(stream).whole["output"] == whole["output"]
        for event in read_events(stream):
            assert problems("ResponseStreamEvent", json.loads(event.data)) == []


def test_what_was_asked_is_repeated_in_the_answer() -> None:
    """The dialect's answers hold the wishes that they fulfil: the caller's own."""
    envelope = envelope_of(AGENT)
    answer = ChatResponse(id="x", model="m", created=1, choices=(), usage=Usage())
    assert envelope.write is not None
    whole = json.loads(envelope.write(answer, Losses()))
    for name in ("instructions", "tool_choice", "parallel_tool_calls", "reasoning", "prompt_cache_key"):
        assert whole[name] == AGENT[name]
    assert whole["text"] == {"format": {"type": "text"}, "verbosity": "low"}
    assert [tool["type"] for tool in whole["tools"]] == ["function", "custom", "local_shell", "web_search"]
    assert whole["store"] is False


def test_choices_of_tools() -> None:
    """Named ones, several allowed ones, and one that only this dialect knows, which is named."""

    def chosen(choice: Any) -> tuple[ToolChoice | None, tuple[str, ...]]:
        request = envelope_of({"model": "m", "input": "x", "tool_choice": choice}).open()
        return request.tool_choice, request.unread

    shell = {"type": "function", "name": "shell"}
    patch = {"type": "custom", "name": "apply_patch"}
    allowed = {"type": "allowed_tools", "mode": "required", "tools": [shell, patch]}
    assert chosen("required") == (ToolChoice(mode=ToolMode.REQUIRED), ())
    assert chosen(shell) == (ToolChoice(mode=ToolMode.NAMED, names=("shell",)), ())
    assert chosen(patch) == (ToolChoice(mode=ToolMode.NAMED, names=("apply_patch",)), ())
    assert chosen(allowed) == (ToolChoice(mode=ToolMode.REQUIRED, names=("shell", "apply_patch")), ())
    assert chosen({"type": "web_search"}) == (None, ("tool_choice",))
