"""Tools whose names not every provider takes: callers of all dialects before providers of all dialects, over
real sockets.
"""

import json
import re
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from baton.core.clock import SystemClock
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation
from tests.conftest import BatonServer, serving
from tests.contracts.events import read_events

PROVIDERS = {"openai": "openai", "azure": "openai-responses", "anthropic": "anthropic", "google": "google"}
"""Provider → the dialect in which it is asked here."""

TAKEN = {
    "openai": r"[a-zA-Z0-9_-]{1,64}",
    "openai-responses": r"[a-zA-Z0-9_-]{1,64}",
    "anthropic": r"[a-zA-Z0-9_-]{1,128}",
    "google": r"[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}",
}
"""What the real providers answer with a 400 is anything else."""

LONG = "mcp__claude_ai_Cloudflare_Developer_Platform__" + "search_the_documentation_" * 2
GONE = "files.read"
NAMES = (GONE, "files:read", "files_read", "2fa", f"{LONG}now", f"{LONG}later", "plain")
SCHEMA = {"type": "object", "properties": {"q": {"type": "string"}}, "required": ["q"]}
QUESTION, RESULT = "What is there?", "sunny"

Calls = dict[str, str]
"""Id → the tool's name."""


def openai(offered: tuple[str, ...], calls: Calls, named: str | None) -> dict[str, Any]:
    made = [
        {"id": call, "type": "function", "function": {"name": name, "arguments": '{"q":"x"}'}}
        for call, name in calls.items()
    ]
    results = [{"role": "tool", "tool_call_id": call, "content": RESULT} for call in calls]
    functions = [{"name": name, "parameters": SCHEMA} for name in offered]
    return {
        "messages": [
            {"role": "user", "content": QUESTION},
            *([{"role": "assistant", "content": None, "tool_calls": made}, *results] if calls else []),
        ],
        "tools": [{"type": "function", "function": function} for function in functions],
        **({"tool_choice": {"type": "function", "function": {"name": named}}} if named else {}),
    }


def responses(offered: tuple[str, ...], calls: Calls, named: str | None) -> dict[str, Any]:
    made = [
        {"type": "function_call", "call_id": call, "name": name, "arguments": '{"q":"x"}'}
        for call, name in calls.items()
    ]
    results = [{"type": "function_call_output", "call_id": call, "output": RESULT} for call in calls]
    return {
        "input": [{"role": "user", "content": QUESTION}, *made, *results],
        "tools": [
            {"type": "function", "name": name, "parameters": SCHEMA, "strict": False} for name in offered
        ],
        **({"tool_choice": {"type": "function", "name": named}} if named else {}),
    }


def anthropic(offered: tuple[str, ...], calls: Calls, named: str | None) -> dict[str, Any]:
    made = [
        {"type": "tool_use", "id": call, "name": name, "input": {"q": "x"}} for call, name in calls.items()
    ]
    results = [{"type": "tool_result", "tool_use_id": call, "content": RESULT} for call in calls]
    turns = [{"role": "assistant", "content": made}, {"role": "user", "content": results}]
    return {
        "max_tokens": 1000,
        "messages": [{"role": "user", "content": QUESTION}, *(turns if calls else [])],
        "tools": [{"name": name, "input_schema": SCHEMA} for name in offered],
        **({"tool_choice": {"type": "tool", "name": named}} if named else {}),
    }


