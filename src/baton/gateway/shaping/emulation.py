"""Structured output from models that do not promise it: a forced tool, or an instruction.

What comes is validated here, and repaired once at most: the model is shown what is wrong and asked again.
"""

import re

import msgspec
from msgspec import Raw, Struct, structs

from baton.core.answer import ChatResponse, Choice, Finish
from baton.core.dialect import Dialect
from baton.core.messages import Message, Part, Reasoning, Refusal, Role, Text, ToolCall
from baton.core.provider import ProviderSpec, SchemaForm
from baton.core.request import ChatRequest, Envelope, FormatKind, ResponseFormat, Tool, ToolChoice, ToolMode
from baton.gateway.shaping.validity import Validity
from baton.upstream.dialects.wire import as_object

_NAME = "answer"
_FENCE = "```"
_FENCE_BEGINS = re.compile(r"```\w*\s*")
_JUDGED = frozenset({Finish.STOP, Finish.TOOL_CALLS, Finish.OTHER, None})
"""Answers that ended otherwise are cut off or taken away: their caller is told so by the finish."""


class Emulation(Struct, frozen=True, kw_only=True):
    """One request for an answer true to a schema, put to a model that knows no schemas."""

    request: ChatRequest
    wish: ResponseFormat
    schema: Raw
    form: SchemaForm
    tool: str
    """The name of the tool whose arguments are the answer."""
    validity: Validity

    def asked(self) -> ChatRequest:
        """The request as the model gets it."""
        if self.form is SchemaForm.TOOL:
            tool = Tool(name=self.tool, description=self._purpose(), schema=self.schema)
            choice = ToolChoice(mode=ToolMode.NAMED, names=(self.tool,))
            return structs.replace(self.request, tools=(tool,), tool_choice=choice, response_format=None)
        plain = ResponseFormat(kind=FormatKind.JSON_OBJECT) if self.form is SchemaForm.JSON_OBJECT else None
        told = Message(role=Role.SYSTEM, parts=(Text(text=self._instruction()),))
        # Behind the caller's own instructions, before the conversation.
        messages = self.request.messages
        first = next((at for at, message in enumerate(messages) if message.role not in _TOLD), len(messages))
        messages = (*messages[:first], told, *messages[first:])
        return structs.replace(self.request, messages=messages, response_format=plain)

    def asked_again(self, response: ChatResponse, problems: tuple[str, ...]) -> ChatRequest:
        """The request with what the model said before, and what is wrong with it."""
        again = self.asked()
        said = "\n".join(_said(choice, self.tool) for choice in response.choices[:1])
        complaint = "\n".join(
            ("That is not a valid answer.", *problems, "Answer again, with the corrected JSON alone.")
        )
        turns = (
            Message(role=Role.ASSISTANT, parts=(Text(text=said or "{}"),)),
            Message(role=Role.USER, parts=(Text(text=complaint),)),
        )
        return structs.replace(again, messages=(*again.messages, *turns))

    def read(self, response: ChatResponse) -> tuple[ChatResponse, tuple[str, ...]]:
        """The answer as the caller gets it, and what is wrong with it."""
        problems: list[str] = []
        choices: list[Choice] = []
        for choice in response.choices:
            if not self._is_judged(choice):
                choices.append(choice)
                continue
            text = _unfenced(_said(choice, self.tool))
            problems += self.validity.problems(text)
            thoughts = [part for part in choice.parts if isinstance(part, Reasoning)]
            parts: tuple[Part, ...] = (*thoughts, Text(text=text))
            choices.append(
                structs.replace(
                    choice, parts=parts, finish=Finish.STOP, native_finish=None, message_extras={}
                )
            )
        return structs.replace(response, choices=tuple(choices)), tuple(problems)

    def _is_judged(self, choice: Choice) -> bool:
        """Whether it is an answer: no call of one of the caller's own tools, no refusal, not cut off."""
        return choice.finish in _JUDGED and not any(
            isinstance(part, Refusal) or (isinstance(part, ToolCall) and part.name != self.tool)
            for part in choice.parts
        )

    def _purpose(self) -> str:
        return self.wish.description or "Gives the answer. Call it with the whole of it."

    def _instruction(self) -> str:
        purpose = f" {self.wish.description}" if self.wish.description else ""
        return (
            "Answer with one JSON value and nothing else: no words around it, no code fence."
            f"{purpose} It must be valid against this JSON Schema:\n{bytes(self.schema).decode()}"
        )


_TOLD = frozenset({Role.SYSTEM, Role.DEVELOPER})


def emulation(envelope: Envelope, spec: ProviderSpec, model: str) -> Emulation | None:
    """How a wish for an answer true to a schema is met where the model does not meet it by itself.

    None: there is no such wish, or the model promises it.

    Raises:
        Invalid: the request cannot be read, or its schema is none.
    """
    if "json" not in envelope.needs:
        return None
    form = spec.schema_form(model)
    if form is SchemaForm.NATIVE and (not spec.only_objects or spec.speaks(envelope.dialect)):
        return None
    request = envelope.open()
    wish = request.response_format
    if wish is None or wish.kind is not FormatKind.JSON_SCHEMA or wish.schema is None:
        return None
    if not _is_object(wish.schema):  # of a list, say, as Google's SDK asks for
        form = SchemaForm.INSTRUCTION
    if form is SchemaForm.NATIVE:
        return None
    if form is SchemaForm.TOOL and request.tools:
        # A forced tool would keep the model from calling the caller's own.
        form = SchemaForm.INSTRUCTION
    return Emulation(
        request=structs.replace(request, stream=False, include_usage=False),
        wish=wish,
        schema=wish.schema,
        form=form,
        tool=wish.name or _NAME,
        validity=Validity(wish.schema),
    )


def put(envelope: Envelope, request: ChatRequest) -> Envelope:
    """The envelope of a request that Baton itself wrote: translated, answered whole, and taken apart."""

    def read(_: bytes) -> ChatRequest:
        return request

    return structs.replace(
        envelope, dialect=Dialect.NATIVE, stream=False, include_usage=False, read=read, write=None
    )


def _is_object(schema: Raw) -> bool:
    return as_object(msgspec.json.decode(schema)).get("type") == "object"


def _said(choice: Choice, tool: str) -> str:
    """The answer in a choice: the tool's arguments, else its text."""
    for part in choice.parts:
        if isinstance(part, ToolCall) and part.name == tool:
            return part.arguments
    return "".join(part.text for part in choice.parts if isinstance(part, Text))


def _unfenced(text: str) -> str:
    """A text without the code fence that models like to put around JSON."""
    text = text.strip()
    if not text.startswith(_FENCE) or not text.endswith(_FENCE):
        return text
    first, _, rest = text.partition("\n")
    return rest.removesuffix(_FENCE).strip() if _FENCE_BEGINS.fullmatch(first) else text
