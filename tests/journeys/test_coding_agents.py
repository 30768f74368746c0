"""Coding agents as clients: the shapes that Claude Code (2.1) and Codex (0.169) were seen to send, a tool
loop each, to a provider of every dialect, over real sockets.
"""

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from baton.core.clock import SystemClock
from baton.upstream.providers.simulated.calls import Call
from baton.upstream.providers.simulated.scripts import Line, Script, ScriptedCall, Scripts
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.conftest import BatonServer, serving
from tests.contracts.events import read_events

PROVIDERS = {"openai": "openai", "azure": "openai-responses", "anthropic": "anthropic", "google": "google"}
"""Provider → the dialect in which it is asked here."""

MODEL = "scripted;script=agent"
THOUGHT, DONE = "I should look.", "There is one file."
SCRIPT = Script(
    name="agent",
    lines=(
        Line(after_tool="run_command", says=DONE),
        Line(reasoning=THOUGHT, calls=(ScriptedCall(name="run_command", arguments={"cmd": "ls -l"}),)),
    ),
)
TOOLS = ["run_command", *(f"tool_{n}" for n in range(23))]
PARAMETERS: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "cmd": {"type": "string", "description": "What to run"},
        "timeout": {"type": "number", "exclusiveMinimum": 0},
        "mode": {"anyOf": [{"const": "fast"}, {"const": "slow"}]},
    },
    "required": ["cmd"],
    "additionalProperties": False,
}


@dataclass(frozen=True)
class House:
    baton: BatonServer
    simulation: Simulation
    client: aiohttp.ClientSession

    async def stream(
        self, path: str, body: dict[str, Any], headers: Mapping[str, str]
    ) -> tuple[list[dict[str, Any]], Mapping[str, str]]:
        """The events of an answer, and its headers."""
        async with self.client.post(self.baton.url + path, json=body, headers=headers) as answer:
            raw = await answer.read()
            assert answer.status == 200, raw
            return [json.loads(event.data) for event in read_events(raw)], answer.headers

    @property
    def asked(self) -> Call:
        return self.simulation.calls.last[-1]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[House]:
    simulation = Simulation(SystemClock(), scripts=Scripts(scripts=(SCRIPT,)))
    async with running(simulation) as url, aiohttp.ClientSession() as client:
        environment = {"BATON_RETRIES": "0"}
        for name, dialect in PROVIDERS.items():
            environment[f"{name.upper()}_API_KEY"] = f"sk-{name}-0123456789"
            environment[f"{name.upper()}_BASE_URL"] = url + ("/v1" if name in ("openai", "azure") else "")
            environment[f"{name.upper()}_DIALECT"] = dialect
        async with serving(environment, tmp_path_factory.mktemp("agents"), {}) as baton:
            yield House(baton, simulation, client)


pytestmark = pytest.mark.asyncio(loop_scope="module")


def claude_code(model: str, messages: list[Any]) -> dict[str, Any]:
    ephemeral = {"type": "ephemeral"}
    return {
        "model": model,
        "messages": messages,
        "system": [
            {"type": "text", "text": "x-billing: tool=1;"},
            {"type": "text", "text": "You are an agent.", "cache_control": ephemeral},
            {"type": "text", "text": "Long rules.", "cache_control": {**ephemeral, "ttl": "1h"}},
        ],
        "tools": [
            {"name": name, "description": f"Does {name}", "input_schema": PARAMETERS} for name in TOOLS
        ],
        "metadata": {"user_id": '{"device_id":"d","session_id":"s"}'},
        "max_tokens": 32000,
        "thinking": {"type": "enabled", "budget_tokens": 31999},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "stream": True,
    }


def claude_headers(key: str) -> dict[str, str]:
    return {
        "x-api-key": key,
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "claude-code-20250219,interleaved-thinking-2025-05-14",
        "x-app": "cli",
    }


