"""Recorded answers, as the checks see them."""

import json
from collections.abc import Callable, Iterator

from msgspec import Struct
from tests.contracts.recordings import Exchange, exchanges

from baton.core.answer import (
    Finish,
    Finished,
    ForeignDelta,
    MediaShown,
    RefusalDelta,
    TextDelta,
    ToolCallBegan,
)
from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.messages import Role, Text
from baton.core.provider import ProviderSpec
from baton.core.request import ChatRequest
from baton.quality.output import Output, output_of
from baton.quality.task import Task, task_of
from baton.upstream.dialects.anthropic.requests import read_request as read_messages
from baton.upstream.dialects.codec import NotAnAnswer
from baton.upstream.dialects.google.requests import read_request as read_generation
from baton.upstream.dialects.openai.requests import read_request as read_chat
from baton.upstream.dialects.registry import CODECS
from baton.upstream.dialects.responses.requests import read_request as read_responses
from baton.upstream.dialects.sse import SseReader
from baton.upstream.directory import declared

_READERS: dict[Dialect, Callable[[bytes], ChatRequest]] = {
    Dialect.OPENAI: read_chat,
    Dialect.OPENAI_RESPONSES: read_responses,
    Dialect.ANTHROPIC: read_messages,
}


class Answered(Struct, frozen=True):
    """A recorded question and its answer."""

    id: str
    task: Task
    output: Output


def answered() -> Iterator[Answered]:
    """Every recorded chat that was answered, and that Baton can read."""
    specs = {spec.name: spec for spec in declared()}
    by_dialect = {spec.dialect: spec for spec in declared()}
    for exchange in exchanges(lambda one: one.dialect is not None and one.status == 200):
        assert exchange.dialect is not None
        spec = specs.get(exchange.provider)
        if spec is None or spec.dialect is not exchange.dialect:
            spec = by_dialect.get(exchange.dialect, specs["openai"])
        try:
            task = task_of(_request(exchange, exchange.dialect))
            output = _output(exchange, exchange.dialect, spec)
        except (Invalid, NotAnAnswer):
            continue
        yield Answered(exchange.id, task, output)


def earlier() -> Iterator[Answered]:
    """What assistants said before, as recorded requests repeat it; each text once, and none of the answers.

    Some are models' own, some were written by whoever recorded them; all are taken to be whole.
    """
    known = {each.output.text.strip() for each in answered()}
    for exchange in exchanges(lambda one: one.dialect is not None):
        assert exchange.dialect is not None
        try:
            request = _request(exchange, exchange.dialect)
        except Invalid:
            continue
        asked = ""
        for message in request.messages:
            if message.role is Role.USER:
                asked = message.text or asked
            elif message.role is Role.ASSISTANT and message.text.strip() not in ("", *known):
                known.add(message.text.strip())
                more = not all(isinstance(part, Text) for part in message.parts)
                output = Output(text=message.text, finish=Finish.STOP, more=more)
                yield Answered(exchange.id, Task(asked=asked), output)


def _request(exchange: Exchange, dialect: Dialect) -> ChatRequest:
    body = json.dumps(exchange.request, ensure_ascii=False).encode()
    if dialect is Dialect.GOOGLE:
        return read_generation(body, exchange.model, stream=exchange.streamed)
    return _READERS[dialect](body)


def _output(exchange: Exchange, dialect: Dialect, spec: ProviderSpec) -> Output:
    codec = CODECS[dialect]
    if not exchange.streamed:
        return output_of(codec.read_answer(exchange.body, spec))
    text: list[str] = []
    refusal: list[str] = []
    finish = None
    more = False
    reader = codec.reader(spec)
    for event in SseReader().feed(exchange.body):
        for said in reader.read(event):
            match said:
                case TextDelta(choice=0):
                    text.append(said.text)
                case RefusalDelta(choice=0):
                    refusal.append(said.text)
                case Finished(choice=0):
                    finish = said.finish
                case ToolCallBegan(choice=0) | MediaShown(choice=0) | ForeignDelta(choice=0):
                    more = True
                case _:
                    pass
    return Output(text="".join(text), finish=finish, refusal="".join(refusal), more=more)
