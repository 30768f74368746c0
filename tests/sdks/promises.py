"""What every SDK is promised before every provider: each promise a function that fails where it is broken."""

from collections.abc import Awaitable, Callable
from typing import cast
from unittest.mock import patch

from msgspec import Struct, structs

from tests.sdks.conversation import (
    PIXEL,
    Answer,
    Brought,
    Client,
    Counting,
    Question,
    Said,
    SdkError,
    Spent,
    Trip,
)
from tests.sdks.house import House, Seat

ECHO = "echo;notice=off"
HELLO = Said(text="Hello there, how are you today?")
TOOLS = ("weather", "traffic")
_SEEN = {422: 400, 500: 503}
"""What a caller sees of a provider's status, where that is another one (decision 6)."""
_STANDARD_BASE64 = str.maketrans("-_", "+/")  # Google takes the URL-safe alphabet too, and its SDK writes it
_PULSE = ("baton.api.pulse.EVERY_S", 0.05)
"""Set while a stream is kept waiting: it is kept alive every 15 s, and nobody waits so long."""


class Cell(Struct, frozen=True, kw_only=True):
    """One SDK before one provider."""

    client: Client
    stranger: Client
    """The same SDK with a key that nobody gave out."""
    house: House
    seat: Seat
    """The provider."""
    native: bool
    """Whether SDK and provider speak the same dialect."""

    def question(self, name: str, *turns: Said | Answer | Brought, tools: tuple[str, ...] = ()) -> Question:
        """A plain question to a simulated model."""
        return Question(model=f"{self.seat.name}/{name}", turns=turns or (HELLO,), tools=tools)


Promise = Callable[[Cell], Awaitable[None]]


async def plain(cell: Cell) -> None:
    """Text, finish and usage are where the SDK has them, and the system prompt reaches the provider."""
    question = structs.replace(cell.question(f"{ECHO};cached=5"), system="Speak plainly.")
    answer = await cell.client.ask(question, streamed=False)
    assert answer.text == HELLO.text
    assert answer.finish == cell.client.words.stopped
    assert answer.calls == ()
    call = cell.house.asked(cell.seat)
    assert not call.stream
    assert "Speak plainly." in call.body
    _holds_usage(cell, answer)


async def streamed(cell: Cell) -> None:
    """The text comes in pieces; put together by the SDK they are the whole answer, usage included."""
    question = cell.question(f"{ECHO};cached=5")
    answer = await cell.client.ask(question, streamed=True)
    assert cell.house.asked(cell.seat).stream
    _holds_usage(cell, answer)
    assert answer.pieces > 1
    whole = await cell.client.ask(question, streamed=False)
    assert (answer.text, answer.finish, answer.spent) == (whole.text, whole.finish, whole.spent)


async def tool_loop(cell: Cell) -> None:
    """A tool is called with arguments true to its schema; what it brought back is answered."""
    await _loop(cell, TOOLS[:1], streamed=False)


async def tool_loop_streamed(cell: Cell) -> None:
    """The same from streams: arguments that came in fragments are whole."""
    await _loop(cell, TOOLS[:1], streamed=True)


async def parallel_tools(cell: Cell) -> None:
    """Two calls in one answer have ids of their own, and each result, a failed one too, finds its call."""
    for streamed in (False, True):
        await _loop(cell, TOOLS, streamed=streamed)


async def named_tool(cell: Cell) -> None:
    """The tool that the caller names is called, and no other."""
    question = structs.replace(cell.question("tools", tools=TOOLS), named=TOOLS[1])
    for streamed in (False, True):
        answer = await cell.client.ask(question, streamed=streamed)
        assert [call.name for call in answer.calls] == [TOOLS[1]]


async def schema(cell: Cell) -> None:
    """The SDK's own way to structured output makes an object of the caller's class, whole and streamed."""
    question = structs.replace(cell.question("json"), shaped=True)
    whole, streamed = [await cell.client.ask(question, streamed=streamed) for streamed in (False, True)]
    assert whole.parsed is not None
    assert Trip.model_validate(whole.parsed)
    assert streamed.parsed == whole.parsed
    assert whole.finish == streamed.finish == cell.client.words.stopped


async def image(cell: Cell) -> None:
    """A picture reaches the model, bit by bit."""
    answer = await cell.client.ask(
        cell.question(ECHO, Said(text="What is it?", picture=PIXEL)), streamed=False
    )
    assert "[saw 1 image]" in answer.text
    assert PIXEL in cell.house.asked(cell.seat).body.translate(_STANDARD_BASE64)


async def reasoning_over_two_turns(cell: Cell) -> None:
    """The wish for thought reaches the model, its thoughts reach the caller, and come back to it, signed as
    they were where its dialect signs: with results of tools, and before a new question."""
    for streamed in (False, True):
        first = structs.replace(cell.question("tools", tools=TOOLS[:1]), thinking=True)
        called = await cell.client.ask(first, streamed=streamed)
        assert called.thoughts
        assert called.calls
        results = [Brought(call=call, text="sunny") for call in called.calls]
        second = structs.replace(first, turns=(*first.turns, called, *results))
        answered = await cell.client.ask(second, streamed=streamed)
        assert "sunny" in answered.text
        assert answered.thoughts
        _came_back(cell, called.thoughts)
        third = structs.replace(second, turns=(*second.turns, answered, Said(text="And tomorrow?")))
        last = await cell.client.ask(third, streamed=streamed)
        assert last.calls
        _came_back(cell, called.thoughts, answered.thoughts)


