"""What will be answered: decided in full, before a byte is sent, by the request and the manner alone."""

from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import msgspec
from msgspec import Struct

from baton.core.answer import (
    Choice,
    Finish,
    Finished,
    ReasoningDelta,
    StreamEvent,
    TextDelta,
    ToolCallBegan,
    ToolCallDelta,
)
from baton.core.errors import Invalid
from baton.core.messages import Part, Reasoning, Role, Text, ToolCall
from baton.core.request import ChatRequest, FormatKind, ResponseFormat
from baton.core.usage import Usage
from baton.upstream.providers.simulated.asked import Asked, asked, part_text
from baton.upstream.providers.simulated.calling import call_id, calls
from baton.upstream.providers.simulated.dice import Dice
from baton.upstream.providers.simulated.manner import Manner, Mode, Prefill
from baton.upstream.providers.simulated.models import MAX_OUTPUT_TOKENS
from baton.upstream.providers.simulated.schemas.document import instance
from baton.upstream.providers.simulated.schemas.merging import Unsatisfiable
from baton.upstream.providers.simulated.scripts import Line
from baton.upstream.providers.simulated.words import lorem, tokens

NOTICE = (
    "[This is Baton's simulated provider: it gave your own text back, no real model was asked. "
    "To reach one, set a provider's key, e.g. OPENAI_API_KEY, and start Baton again.]"
)
_MOST_CHOICES = 16
_THOUGHT = {"none": 0, "minimal": 4, "low": 8, "medium": 16, "high": 32, "xhigh": 64}  # tokens per effort


class Spoken(Struct, frozen=True, kw_only=True):
    """One choice, cut into tokens."""

    reasoning: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    calls: tuple[ToolCall, ...] = ()
    finish: Finish = Finish.STOP

    @property
    def tokens(self) -> int:
        """Reasoning, text and the calls' arguments."""
        return len(self.reasoning) + len(self.text) + sum(len(tokens(call.arguments)) for call in self.calls)

    def events(self, choice: int) -> Iterator[StreamEvent]:
        """The choice as a stream says it, a token an event; `Finished` at its end."""
        for piece in self.reasoning:
            yield ReasoningDelta(piece, choice)
        for piece in self.text:
            yield TextDelta(piece, choice)
        for index, call in enumerate(self.calls):
            yield ToolCallBegan(index, call.id, call.name, choice)
            for piece in tokens(call.arguments):
                yield ToolCallDelta(index, piece, choice)
        yield Finished(self.finish, choice)

    def whole(self, index: int) -> Choice:
        """The choice as a whole answer has it."""
        parts: list[Part] = []
        if self.reasoning:
            parts.append(Reasoning(text="".join(self.reasoning)))
        if self.text:
            parts.append(Text(text="".join(self.text)))
        parts.extend(self.calls)
        return Choice(index=index, parts=tuple(parts), finish=self.finish)


class Plan(Struct, frozen=True, kw_only=True):
    """One answer."""

    choices: tuple[Spoken, ...]
    usage: Usage

    def events(self) -> Iterator[StreamEvent]:
        """All choices as one stream, token by token in turn."""
        streams = [choice.events(index) for index, choice in enumerate(self.choices)]
        for together in zip_longest(*streams):
            yield from (event for event in together if event is not None)

    def filtered(self, after: int) -> "Plan":
        """The same answer, taken away by a content filter after some tokens of each choice."""
        choices = tuple(_cut(choice, after, Finish.CONTENT_FILTER) for choice in self.choices)
        return Plan(choices=choices, usage=_usage(self.usage.prompt, self.usage.cached, choices))


def make_plan(request: ChatRequest, manner: Manner, line: Line | None = None) -> Plan:
    """Decide the answer. `line`: what a script has to say, for the mode `scripted`.

    Raises:
        Invalid: a schema that nothing can satisfy, a forced tool that is not offered, too many choices.
    """
    wanted = request.sampling.n or 1
    if not 1 <= wanted <= _MOST_CHOICES:
        raise Invalid(f"n is from 1 to {_MOST_CHOICES}", param="n")
    heard = asked(request)
    most = _most_tokens(request) if manner.keeps_limit else MAX_OUTPUT_TOKENS
    choices = tuple(
        _limited(_speak(request, heard, manner, line, index), request, most) for index in range(wanted)
    )
    usage = _usage(heard.prompt_tokens, min(manner.cached, heard.prompt_tokens), choices)
    return Plan(choices=choices, usage=usage)


def _usage(prompt: int, cached: int, choices: tuple[Spoken, ...]) -> Usage:
    return Usage(
        prompt=prompt,
        completion=sum(choice.tokens for choice in choices),
        cached=cached,
        reasoning=sum(len(choice.reasoning) for choice in choices),
    )