def blocks_of(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The content that an Anthropic client puts together."""
    blocks: list[dict[str, Any]] = []
    arguments: dict[int, str] = {}
    for event in events:
        if event["type"] == "content_block_start":
            assert event["index"] == len(blocks)
            blocks.append(dict(event["content_block"]))
        elif event["type"] == "content_block_delta":
            delta, block = event["delta"], blocks[event["index"]]
            match delta["type"]:
                case "text_delta":
                    block["text"] += delta["text"]
                case "thinking_delta":
                    block["thinking"] += delta["thinking"]
                case "signature_delta":
                    block["signature"] = delta["signature"]
                case "input_json_delta":
                    arguments[event["index"]] = arguments.get(event["index"], "") + delta["partial_json"]
    for index, text in arguments.items():
        blocks[index]["input"] = json.loads(text)
    return blocks


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_claude_code_works_with_every_provider(house: House, provider: str) -> None:
    """It thinks, calls its tool with whole arguments, gets the result there, and ends; what a provider cannot
    be told is named, and its own provider gets the body as it was sent."""
    model, headers = f"{provider}/{MODEL}", claude_headers(house.baton.key)
    said = {"role": "user", "content": [{"type": "text", "text": "What is there?"}]}
    first = claude_code(model, [said])
    events, told = await house.stream("/v1/messages?beta=true", first, headers)
    blocks = blocks_of(events)
    (call,) = [block for block in blocks if block["type"] == "tool_use"]
    assert (call["name"], call["input"]) == ("run_command", {"cmd": "ls -l"})
    assert events[-2]["delta"]["stop_reason"] == "tool_use"
    assert events[-2]["usage"]["output_tokens"] > 0
    dropped = told.get("x-baton-dropped", "")
    if provider == "anthropic":
        assert json.loads(house.asked.body) == {**first, "model": MODEL}
        assert dropped == ""
    else:
        assert "context_management" in dropped
        assert house.asked.body.count("tool_22") >= 1
        assert "Long rules." in house.asked.body
    result = {
        "type": "tool_result",
        "tool_use_id": call["id"],
        "content": [{"type": "text", "text": "one.txt"}],
        "cache_control": {"type": "ephemeral"},
    }
    turns = [said, {"role": "assistant", "content": blocks}, {"role": "user", "content": [result]}]
    events, _ = await house.stream("/v1/messages?beta=true", claude_code(model, turns), headers)
    assert [block["text"] for block in blocks_of(events) if block["type"] == "text"] == [DONE]
    assert events[-2]["delta"]["stop_reason"] == "end_turn"
    assert "one.txt" in house.asked.body


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_claude_code_may_count_before_it_asks(house: House, provider: str) -> None:
    """A number comes for every provider; where it is a guess, it says so."""
    body = claude_code(f"{provider}/{MODEL}", [{"role": "user", "content": "What is there?"}])
    counted = {name: body[name] for name in ("model", "messages", "system", "tools", "thinking")}
    async with house.client.post(
        f"{house.baton.url}/v1/messages/count_tokens?beta=true",
        json=counted,
        headers=claude_headers(house.baton.key),
    ) as answer:
        assert answer.status == 200, await answer.read()
        assert (await answer.json())["input_tokens"] > 500
        assert ("x-baton-estimated" in answer.headers) == (provider == "openai")


async def test_claude_codes_knock_at_the_door_is_answered(house: House) -> None:
    """It asks `HEAD /` first, without a key."""
    async with house.client.head(f"{house.baton.url}/") as answer:
        assert answer.status < 500


def codex(model: str, items: list[Any]) -> dict[str, Any]:
    rules = {"type": "input_text", "text": "You are a coding agent."}
    functions: list[Any] = [
        {"type": "function", "name": name, "description": name, "strict": False, "parameters": PARAMETERS}
        for name in TOOLS
    ]
    group = {"type": "multi_agent_v1", "name": "agents", "description": "Agents", "tools": functions[:1]}
    return {
        "model": model,
        "stream": True,
        "input": [{"type": "message", "id": "msg_1", "role": "developer", "content": [rules]}, *items],
        "tools": [*functions, group, {"type": "web_search", "external_web_access": False}],
        "tool_choice": "auto",
        "parallel_tool_calls": True,
        "reasoning": {"summary": "auto"},
        "store": False,
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "01a1fc09",
        "client_metadata": {"session_id": "01a1fc09"},
    }


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_codex_works_with_every_provider(house: House, provider: str) -> None:
    """The same loop over streamed Responses; tools that only OpenAI knows are named if left out."""
    model, headers = f"{provider}/{MODEL}", {"authorization": f"Bearer {house.baton.key}"}
    said = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "What is there?"}],
    }
    first = codex(model, [said])
    events, told = await house.stream("/v1/responses", first, headers)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    (call,) = [item for item in done if item["type"] == "function_call"]
    assert (call["name"], json.loads(call["arguments"])) == ("run_command", {"cmd": "ls -l"})
    assert events[-1]["type"] == "response.completed"
    assert events[-1]["response"]["output"] == done
    assert events[-1]["response"]["usage"]["output_tokens"] > 0
    if provider == "azure":
        assert json.loads(house.asked.body) == {**first, "model": MODEL}
        assert "x-baton-dropped" not in told
    else:
        assert "server_tools" in told["x-baton-dropped"] or "web_search" in told["x-baton-dropped"]
        assert "prompt_cache_key" in told["x-baton-dropped"] or provider == "openai"
        assert house.asked.body.count("tool_22") >= 1
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "one.txt"}
    events, _ = await house.stream("/v1/responses", codex(model, [said, *done, result]), headers)
    done = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert [item["content"][0]["text"] for item in done if item["type"] == "message"] == [DONE]
    assert "one.txt" in house.asked.body
