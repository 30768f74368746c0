"""How much to think: said to each kind of model in the way that it takes."""

from typing import Any

import pytest

from baton.core.dialect import Dialect
from baton.core.messages import Message, Reasoning, Role, Signature, Text, ToolCall, ToolResult
from baton.core.request import ChatRequest, ReasoningWish, Sampling, Tool, ToolChoice, ToolMode
from tests.upstream.dialects.anthropic.recorded import HELLO, write

BUDGETED = "claude-sonnet-4-5"
ADAPTIVE = "claude-opus-4-8"
SHOWN = {"type": "adaptive", "display": "summarized"}
CALL = ToolCall(id="call_1", name="look", arguments="{}")
RESULT = Message(role=Role.TOOL, parts=(ToolResult(call_id="call_1", parts=(Text(text="seen"),)),))
LOOK = (Tool(name="look"),)


def asked(model: str, wish: ReasoningWish, **fields: Any) -> tuple[dict[str, Any], list[str]]:
    """The body, and what was adjusted or dropped but for the limit."""
    body, losses = write(ChatRequest(model=model, messages=(HELLO,), reasoning=wish), model, **fields)
    noted = [*losses.adjusted, *losses.dropped]
    return body, [note for note in noted if not note.startswith("max_tokens")]


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "told", "noted"),
    [
        (BUDGETED, "low", {"type": "enabled", "budget_tokens": 2048}, None, ["reasoning_effort=2048"]),
        (BUDGETED, "medium", {"type": "enabled", "budget_tokens": 8192}, None, ["reasoning_effort=8192"]),
        (BUDGETED, "minimal", {"type": "enabled", "budget_tokens": 1024}, None, ["reasoning_effort=1024"]),
        (BUDGETED, "none", {"type": "disabled"}, None, []),
        (
            "claude-opus-4-1",
            "max",
            {"type": "enabled", "budget_tokens": 24576},
            None,
            ["reasoning_effort=24576"],
        ),
        ("claude-3-5-sonnet-latest", "high", None, None, ["reasoning_effort"]),
        ("claude-3-5-sonnet-latest", "none", None, None, []),
        ("claude-opus-4-6", "high", {"type": "adaptive"}, "high", []),
        ("claude-opus-4-6", "xhigh", {"type": "adaptive"}, "max", ["reasoning_effort=max"]),
        (ADAPTIVE, "high", SHOWN, "high", []),
        (ADAPTIVE, "minimal", SHOWN, "low", ["reasoning_effort=low"]),
        (ADAPTIVE, "none", {"type": "disabled"}, None, []),
        ("claude-sonnet-5", "none", {"type": "disabled"}, None, []),
        ("claude-haiku-5-5", "none", {"type": "disabled"}, None, []),
        ("claude-sonnet-5-5", "none", {"type": "between_tools"}, None, []),
        ("claude-opus-5-5", "none", None, "low", ["reasoning_effort=low"]),
        ("claude-fable-5-2", "high", SHOWN, "high", []),
        ("claude-something-9", "high", SHOWN, "high", []),
        (
            "another-house-model",
            "high",
            {"type": "enabled", "budget_tokens": 24576},
            None,
            ["reasoning_effort=24576"],
        ),
    ],
)
def test_an_effort_is_said_as_the_model_takes_it(
    model: str, effort: str, thinking: Any, told: str | None, noted: list[str]
) -> None:
    """A budget, a level, or nothing where it does not think; rest in the model's own word for it."""
    body, losses = asked(model, ReasoningWish(effort=effort))
    assert (body.get("thinking"), body.get("output_config", {}).get("effort")) == (thinking, told)
    assert losses == noted