def google(offered: tuple[str, ...], calls: Calls, named: str | None) -> dict[str, Any]:
    made = [{"functionCall": {"id": call, "name": name, "args": {"q": "x"}}} for call, name in calls.items()]
    results = [
        {"functionResponse": {"id": call, "name": name, "response": {"output": RESULT}}}
        for call, name in calls.items()
    ]
    turns = [{"role": "model", "parts": made}, {"role": "user", "parts": results}]
    choice = {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": [named]}}
    functions = [{"name": name, "parametersJsonSchema": SCHEMA} for name in offered]
    return {
        "contents": [{"role": "user", "parts": [{"text": QUESTION}]}, *(turns if calls else [])],
        "tools": [{"functionDeclarations": functions}],
        **({"toolConfig": choice} if named else {}),
    }


WRITERS: dict[str, Callable[[tuple[str, ...], Calls, str | None], dict[str, Any]]] = {
    "openai": openai,
    "openai-responses": responses,
    "anthropic": anthropic,
    "google": google,
}
PATHS = {
    "openai": "/v1/chat/completions",
    "openai-responses": "/v1/responses",
    "anthropic": "/v1/messages",
}


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """All JSON objects inside a value."""
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from objects(inner)


def called(answer: Any, dialect: str) -> Calls:
    """The calls in an answer, or in all events of one."""
    found: Calls = {}
    for line in objects(answer):
        match dialect:
            case "openai" if "function" in line and line.get("id"):
                found[line["id"]] = line["function"]["name"]
            case "openai-responses" if line.get("type") == "function_call":
                found[line["call_id"]] = line["name"]
            case "anthropic" if line.get("type") == "tool_use":
                found[line["id"]] = line["name"]
            case "google" if "functionCall" in line:
                found[line["functionCall"]["id"]] = line["functionCall"]["name"]
            case _:
                pass
    return found


def told(body: Any) -> set[str]:
    """Every name of a tool that stands in a request; nothing else in these has a name."""
    found = {line["name"] for line in objects(body) if isinstance(line.get("name"), str)}
    return found.union(*(line.get("allowedFunctionNames", ()) for line in objects(body)))


@dataclass(frozen=True)
class House:
    baton: BatonServer
    simulation: Simulation
    client: aiohttp.ClientSession

    async def ask(
        self, dialect: str, provider: str, body: dict[str, Any], *, streamed: bool
    ) -> tuple[Any, str]:
        """An answer or all its events, and what is noted to have been said otherwise."""
        model, path = f"{provider}/tools", PATHS.get(dialect)
        if path is None:
            path = f"/v1beta/models/{model}:" + (
                "streamGenerateContent?alt=sse" if streamed else "generateContent"
            )
        else:
            body = {**body, "model": model, "stream": streamed}
        headers = {"authorization": f"Bearer {self.baton.key}", "anthropic-version": "2023-06-01"}
        async with self.client.post(self.baton.url + path, json=body, headers=headers) as answer:
            raw = await answer.read()
            assert answer.status == 200, raw
            adjusted = answer.headers.get("x-baton-adjusted", "")
        if not streamed:
            return json.loads(raw), adjusted
        return [json.loads(event.data) for event in read_events(raw) if event.data != "[DONE]"], adjusted

    @property
    def asked(self) -> Any:
        """What the provider was asked last."""
        return json.loads(self.simulation.calls.last[-1].body)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[House]:
    simulation = Simulation(SystemClock())
    async with running(simulation) as url, aiohttp.ClientSession() as client:
        environment = {"BATON_RETRIES": "0"}
        for name, dialect in PROVIDERS.items():
            environment[f"{name.upper()}_API_KEY"] = f"sk-{name}-0123456789"
            environment[f"{name.upper()}_BASE_URL"] = url + ("/v1" if name in ("openai", "azure") else "")
            environment[f"{name.upper()}_DIALECT"] = dialect
        async with serving(environment, tmp_path_factory.mktemp("names"), {}) as baton:
            yield House(baton, simulation, client)


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("dialect", WRITERS)
async def test_tools_of_any_name_are_called_by_it(
    house: House, dialect: str, provider: str, streamed: bool
) -> None:
    """The model is offered names that its provider takes, and no two the same; its calls come under the
    caller's own, are known again on the next turn, also where a tool is offered no more, and can be asked for
    by name. The caller is told; in its own dialect nothing is touched."""
    target, write = PROVIDERS[provider], WRITERS[dialect]
    answer, adjusted = await house.ask(dialect, provider, write(NAMES, {}, None), streamed=streamed)
    calls = called(answer, dialect)
    assert list(calls.values()) == list(NAMES)
    names = told(house.asked)
    if dialect == target:
        assert names == set(NAMES)
        assert "tool_name" not in adjusted
    else:
        assert len(names) == len(NAMES)
        assert [name for name in names if not re.fullmatch(TAKEN[target], name)] == []
        assert {name for name in NAMES if re.fullmatch(TAKEN[target], name)} <= names
        assert "tool_name" in adjusted.split(", ")

    again = write(NAMES[1:], calls, NAMES[-2])
    answer, _ = await house.ask(dialect, provider, again, streamed=streamed)
    assert list(called(answer, dialect).values()) == [NAMES[-2]]
    assert told(house.asked) == names
