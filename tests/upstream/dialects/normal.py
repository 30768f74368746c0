"""What two conversations must have in common to mean the same: the reviewed table of what may differ.

`meant` and `heard` are what always holds. `without` takes out what one declared loss may change, and only
because that loss was noted: a change without a note fails, and so does a note without a declaration.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec import Raw, structs

from baton.core.answer import (
    Began,
    Cited,
    Finish,
    Finished,
    ForeignDelta,
    MediaShown,
    ReasoningDelta,
    ReasoningSigned,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    TextSigned,
    ToolCallBegan,
    ToolCallDelta,
    Used,
)
from baton.core.dialect import Dialect
from baton.core.losses import Feature
from baton.core.messages import (
    Citation,
    Foreign,
    Media,
    MediaKind,
    Message,
    Part,
    Reasoning,
    Refusal,
    Role,
    Signature,
    Text,
    ToolCall,
    ToolResult,
)
from baton.core.request import (
    ChatRequest,
    ForeignTool,
    FormatKind,
    ReasoningWish,
    ResponseFormat,
    Sampling,
    Showing,
    Tool,
    ToolChoice,
    ToolMode,
)
from baton.core.usage import Usage
from baton.upstream.dialects.codec import Codec

OF_RESULTS = "The result of the tool call "
"""How a line begins that tells which call's result is shown behind it."""

IN_WORDS = frozenset(
    {
        "Answer with a JSON object.",
        "Answer with a single JSON object and nothing else: no words around it, no code fence.",
    }
)
"""What a dialect is told whose JSON mode wants to be spoken of, or that has none."""

FILLING = ("", ".")
"""What a text is, white space aside, that stands where a dialect demands one and nothing was said."""

_KINDS = {
    Feature.IMAGE: MediaKind.IMAGE,
    Feature.AUDIO: MediaKind.AUDIO,
    Feature.DOCUMENT: MediaKind.DOCUMENT,
    Feature.VIDEO: MediaKind.VIDEO,
}
_BY_URL = {Feature.IMAGE_URL: MediaKind.IMAGE, Feature.DOCUMENT_URL: MediaKind.DOCUMENT}
_RANKS: dict[type, int] = {Reasoning: 0, Foreign: 1, Text: 2, Media: 3, Refusal: 4, ToolCall: 5}
_RULING = (Role.SYSTEM, Role.DEVELOPER)

Losses = Iterable[Feature]
Declared = Mapping[Feature, str]


# Requests


ALWAYS_STRICT = frozenset({Dialect.ANTHROPIC, Dialect.GOOGLE})
"""Dialects whose models keep to a schema of the answer whatever is said."""

RESTS_UNLESS_TOLD = frozenset({Dialect.ANTHROPIC})
"""Dialects whose models do not think unless told, and draw at a temperature of 1."""


NEVER_ASKED = frozenset({Dialect.OPENAI})
"""Dialects that cannot say whether thoughts shall be shown."""


def meant(request: ChatRequest, dialect: Dialect) -> ChatRequest:
    """A request without what may always differ after it was written in `dialect`.

    The provider's word for the model; the wish for usage, which is always asked for; the name of a schema;
    what is said by saying nothing (a free choice of tools, calls at once, one answer, a text); a choice where
    there is nothing to choose; JSON laid out otherwise.
    """
    form = request.response_format
    if form is not None:
        strict = None if dialect in ALWAYS_STRICT else form.strict or None
        form = structs.replace(form, name=None, schema=_same(form.schema), strict=strict)
    tools = tuple(
        structs.replace(tool, schema=_same(tool.schema), strict=tool.strict or None)
        if isinstance(tool, Tool)
        else tool
        for tool in request.tools
    )
    choice = _meant_choice(request.tool_choice) if tools else None
    calls = bool(tools) and (choice is None or choice.mode is not ToolMode.NONE)
    wish, drawn = request.reasoning, request.sampling
    if wish is not None and (wish.rests or dialect in NEVER_ASKED):
        wish = structs.replace(wish, show=Showing.NONE)
    nothing = [ReasoningWish(show=Showing.NONE)]
    if dialect in RESTS_UNLESS_TOLD:
        nothing += [structs.replace(nothing[0], effort="none"), structs.replace(nothing[0], budget_tokens=0)]
        drawn = structs.replace(drawn, temperature=None if drawn.temperature == 1 else drawn.temperature)
    return structs.replace(
        request,
        model="",
        dialect=Dialect.NATIVE,
        include_usage=False,
        messages=_meant_messages(request.messages),
        tools=tools,
        tool_choice=choice,
        parallel_tool_calls=False if calls and request.parallel_tool_calls is False else None,
        response_format=None if form == _PLAIN_TEXT else form,
        sampling=structs.replace(
            drawn,
            n=None if drawn.n == 1 else drawn.n,
            presence_penalty=drawn.presence_penalty or None,
            frequency_penalty=drawn.frequency_penalty or None,
            logprobs=drawn.logprobs or None,
            top_logprobs=drawn.top_logprobs or None if drawn.logprobs else None,
        ),
        reasoning=None if wish in nothing else wish,
    )