@pytest.mark.parametrize(
    ("model", "budget", "thinking", "noted"),
    [
        (BUDGETED, 3000, {"type": "enabled", "budget_tokens": 3000}, []),
        (BUDGETED, 100, {"type": "enabled", "budget_tokens": 1024}, ["reasoning_budget=1024"]),
        (BUDGETED, 99_999, {"type": "enabled", "budget_tokens": 32768}, ["reasoning_budget=32768"]),
        (BUDGETED, -1, {"type": "enabled", "budget_tokens": 8192}, ["reasoning_budget=8192"]),
        (BUDGETED, 0, {"type": "disabled"}, []),
        (ADAPTIVE, 3000, SHOWN, ["reasoning_budget=medium"]),
    ],
)
def test_a_budget_is_kept_where_there_are_budgets(
    model: str, budget: int, thinking: Any, noted: list[str]
) -> None:
    """Within the model's range; models that take none get the level that is nearest."""
    body, losses = asked(model, ReasoningWish(budget_tokens=budget))
    assert (body.get("thinking"), losses) == (thinking, noted)


@pytest.mark.parametrize(("limit", "budget"), [(4096, 3072), (1400, 1050), (1300, 1024), (20_000, 8192)])
def test_a_stated_limit_is_never_raised_for_thinking(limit: int, budget: int) -> None:
    """The caller pays for what it allows: thinking has to do with three quarters of it."""
    body, _ = asked(BUDGETED, ReasoningWish(effort="medium"), max_tokens=limit)
    assert (body["max_tokens"], body["thinking"]["budget_tokens"]) == (limit, budget)


def test_too_small_a_limit_turns_thinking_off() -> None:
    """There is a least budget, and it has to be below the limit."""
    body, losses = asked(BUDGETED, ReasoningWish(effort="medium"), max_tokens=1024)
    assert "thinking" not in body
    assert losses == ["reasoning_effort=none"]


@pytest.mark.parametrize(
    ("model", "effort", "limit"),
    [
        (BUDGETED, "medium", 2000 + 8192),
        (BUDGETED, None, 2000),
        (ADAPTIVE, "low", 2000 + 2048),
        (ADAPTIVE, None, 2000),
        ("claude-sonnet-5-5", None, 2000 + 24576),
    ],
)
def test_the_limit_that_nobody_said_leaves_room_for_thinking(
    model: str, effort: str | None, limit: int
) -> None:
    """2000 tokens of answer, and what thinking may take; it is reported."""
    wish = None if effort is None else ReasoningWish(effort=effort)
    request = ChatRequest(model=model, messages=(HELLO,), reasoning=wish)
    body, losses = write(request, model)
    assert body["max_tokens"] == limit
    assert f"max_tokens={limit}" in losses.adjusted


def test_thinking_gives_way_to_a_forced_call_and_to_an_answer_to_go_on_with() -> None:
    """Models that think by a budget refuse them together; what the program relies on is kept."""
    wish = ReasoningWish(effort="medium")
    forced = ToolChoice(mode=ToolMode.REQUIRED)
    body, losses = asked(BUDGETED, wish, tools=LOOK, tool_choice=forced)
    assert ("thinking" in body, body["tool_choice"]) == (False, {"type": "any"})
    assert losses == ["reasoning_effort=none"]
    begun = (HELLO, Message(role=Role.ASSISTANT, parts=(Text(text="Well,"),)))
    body, losses = asked(BUDGETED, wish, messages=begun)
    assert ("thinking" in body, losses) == (False, ["reasoning_effort=none"])


def test_newer_models_think_and_call_as_told() -> None:
    """They take both together, but for those that cannot be made to call at all."""
    forced = ToolChoice(mode=ToolMode.NAMED, names=("look",))
    body, losses = asked(ADAPTIVE, ReasoningWish(effort="high"), tools=LOOK, tool_choice=forced)
    assert (body["thinking"], body["tool_choice"]) == (SHOWN, {"type": "tool", "name": "look"})
    assert losses == []
    tools = (*LOOK, Tool(name="listen"))
    body, losses = asked("claude-sonnet-5-5", ReasoningWish(effort="high"), tools=tools, tool_choice=forced)
    assert body["tool_choice"] == {"type": "auto"}
    assert [tool["name"] for tool in body["tools"]] == ["look"]
    assert losses == ["tool_choice=auto"]


