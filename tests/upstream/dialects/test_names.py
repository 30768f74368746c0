"""Names of tools that a dialect does not take."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from baton.core.answer import Began, ChatResponse, Choice, Finish, StreamEvent, ToolCallBegan, ToolCallDelta
from baton.core.dialect import Dialect
from baton.core.losses import Losses
from baton.core.messages import Message, Role, Text, ToolCall, ToolResult
from baton.core.request import ChatRequest, ForeignTool, Tool, ToolChoice, ToolMode
from baton.upstream.dialects.names import (
    NameRule,
    RenamingReader,
    answered_with,
    fitting,
    names_in,
    with_fitting_names,
)
from baton.upstream.dialects.registry import CODECS
from baton.upstream.dialects.sse import SseEvent

RULES = {dialect: codec.tool_names for dialect, codec in CODECS.items()}
STRICT = RULES[Dialect.OPENAI]
LONG = "mcp__claude_ai_Cloudflare_Developer_Platform__hyperdrive_config_"
SAMPLES = st.one_of(
    st.text(st.sampled_from("ab_.:-1 é"), min_size=1, max_size=4),
    st.text(st.sampled_from("ab."), min_size=60, max_size=140),
)


def new_names(names: list[str], rule: NameRule = STRICT) -> dict[str, str]:
    strange = {name for name in names if not rule.takes(name)}
    return {name: name for name in names} | dict(fitting(strange, rule, set(names) - strange))


@pytest.mark.parametrize(
    ("dialect", "taken", "refused"),
    [
        (Dialect.OPENAI, ["f", "-v", "2fa", "a" * 64], ["a.b", "a b", "ä", "a\n", "a" * 65]),
        (Dialect.OPENAI_RESPONSES, ["f", "-v", "2fa", "a" * 64], ["a.b", "a:b", "a" * 65]),
        (Dialect.ANTHROPIC, ["f", "-v", "2fa", "a" * 128], ["a.b", "a/b", "a" * 129]),
        (Dialect.GOOGLE, ["_f", "a.b", "a:b", "a-b", "a" * 64], ["-v", "2fa", ".a", "a b", "a" * 65]),
    ],
)
def test_each_dialect_has_its_own_rule(dialect: Dialect, taken: list[str], refused: list[str]) -> None:
    """As their API references and error messages have it."""
    rule = RULES[dialect]
    assert [name for name in taken if not rule.takes(name)] == []
    assert [name for name in refused if rule.takes(name)] == []


def test_a_name_stays_readable() -> None:
    """Only what is refused is replaced, and a long name keeps its beginning and its end."""
    assert new_names(["files.read", "plain"]) == {"files.read": "files_read", "plain": "plain"}
    assert new_names(["2fa"], RULES[Dialect.GOOGLE]) == {"2fa": "_2fa"}
    found = new_names([LONG + "delete", LONG + "edit"])
    for name, new in found.items():
        assert len(new) == 64
        assert new.startswith("mcp__claude_ai_Clo")
        assert new.endswith(name[-20:])
    assert found == new_names([LONG + "edit", LONG + "delete"])


def test_names_that_would_be_the_same_are_told_apart() -> None:
    """Two that look alike, or one that looks like a name which another tool has by right."""
    found = new_names(["a.b", "a:b", "a/b"])
    assert len(set(found.values())) == 3
    assert all(re.fullmatch(r"a_b_[0-9a-f]{8}", new) for new in found.values())
    found = new_names(["a.b", "a_b"])
    assert found["a_b"] == "a_b"
    assert found["a.b"] != "a_b"
    marked = new_names(["a.b", "a:b"])["a.b"]
    crowded = new_names(["a.b", "a:b", marked])
    assert crowded[marked] == marked
    assert len(set(crowded.values())) == 3


@given(st.lists(SAMPLES, max_size=8, unique=True), st.sampled_from(sorted(RULES)))
def test_no_two_tools_ever_have_the_same_name(names: list[str], dialect: Dialect) -> None:
    """All that comes out may be said and tells the tools apart, in whatever order they are listed."""
    rule = RULES[dialect]
    found = new_names(names, rule)
    assert len(set(found.values())) == len(names)
    assert all(rule.takes(new) for new in found.values())
    assert all(new == name for name, new in found.items() if rule.takes(name))
    assert new_names(names[::-1], rule) == found


def conversation(*tools: Tool | ForeignTool, name: str = "files.read", gone: str = "old tool") -> ChatRequest:
    """A tool that is offered, chosen and called, and one that was called before it was taken away."""
    calls = (ToolCall(id="c1", name=gone, arguments="{}"), ToolCall(id="c2", name=name, arguments="{}"))
    results = (ToolResult(call_id="c1", name=gone), ToolResult(call_id="c2", name=name))
    return ChatRequest(
        model="m",
        messages=(
            Message(role=Role.USER, parts=(Text(text="files.read"),)),
            Message(role=Role.ASSISTANT, parts=calls),
            Message(role=Role.TOOL, parts=results),
        ),
        tools=(Tool(name=name), Tool(name="plain"), *tools),
        tool_choice=ToolChoice(mode=ToolMode.REQUIRED, names=(name, "plain")),
        dialect=Dialect.GOOGLE,
    )


def test_a_name_is_replaced_wherever_it_stands() -> None:
    """Offered, chosen, called, answered; also where it is only remembered. What people say stays."""
    losses = Losses()
    request, names = with_fitting_names(conversation(), STRICT, losses)
    assert list(names_in(request)) == [
        *("files_read", "plain", "files_read", "plain"),
        *("old_tool", "files_read", "old_tool", "files_read"),
    ]
    assert names == {"files_read": "files.read", "old_tool": "old tool"}
    assert request.messages[0].text == "files.read"
    assert list(losses.adjusted) == ["tool_name"]


def test_a_request_with_names_that_all_can_say_is_not_touched() -> None:
    """It is the very same, nothing is noted, and there is no way back to go."""
    losses, asked = Losses(), conversation(name="read", gone="")
    request, names = with_fitting_names(asked, STRICT, losses)
    assert request is asked
    assert names == {}
    assert not losses


@pytest.mark.parametrize("raw", [b'{"name":"files_read"}', b'{"custom":{"name":"files_read"}}'])
def test_a_tool_that_only_one_dialect_knows_keeps_its_name(raw: bytes) -> None:
    """It is told as it was written, so nobody else may be called so."""
    foreign = ForeignTool(dialect=Dialect.OPENAI, type="custom", raw=Raw(raw))
    request, _ = with_fitting_names(conversation(foreign), STRICT, Losses())
    assert re.fullmatch(r"files_read_[0-9a-f]{8}", next(names_in(request)))


def test_an_answer_has_the_callers_own_names() -> None:
    """Whole and streamed; a call of a tool that nobody offered keeps the name that the model gave it."""
    names = {"files_read": "files.read"}
    calls = tuple(ToolCall(id=name, name=name, arguments="{}") for name in ("files_read", "made_up"))
    choice = Choice(index=0, parts=(Text(text="files_read"), *calls), finish=Finish.TOOL_CALLS)
    answer = ChatResponse(id="a", model="m", created=1, choices=(choice,))
    parts = answered_with(answer, names).choices[0].parts
    assert [part.name for part in parts if isinstance(part, ToolCall)] == ["files.read", "made_up"]
    assert parts[0] == Text(text="files_read")

    told: list[StreamEvent] = [
        Began("a", "m", 1),
        ToolCallBegan(0, "c1", "files_read", 1, "custom"),
        ToolCallDelta(0, "files_read", 1),
        ToolCallBegan(1, "c2", "made_up"),
    ]

    class Reader:
        """Says all of it at once."""

        def read(self, event: SseEvent) -> list[StreamEvent]:
            del event
            return told

    assert RenamingReader(Reader(), names).read(SseEvent(b"", b"")) == [
        told[0],
        ToolCallBegan(0, "c1", "files.read", 1, "custom"),
        *told[2:],
    ]