def _meant_choice(choice: ToolChoice | None) -> ToolChoice | None:
    """A choice; one tool that must be called is a named one."""
    if choice == ToolChoice(mode=ToolMode.AUTO):
        return None
    if choice and choice.mode is ToolMode.REQUIRED and len(choice.names) == 1:
        return structs.replace(choice, mode=ToolMode.NAMED)
    return choice


_PLAIN_TEXT = ResponseFormat(kind=FormatKind.TEXT)


def _meant_messages(messages: Iterable[Message]) -> tuple[Message, ...]:
    """Rules that stand side by side are one message, because some dialects have one field for them."""
    found = [_meant_message(message) for message in messages]
    found = [message for message in found if message.parts or message.role not in _RULING]
    merged: list[Message] = []
    for message in found:
        last = merged[-1] if merged else None
        if last and last == structs.replace(message, parts=last.parts) and last.role in _RULING:
            merged[-1] = structs.replace(last, parts=last.parts + message.parts)
        else:
            merged.append(message)
    return tuple(merged)


def _meant_message(message: Message) -> Message:
    return structs.replace(message, parts=_meant_parts(message.parts))


def _meant_parts(parts: Iterable[Part]) -> tuple[Part, ...]:
    return tuple(again for part in parts for again in _meant_part(part))


def _meant_part(part: Part) -> list[Part]:
    """A part without what says nothing: an empty text, the type of what stands elsewhere, the id of a thought
    that is there. A signature on a call or a text, and a thought in cipher, may stand as a thought of their
    own beside it."""
    match part:
        case Text():
            found = structs.replace(part, citations=tuple(map(_plain, part.citations)), signature=None)
            said: list[Part] = [] if found == Text(text="") else [found]
            return _seal(part.signature) + said
        case Media() if part.data is None:
            return [structs.replace(part, media_type=None)]
        case ToolResult():
            return [structs.replace(part, name=None, parts=_one_text(_meant_parts(part.parts)))]
        case ToolCall():
            call = structs.replace(part, arguments=_laid_out(part.arguments), signature=None)
            return [*_seal(part.signature), call]
        case Reasoning():
            signed = part.signature is not None or part.encrypted is not None
            kept = structs.replace(part, id=None if signed else part.id, encrypted=None)
            if not part.text:
                kept = structs.replace(kept, signature=None)
                return ([] if kept == Reasoning() else [kept]) + _seal(part.signature) + _seal(part.encrypted)
            return [kept, *_seal(part.encrypted)]
        case _:
            return [part]


def _seal(signature: Signature | None) -> list[Part]:
    return [] if signature is None else [Reasoning(encrypted=signature)]


