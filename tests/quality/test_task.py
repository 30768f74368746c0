"""What of a request and of its answer is looked at."""

from msgspec import Raw

from baton.core.answer import ChatResponse, Choice, Finish
from baton.core.dialect import Dialect
from baton.core.messages import (
    Foreign,
    Media,
    MediaKind,
    Message,
    Part,
    Reasoning,
    Refusal,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from baton.core.request import ChatRequest, FormatKind, ResponseFormat, Sampling
from baton.quality.checks.checks import Checks
from baton.quality.objection import Kind
from baton.quality.output import Output, output_of
from baton.quality.task import task_of


def message(role: Role, *parts: Part) -> Message:
    """One turn."""
    return Message(role=role, parts=parts)


def answer(*parts: Part, finish: Finish = Finish.STOP) -> ChatResponse:
    """An answer of these parts."""
    return ChatResponse(id="a", model="m", created=0, choices=(Choice(index=0, parts=parts, finish=finish),))


def test_the_last_words_of_the_user_are_what_was_asked() -> None:
    """Everything else that the model was given, results of tools included, stands beside it."""
    request = ChatRequest(
        model="m",
        messages=(
            message(Role.SYSTEM, Text(text="Be brief.")),
            message(Role.USER, Text(text="Hello")),
            message(Role.ASSISTANT, Text(text="Hi")),
            message(Role.USER, Text(text="What is in"), Text(text="the file?")),
            message(Role.ASSISTANT, ToolCall(id="1", name="read", arguments="{}")),
            message(Role.TOOL, ToolResult(call_id="1", parts=(Text(text="Dear {{name}}"),))),
        ),
        sampling=Sampling(stop=("END",)),
    )
    task = task_of(request, language="de")
    assert task.asked == "What is in\nthe file?"
    assert task.given == "Be brief.\nHello\nHi\nDear {{name}}"
    assert task.stops
    assert task.language == "de"
    assert task.schema is None


def test_a_request_without_a_user_asks_nothing() -> None:
    """All it has is what was given."""
    task = task_of(ChatRequest(model="m", messages=(message(Role.SYSTEM, Text(text="Begin.")),)))
    assert (task.asked, task.given, task.stops) == ("", "Begin.", False)


def test_a_wish_for_json_is_a_schema(checks: Checks) -> None:
    """Its own where it has one; any object where just JSON was wished for."""
    schema = Raw(b'{"type":"array"}')
    for kind, own, good, bad in (
        (FormatKind.JSON_SCHEMA, schema, "[]", "{}"),
        (FormatKind.JSON_OBJECT, None, "{}", "[]"),
    ):
        request = ChatRequest(model="m", messages=(), response_format=ResponseFormat(kind=kind, schema=own))
        assert checks.objections(task_of(request), Output(text=good)) == ()
        [objection] = checks.objections(task_of(request), Output(text=bad))
        assert objection.kind is Kind.SCHEMA
    plain = ChatRequest(model="m", messages=(), response_format=ResponseFormat(kind=FormatKind.TEXT))
    assert task_of(plain).schema is None


def test_an_output_is_the_text_of_the_first_choice() -> None:
    """Thoughts are none of it; how it ended and what it calls its refusal are."""
    parts = (Reasoning(text="Hm."), Text(text="One, "), Text(text="two."), Refusal(text="No."))
    output = output_of(answer(*parts))
    assert output == Output(text="One, two.", refusal="No.", finish=Finish.STOP)
    assert output.is_taken_away
    assert output_of(answer(finish=Finish.CONTENT_FILTER)).is_taken_away
    assert not output_of(answer(Text(text="One."))).is_taken_away


def test_an_answer_may_be_more_than_text(checks: Checks) -> None:
    """A call of a tool, a picture, a step of a server's tool: nothing of it is an empty output."""
    for part in (
        ToolCall(id="1", name="read", arguments="{}"),
        Media(kind=MediaKind.IMAGE, data="AAAA"),
        Foreign(dialect=Dialect.ANTHROPIC, kind="server_tool_use", raw=Raw(b"{}")),
    ):
        output = output_of(answer(part))
        assert output.more
        assert checks.objections(task_of(ChatRequest(model="m", messages=())), output) == ()


def test_no_choice_is_an_empty_output(checks: Checks) -> None:
    """An answer without any is told as such."""
    output = output_of(ChatResponse(id="a", model="m", created=0, choices=()))
    [objection] = checks.objections(task_of(ChatRequest(model="m", messages=())), output)
    assert objection.kind is Kind.EMPTY