@pytest.mark.parametrize(
    ("thought", "thinks"),
    [
        (Reasoning(text="I look.", signature=Signature(origin=Dialect.ANTHROPIC, value="s")), True),
        (Reasoning(encrypted=Signature(origin=Dialect.ANTHROPIC, value="c")), True),
        (Reasoning(text="I look.", signature=Signature(origin=Dialect.GOOGLE, value="s")), False),
        (Reasoning(text="I look."), False),
        (None, False),
    ],
)
def test_a_loop_of_tools_begun_without_a_signed_thought_goes_on_without_thinking(
    thought: Reasoning | None, thinks: bool
) -> None:
    """The API refuses to think on top of calls whose thoughts it does not know; newer models do not mind."""
    parts = (CALL,) if thought is None else (thought, CALL)
    loop = (HELLO, Message(role=Role.ASSISTANT, parts=parts), RESULT)
    body, losses = asked(BUDGETED, ReasoningWish(effort="medium"), messages=loop, tools=LOOK)
    assert ("thinking" in body) is thinks
    assert ("reasoning_effort=none" in losses) is not thinks
    newer, _ = asked(ADAPTIVE, ReasoningWish(effort="medium"), messages=loop, tools=LOOK)
    assert newer["thinking"] == SHOWN
    closed = (*loop, HELLO)
    body, _ = asked(BUDGETED, ReasoningWish(effort="medium"), messages=closed, tools=LOOK)
    assert "thinking" in body


def test_thinking_goes_with_the_usual_sampling_only() -> None:
    """The temperature is 1, there is no `top_k`, and `top_p` is high; each change is reported."""
    sampling = Sampling(temperature=0.2, top_k=5)
    body, losses = asked(BUDGETED, ReasoningWish(effort="low"), sampling=sampling)
    assert not {"temperature", "top_k"} & set(body)
    assert sorted(losses) == ["reasoning_effort=2048", "temperature=1", "top_k"]
    body, losses = asked("claude-3-7-sonnet", ReasoningWish(effort="low"), sampling=Sampling(top_p=0.5))
    assert (body["top_p"], losses[1:]) == (0.95, ["top_p=0.95"])


@pytest.mark.parametrize(
    ("model", "sampling", "said", "noted"),
    [
        ("claude-3-haiku", Sampling(temperature=1.7), {"temperature": 1.0}, ["temperature=1"]),
        ("claude-3-haiku", Sampling(temperature=0.3, top_p=0.4, top_k=9), None, []),
        (BUDGETED, Sampling(temperature=0.3, top_p=0.4), {"temperature": 0.3}, ["top_p"]),
        (BUDGETED, Sampling(top_p=0.4), {"top_p": 0.4}, []),
        (ADAPTIVE, Sampling(temperature=0.0, top_p=0.4, top_k=1), {}, ["temperature", "top_p", "top_k"]),
        (ADAPTIVE, Sampling(temperature=1.0, top_p=1.0), {}, []),
        (BUDGETED, Sampling(stop=("\n", "END")), {"stop_sequences": ["END"]}, ["stop"]),
        (BUDGETED, Sampling(n=3, seed=1, logprobs=True, top_logprobs=2), {}, ["n", "seed", "logprobs"]),
        (BUDGETED, Sampling(n=1, logprobs=False), {}, []),
    ],
)
def test_sampling_is_what_the_model_takes(
    model: str, sampling: Sampling, said: dict[str, Any] | None, noted: list[str]
) -> None:
    """Clamped, or left out where the model refuses it, and reported."""
    body, losses = write(ChatRequest(model=model, messages=(HELLO,), sampling=sampling, max_tokens=9), model)
    names = ("temperature", "top_p", "top_k", "stop_sequences")
    expected = {"temperature": 0.3, "top_p": 0.4, "top_k": 9} if said is None else said
    assert {name: body[name] for name in names if name in body} == expected
    assert [*losses.adjusted, *losses.dropped] == noted