def _one_text(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Texts of a result that stand side by side are lines of one text."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(last, Text) and isinstance(part, Text):
            joined[-1] = structs.replace(last, text=f"{last.text}\n{part.text}")
        else:
            joined.append(part)
    return tuple(joined)


def _plain(citation: Citation) -> Citation:
    return structs.replace(citation, origin=None, raw=None)


def _same(raw: Raw | None) -> Raw | None:
    return None if raw is None else Raw(json.dumps(json.loads(bytes(raw)), sort_keys=True).encode())


def _laid_out(arguments: str) -> str:
    """The arguments as any JSON writer would lay them out; what is no object stays."""
    return json.dumps(_object(arguments), sort_keys=True) if is_object(arguments) else arguments


def is_object(arguments: str) -> bool:
    """Whether arguments are what every dialect can say."""
    return isinstance(_object(arguments), dict)


def _object(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return None


def without(request: ChatRequest, lost: Losses, codec: Codec) -> ChatRequest:
    """The request without what the losses may have changed when `codec` wrote it."""
    noted = [feature for feature in Feature if feature in set(lost)]  # in the order of their declaration
    request = structs.replace(
        request,
        messages=_messages_without(request.messages, noted, codec.adjusts),
        sampling=_sampling_without(request.sampling, noted),
        tools=_tools_without(request.tools, noted),
    )
    for feature in noted:
        change = _OF_REQUESTS.get(feature)
        if change is not None:
            request = change(request)
    return meant(request, codec.dialect)


_OF_REQUESTS: dict[Feature, Callable[[ChatRequest], ChatRequest]] = {
    Feature.MAX_TOKENS: lambda request: structs.replace(request, max_tokens=None),
    Feature.USER: lambda request: structs.replace(request, user=None),
    Feature.TOOL_CHOICE: lambda request: structs.replace(request, tool_choice=None),
    Feature.ALLOWED_TOOLS: lambda request: structs.replace(
        request, tools=_allowed(request), tool_choice=None
    ),
    Feature.PARALLEL_TOOL_CALLS: lambda request: structs.replace(request, parallel_tool_calls=None),
    Feature.RESPONSE_FORMAT: lambda request: structs.replace(request, response_format=None),
    Feature.RESPONSE_SCHEMA: lambda request: _format_without(request, "schema"),
    Feature.SCHEMA_STRICT: lambda request: _format_without(request, "strict"),
    Feature.REASONING_EFFORT: lambda request: structs.replace(request, reasoning=None),
    Feature.REASONING_BUDGET: lambda request: structs.replace(request, reasoning=None),
    Feature.REASONING_SHOWN: lambda request: structs.replace(
        request, reasoning=request.reasoning and structs.replace(request.reasoning, show=Showing.NONE)
    ),
    Feature.UNKNOWN_FIELDS: lambda request: structs.replace(request, extras={}, unread=()),
}


def _allowed(request: ChatRequest) -> tuple[Tool | ForeignTool, ...]:
    """The tools that the choice leaves, for a dialect that offers no others."""
    names = () if request.tool_choice is None else request.tool_choice.names
    return tuple(
        tool for tool in request.tools if not names or not isinstance(tool, Tool) or tool.name in names
    )


def _format_without(request: ChatRequest, name: str) -> ChatRequest:
    form = request.response_format
    if form is None:
        return request
    return structs.replace(request, response_format=structs.replace(form, **{name: None}))


def _sampling_without(sampling: Sampling, noted: list[Feature]) -> Sampling:
    for feature in noted:
        if feature is Feature.STOP:
            sampling = structs.replace(sampling, stop=())
        elif feature is Feature.LOGPROBS:
            sampling = structs.replace(sampling, logprobs=None, top_logprobs=None)
        elif feature.value in Sampling.__struct_fields__:
            sampling = structs.replace(sampling, **{feature.value: None})
    return sampling


def _tools_without(tools: tuple[Tool | ForeignTool, ...], noted: list[Feature]) -> tuple[Any, ...]:
    names = {Feature.TOOL_SCHEMA: "schema", Feature.TOOL_STRICT: "strict", Feature.CACHE_MARKS: "cache_mark"}
    lost = {name: None for feature, name in names.items() if feature in noted}
    kept = [tool for tool in tools if isinstance(tool, Tool) or Feature.SERVER_TOOLS not in noted]
    return tuple(structs.replace(tool, **lost) if isinstance(tool, Tool) else tool for tool in kept)


def _unprompted(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """What was said, without what a dialect adds about JSON."""
    return tuple(part for part in parts if not (isinstance(part, Text) and part.text in IN_WORDS))


def _messages_without(
    messages: tuple[Message, ...], noted: list[Feature], adjusts: Declared
) -> tuple[Message, ...]:
    taker = Parts(noted, adjusts)
    found: list[Message] = []
    for message in messages:
        message = structs.replace(message, parts=taker.without(message.parts))
        found += _shown_behind(message) if Feature.TOOL_RESULT_MEDIA in noted else [message]
    if Feature.RESPONSE_FORMAT in noted:
        told = [(message, _unprompted(message.parts)) for message in found]
        found = [
            structs.replace(message, parts=parts) for message, parts in told if parts or not message.parts
        ]
    if Feature.UNKNOWN_FIELDS in noted:
        found = [structs.replace(message, extras={}) for message in found]
    if Feature.MESSAGE_NAME in noted:
        found = [structs.replace(message, name=None) for message in found]
    if Feature.DEVELOPER_ROLE in noted:
        found = [
            structs.replace(message, role=Role.SYSTEM) if message.role is Role.DEVELOPER else message
            for message in found
        ]
    if Feature.TOOL_CALL_ID in noted:
        found = _numbered(found)
    if Feature.SYSTEM_POSITION in noted:
        found.sort(key=lambda message: message.role not in _RULING)
        if all(message.role in _RULING for message in found):
            found = [structs.replace(message, role=Role.USER) for message in found]
    found = list(_meant_messages(found))
    if (
        Feature.REASONING in noted or Feature.REASONING_SIGNATURE in noted
    ):  # also what stood on a call or text
        found = [structs.replace(message, parts=_thoughtless(message.parts)) for message in found]
    if Feature.EMPTY_CONTENT in noted:
        found = [structs.replace(message, parts=_without_filling(message.parts)) for message in found]
    if Feature.EMPTY_CONTENT in noted or Feature.TOOL_RESULT_MEDIA in noted:
        found = [message for message in found if message.parts]
    return tuple(_merged(found) if Feature.ALTERNATION in noted else found)


def _thoughtless(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    return tuple(part for part in parts if not isinstance(part, Reasoning))


def _without_filling(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """Without what stands where something must."""
    return tuple(part for part in parts if not (isinstance(part, Text) and part.text.strip() in FILLING))


def _shown_behind(message: Message) -> list[Message]:
    """Results, and what they show in a user's message behind them; the lines that tell of it left out."""
    if message.role is not Role.TOOL:
        told = [
            part
            for part in message.parts
            if not (isinstance(part, Text) and part.text.startswith(OF_RESULTS))
        ]
        return [structs.replace(message, parts=tuple(told))]
    shown: list[Part] = []
    results: list[Part] = []
    for result in message.parts:
        assert isinstance(result, ToolResult)
        shown += [part for part in result.parts if isinstance(part, Media)]
        told = tuple(part for part in result.parts if not isinstance(part, Media))
        results.append(structs.replace(result, parts=told))
    return [structs.replace(message, parts=tuple(results)), Message(role=Role.USER, parts=tuple(shown))]


def _merged(messages: list[Message]) -> list[Message]:
    merged: list[Message] = []
    for message in messages:
        if merged and merged[-1].role is message.role:
            merged[-1] = structs.replace(merged[-1], parts=merged[-1].parts + message.parts)
        else:
            merged.append(message)
    return merged


def _numbered(messages: list[Message]) -> list[Message]:
    """With ids of calls that count them: call and result still agree."""
    numbers: dict[str, str] = {}

    def number(part: Part) -> Part:
        if isinstance(part, ToolCall):
            return structs.replace(part, id=numbers.setdefault(part.id, str(len(numbers))))
        if isinstance(part, ToolResult):
            return structs.replace(part, call_id=numbers.setdefault(part.call_id, str(len(numbers))))
        return part

    return [structs.replace(message, parts=tuple(map(number, message.parts))) for message in messages]


# Parts


class Parts:
    """Takes out of parts what the noted losses may have changed."""

    def __init__(self, noted: Losses, adjusts: Declared) -> None:
        self._noted = set(noted)
        self._adjusts = adjusts

    def without(self, parts: Iterable[Part]) -> tuple[Part, ...]:
        """The parts that are left; in the order of their kinds where the order was lost."""
        kept = [again for part in parts if (again := self._without(part)) is not None]
        if Feature.PART_ORDER in self._noted:
            kept.sort(key=lambda part: _RANKS.get(type(part), 6))
        return tuple(kept)

    def _without(self, part: Part) -> Part | None:
        noted = self._noted
        match part:
            case Foreign():
                return None if Feature.FOREIGN_PARTS in noted else part
            case Reasoning():
                signed = part.signature or part.encrypted or part.id or part.details
                lost = Feature.REASONING in noted or (signed and Feature.REASONING_SIGNATURE in noted)
                return None if lost or Feature.REASONING_SIGNATURE in noted else part
            case Refusal() if Feature.REFUSAL in noted:
                return Text(text=part.text) if Feature.REFUSAL in self._adjusts else None
            case Text():
                return self._text(part)
            case Media():
                return self._media(part)
            case ToolCall():
                return self._call(part)
            case ToolResult():
                return self._result(part)
            case _:
                return part

    def _text(self, text: Text) -> Text:
        if Feature.CITATIONS in self._noted:
            text = structs.replace(text, citations=())
        if Feature.REASONING_SIGNATURE in self._noted:
            text = structs.replace(text, signature=None)
        return structs.replace(text, cache_mark=self._mark(text.cache_mark))

    def _mark(self, mark: Raw | None) -> Raw | None:
        return None if Feature.CACHE_MARKS in self._noted else mark

    def _media(self, media: Media) -> Media | Text | None:
        noted = self._noted
        if Feature.DOCUMENT in noted and media.data and (media.media_type or "").startswith("text/"):
            return Text(text=base64.b64decode(media.data).decode(), cache_mark=self._mark(media.cache_mark))
        if any(feature in noted and media.kind is kind for feature, kind in _KINDS.items()):
            return None
        if any(feature in noted and media.kind is kind and media.url for feature, kind in _BY_URL.items()):
            return None
        if media.file_id is not None and Feature.FILE_ID in noted:
            return None
        if Feature.MEDIA_NAME in noted:
            media = structs.replace(media, name=None)
        if Feature.IMAGE_DETAIL in noted:
            media = structs.replace(media, detail=None)
        if Feature.REASONING_SIGNATURE in noted:
            media = structs.replace(media, signature=None)
        return structs.replace(media, cache_mark=self._mark(media.cache_mark))

    def _call(self, call: ToolCall) -> ToolCall:
        if Feature.TOOLS in self._noted and (not is_object(call.arguments) or "_raw" in call.arguments):
            call = structs.replace(call, arguments="")
        if Feature.REASONING_SIGNATURE in self._noted:
            call = structs.replace(call, signature=None)
        return structs.replace(call, cache_mark=self._mark(call.cache_mark))

    def _result(self, result: ToolResult) -> ToolResult:
        if Feature.TOOL_RESULT_ERROR in self._noted:
            result = structs.replace(result, is_error=False)
        mark = self._mark(result.cache_mark)
        return structs.replace(result, parts=self.without(result.parts), cache_mark=mark)


# Answers


@dataclass
class Heard:
    """What somebody has heard of an answer, whole or as a stream: texts and thoughts in one piece each, and
    citations that count from the first text."""

    id: str = ""
    model: str = ""
    created: int = 0
    said: dict[int, list[Part]] = field(default_factory=dict[int, list[Part]])
    ends: dict[int, Finish] = field(default_factory=dict[int, Finish])
    usage: Usage | None = None


def heard(events: Iterable[StreamEvent]) -> Heard:
    """The whole of a stream."""
    whole = Heard()
    calls: dict[tuple[int, int], int] = {}
    open_thoughts: set[int] = set()
    for event in events:
        parts = whole.said.setdefault(getattr(event, "choice", 0), [])
        last = parts[-1] if parts else None
        match event:
            case Began():
                whole.id, whole.model, whole.created = event.id, event.model, event.created
            case TextDelta() if isinstance(last, Text) and last.signature is None:
                parts[-1] = structs.replace(last, text=last.text + event.text)
            case TextDelta():
                parts.append(Text(text=event.text))
            case ReasoningDelta() if isinstance(last, Reasoning) and event.choice in open_thoughts:
                parts[-1] = structs.replace(last, text=last.text + event.text)
            case ReasoningDelta():
                open_thoughts.add(event.choice)
                parts.append(Reasoning(text=event.text))
            case ReasoningSigned():
                text = ""
                if isinstance(last, Reasoning) and event.choice in open_thoughts:
                    text = last.text
                    parts.pop()
                parts.append(
                    Reasoning(
                        text=text,
                        signature=event.signature,
                        encrypted=event.encrypted,
                        id=event.id,
                        details=event.details,
                    )
                )
            case TextSigned() if isinstance(last, Text):
                parts[-1] = structs.replace(last, signature=event.signature)
            case TextSigned():
                parts.append(Text(text="", signature=event.signature))
            case Cited():
                _cite(parts, event.citation)
            case MediaShown():
                parts.append(event.media)
            case RefusalDelta() if isinstance(last, Refusal):
                parts[-1] = Refusal(text=last.text + event.text)
            case RefusalDelta():
                parts.append(Refusal(text=event.text))
            case ToolCallBegan():
                calls[event.choice, event.index] = len(parts)
                parts.append(
                    ToolCall(
                        id=event.id,
                        name=event.name,
                        arguments="",
                        kind=event.kind,
                        signature=event.signature,
                    )
                )
            case ToolCallDelta():
                at = calls[event.choice, event.index]
                call = parts[at]
                assert isinstance(call, ToolCall)
                parts[at] = structs.replace(call, arguments=call.arguments + event.arguments)
            case ForeignDelta():
                parts += [
                    Foreign(dialect=event.dialect, kind=kind, raw=raw) for kind, raw in event.fields.items()
                ]
            case Finished():
                whole.ends[event.choice] = event.finish
            case Used():
                whole.usage = event.usage
            case _:
                pass
        if not isinstance(event, ReasoningDelta):
            open_thoughts.discard(getattr(event, "choice", 0))
    return whole


def _cite(parts: list[Part], citation: Citation) -> None:
    """A citation stands on the last text; on an empty one where there is none yet."""
    for at in range(len(parts) - 1, -1, -1):
        part = parts[at]
        if isinstance(part, Text):
            parts[at] = structs.replace(part, citations=(*part.citations, citation))
            return
    parts.append(Text(text="", citations=(citation,)))


def heard_without(whole: Heard, lost: Losses, codec: Codec) -> Heard:
    """What was heard without what the losses may have changed."""
    noted = set(lost)
    parts = Parts(noted, codec.adjusts)
    told = {
        choice: _behind_refusals(found) if Feature.REFUSAL in noted else found
        for choice, found in whole.said.items()
    }
    said = {choice: list(_meant_parts(_joined(parts.without(found)))) for choice, found in told.items()}
    if Feature.TOOL_CALL_ID in noted:
        said = _renumbered(said)
    said = {choice: _joined(found) for choice, found in said.items()}
    ends = dict(whole.ends)
    if Feature.N in noted:
        said, ends = {0: said.get(0, [])}, {choice: end for choice, end in ends.items() if choice == 0}
    return Heard(
        id=whole.id,
        model=whole.model,
        created=whole.created,
        said={choice: found for choice, found in said.items() if found},
        ends={} if Feature.FINISH in noted else ends,
        usage=None if Feature.USAGE_DETAILS in noted else whole.usage,
    )


def _behind_refusals(parts: list[Part]) -> list[Part]:
    """Citations count the words of a refusal before their text as well, once these are text."""
    chars = 0
    moved: list[Part] = []
    for part in parts:
        if isinstance(part, Refusal):
            chars += len(part.text)
        elif isinstance(part, Text):
            part = structs.replace(part, citations=tuple(each.moved(chars) for each in part.citations))
        moved.append(part)
    return moved


def _renumbered(said: dict[int, list[Part]]) -> dict[int, list[Part]]:
    messages = _numbered([Message(role=Role.ASSISTANT, parts=tuple(found)) for found in said.values()])
    return {choice: list(message.parts) for choice, message in zip(said, messages, strict=True)}


def _joined(parts: Iterable[Part]) -> list[Part]:
    """Texts that stand side by side are one text; so is a plain thought with what was thought next, or what
    was put on it."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        match last, part:
            case Text(signature=None), Text():
                joined[-1] = structs.replace(
                    part, text=last.text + part.text, citations=last.citations + part.citations
                )
            case Reasoning(), Reasoning() if last == Reasoning(text=last.text) and part.text:
                joined[-1] = structs.replace(part, text=last.text + part.text)
            case Reasoning(), Reasoning(text="", encrypted=Signature()) if last == Reasoning(text=last.text):
                joined[-1] = structs.replace(last, signature=part.encrypted)
            case Refusal(), Refusal():
                joined[-1] = Refusal(text=last.text + part.text)
            case _:
                joined.append(part)
    return joined