def _came_back(cell: Cell, *thoughts: str) -> None:
    """The provider's last request holds these thoughts, or none where it would refuse them."""
    body = cell.house.asked(cell.seat).body
    for thought in thoughts:
        if cell.seat.keeps is not None:
            assert all(sign in body for sign in cell.seat.keeps(thought))
        else:
            assert (thought in body) == cell.native


async def token_count(cell: Cell) -> None:
    """Tokens are counted beforehand: as many as the provider bills afterwards, where it has a counter of its
    own, else roughly."""
    client = cast(Counting, cell.client)
    short = cell.question(ECHO)
    long = cell.question(ECHO, Said(text=HELLO.text * 20))
    fewer, more = [await client.count(question) for question in (short, long)]
    assert 0 < fewer < more
    if cell.seat.counts:
        billed = [(await cell.client.ask(question, streamed=False)).spent for question in (short, long)]
        assert [spent and spent.prompt for spent in billed] == [fewer, more], (billed, fewer, more)


async def errors(cell: Cell) -> None:
    """Each status of the provider arrives as the class that the SDK has for it, with the provider's words,
    before a stream as well."""
    for status, name in cell.client.words.errors.items():
        for streamed in (False, True):
            error = await _raised(cell.client, cell.question(f"echo;fault={status}"), streamed=streamed)
            assert (error.name, error.status) == (name, _SEEN.get(status, status)), error
            assert f"answers {status}" in error.message, error


async def callers_mistakes(cell: Cell) -> None:
    """A wrong key and a model that nobody has are the SDK's own classes too."""
    names = cell.client.words.errors
    hello = cell.question(ECHO)
    nobody = structs.replace(hello, model="nobody-has-this")
    for streamed in (False, True):
        for client, question, status in ((cell.stranger, hello, 401), (cell.client, nobody, 404)):
            error = await _raised(client, question, streamed=streamed)
            assert (error.name, error.status) == (names[status], status), error


async def broken_streams(cell: Cell) -> None:
    """A provider that dies in mid-stream is an error of the SDK, never the end of an answer."""
    for fault in ("cut", "error", "malformed", "unfinished"):
        await _raised(cell.client, cell.question(f"lorem;fault={fault}"), streamed=True)
        assert cell.house.asked(cell.seat).fault == fault


async def waiting(cell: Cell) -> None:
    """A stream that is kept alive while the provider is silent is read as if nothing had been said."""
    slow = cell.question(f"{ECHO};fault=slow;wait=0.2")
    with patch(*_PULSE):
        answer = await cell.client.ask(slow, streamed=True)
    assert (answer.text, answer.finish) == (HELLO.text, cell.client.words.stopped)


PROMISES: dict[str, Promise] = {
    "plain": plain,
    "streamed": streamed,
    "tool loop": tool_loop,
    "tool loop, streamed": tool_loop_streamed,
    "parallel tools": parallel_tools,
    "named tool": named_tool,
    "schema": schema,
    "image in": image,
    "reasoning, two turns": reasoning_over_two_turns,
    "count tokens": token_count,
    "provider's errors": errors,
    "caller's mistakes": callers_mistakes,
    "broken streams": broken_streams,
    "kept alive": waiting,
}


async def _loop(cell: Cell, tools: tuple[str, ...], *, streamed: bool) -> None:
    """Ask, call, bring back, be answered."""
    question = cell.question("tools", tools=tools)
    first = await cell.client.ask(question, streamed=streamed)
    assert first.finish == cell.client.words.called
    assert tuple(call.name for call in first.calls) == tools
    assert len({call.id for call in first.calls}) == len(tools)
    for call in first.calls:
        assert Trip.model_validate(call.arguments)
    _holds_usage(cell, first)
    brought = [
        Brought(call=call, text=f"{call.name} is {number}", failed=number > 0)
        for number, call in enumerate(first.calls)
    ]
    second = structs.replace(question, turns=(*question.turns, first, *brought))
    answer = await cell.client.ask(second, streamed=streamed)
    assert answer.calls == ()
    assert answer.finish == cell.client.words.stopped
    assert all(result.text in answer.text for result in brought)


async def _raised(client: Client, question: Question, *, streamed: bool) -> SdkError:
    try:
        answer = await client.ask(question, streamed=streamed)
    except SdkError as error:
        return error
    raise AssertionError(f"{question.model} was answered: {answer.text!r}")


def _holds_usage(cell: Cell, answer: Answer) -> None:
    """The answer's usage is what the provider has just reported."""
    reported = cell.house.asked(cell.seat).reported
    assert reported is not None
    expected = Spent(prompt=reported.prompt, completion=reported.completion, cached=reported.cached)
    assert answer.spent == expected