def _speak(request: ChatRequest, heard: Asked, manner: Manner, line: Line | None, index: int) -> Spoken:
    """One choice, as long as it will."""
    if line is not None:
        return _scripted(heard, line, index)
    length = _thoughts(request, manner)
    thought = tokens(lorem(Dice(heard.seed, "thought", index), length))[:length]
    made = calls(request, heard, eager=manner.mode is Mode.TOOLS, choice=index)
    if made:
        return Spoken(reasoning=thought, calls=made, finish=Finish.TOOL_CALLS)
    wish = request.response_format
    if manner.says is not None:
        text = manner.says
    elif manner.mode is Mode.JSON or (wish is not None and wish.kind is not FormatKind.TEXT):
        text = _json(wish, heard, index)
    else:
        text = _prose(heard, manner, index)
    return Spoken(reasoning=thought, text=_pieces(_gone_on(text, request, manner)))


def _gone_on(text: str, request: ChatRequest, manner: Manner) -> str:
    """What is left to say where the request has begun the answer.

    Raises:
        Invalid: the model does not take beginnings.
    """
    last = request.messages[-1] if request.messages else None
    if manner.prefill is Prefill.IGNORED or last is None or last.role is not Role.ASSISTANT:
        return text
    if manner.prefill is Prefill.REFUSED:
        raise Invalid("This simulated model takes no beginning of its answer: end with a user message.")
    return text.removeprefix(last.text)


def _scripted(heard: Asked, line: Line, index: int) -> Spoken:
    made = tuple(
        ToolCall(
            id=call_id(heard.seed, index, place),
            name=call.name,
            arguments=msgspec.json.encode(call.arguments).decode(),
        )
        for place, call in enumerate(line.calls)
    )
    return Spoken(
        reasoning=tokens(line.reasoning),
        text=_pieces(line.says),
        calls=made,
        finish=Finish.TOOL_CALLS if made else Finish.STOP,
    )


def _thoughts(request: ChatRequest, manner: Manner) -> int:
    """Tokens of reasoning: as the name says, else as the request wishes."""
    wish = request.reasoning
    if manner.think or wish is None:
        return manner.think
    if wish.effort is not None:
        return _THOUGHT.get(wish.effort, _THOUGHT["medium"])
    return min(wish.budget_tokens or 0, _THOUGHT["high"])


def _json(wish: ResponseFormat | None, heard: Asked, index: int) -> str:
    """JSON true to the schema; without one, an object that holds what was said."""
    value: Any = {"said": heard.text}
    if wish is not None and wish.kind is FormatKind.JSON_SCHEMA and wish.schema is not None:
        try:
            value = instance(msgspec.json.decode(wish.schema), Dice(heard.seed, index))
        except Unsatisfiable as error:
            raise Invalid(f"the schema of the answer: {error}", param="response_format") from error
    return msgspec.json.encode(value).decode()


def _prose(heard: Asked, manner: Manner, index: int) -> str:
    """Text, as the mode has it."""
    if manner.mode is Mode.LOREM:
        return lorem(Dice(heard.seed, index), manner.words)
    if manner.mode is Mode.SCRIPTED:
        return "The simulated provider's scripts have no line for this."
    sentences: list[str] = []
    if heard.results:
        quoted = "; ".join(part_text(result) for result in heard.results)
        sentences.append(f"The tools answered: {quoted}")
    elif manner.mode is Mode.TOOLS or heard.text:
        sentences.append(heard.text)
    if heard.media:
        sentences.append(_seen(heard))
    if manner.mode is Mode.ECHO and manner.notice:
        sentences.append(NOTICE)
    return "\n\n".join(sentences)


def _seen(heard: Asked) -> str:
    """An acknowledgement such as `[saw 1 image, 2 documents]`."""
    counts: dict[str, int] = {}
    for media in heard.media:
        counts[media.kind.value] = counts.get(media.kind.value, 0) + 1
    seen = ", ".join(f"{count} {kind}{'s' if count > 1 else ''}" for kind, count in counts.items())
    return f"[saw {seen}]"


def _pieces(text: str) -> tuple[str, ...]:
    """The text's tokens: one more than any answer may have is enough to see that it is too long."""
    return tokens(text, MAX_OUTPUT_TOKENS + 1)


def _most_tokens(request: ChatRequest) -> int:
    return min(request.max_tokens or MAX_OUTPUT_TOKENS, MAX_OUTPUT_TOKENS)


def _limited(spoken: Spoken, request: ChatRequest, most: int) -> Spoken:
    """The choice within the request's stop sequences and a limit of tokens."""
    text = "".join(spoken.text)
    ends = [at for stop in request.sampling.stop if stop and (at := text.find(stop)) >= 0]
    if ends:
        spoken = Spoken(reasoning=spoken.reasoning, text=_pieces(text[: min(ends)]))
    return spoken if spoken.tokens <= most else _cut(spoken, most, Finish.LENGTH)


def _cut(spoken: Spoken, left: int, finish: Finish) -> Spoken:
    """The first `left` tokens of a choice."""
    reasoning = spoken.reasoning[:left]
    left -= len(reasoning)
    said = spoken.text[:left]
    left -= len(said)
    made: list[ToolCall] = []
    for call in spoken.calls:  # a call is cut in its arguments, as real models cut it
        kept = tokens(call.arguments)[:left]
        if not kept:
            break
        left -= len(kept)
        made.append(ToolCall(id=call.id, name=call.name, arguments="".join(kept)))
    return Spoken(reasoning=reasoning, text=said, calls=tuple(made), finish=finish)
