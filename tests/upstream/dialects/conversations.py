"""Made-up conversations in the core's normal form (`docs/translation.md`): requests, answers, streams.

Everything that a caller of one dialect may say to a provider of another: `source` is the caller's dialect, or
the answering provider's. Its own parts, tools and fields are `Foreign`; signatures may be anybody's.
"""

import base64
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import Raw, structs

from baton.core.answer import (
    Began,
    ChatResponse,
    Choice,
    Ended,
    Finish,
    ReasoningDelta,
    RefusalDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    Used,
)
from baton.core.dialect import Dialect
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
from baton.upstream.dialects.retelling import stream_of

SPOKEN = tuple(dialect for dialect in Dialect if dialect is not Dialect.NATIVE)

_WORDS = st.text(
    st.sampled_from("abcxyz ABC .,!?\"'\\/{}[]<>&%\n\t äöü€日本🙂\u2028"), min_size=1, max_size=12
).filter(str.strip)
_NAMES = st.sampled_from(
    [
        "get_weather",
        "add",
        "search-web",
        "f",
        "lookup_2",
        "files.read",
        "files:read",
        "files_read",
        "2fa",
        "-v",
        "wetter für",
        "mcp__server__" + "x" * 52,
        "mcp__server__" + "long_" * 22,
        "mcp__server__" + "long_" * 28,
    ]
)
"""Some of which no dialect takes, or not every."""
_RAW = st.sampled_from([Raw(b"1"), Raw(b'"x"'), Raw(b'{"a":[1,2]}'), Raw(b"true")])
_MARK = Raw(b'{"type":"ephemeral"}')
_BYTES = base64.b64encode(b"\x89PNG some bytes").decode()
_SEEN = {
    MediaKind.IMAGE: ("image/png", "image/jpeg", "image/webp"),
    MediaKind.AUDIO: ("audio/wav", "audio/mpeg", "audio/ogg"),
    MediaKind.DOCUMENT: ("application/pdf", "text/plain"),
    MediaKind.VIDEO: ("video/mp4",),
}
_SCHEMAS = st.sampled_from(
    [
        {"type": "object", "properties": {}},
        {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        {
            "type": "object",
            "properties": {"n": {"type": "integer", "minimum": 0}, "kind": {"enum": ["a", "b"]}},
            "required": ["n", "kind"],
            "additionalProperties": False,
        },
        {"type": "object", "properties": {"xs": {"type": "array", "items": {"type": ["string", "null"]}}}},
    ]
).map(lambda schema: Raw(msgspec.json.encode(schema)))
_ARGUMENTS = st.sampled_from(
    [
        "{}",
        '{"city":"Paris"}',
        '{"city": "Zürich", "n": [1, 2.5, null]}',
        '{"a":{"b":"\\n"}}',
        '{"half',
        "[1]",
    ]
)


def rarely(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The value in one case of four, else None."""
    return st.integers(0, 3).flatmap(lambda dice: strategy if dice == 3 else st.none())


def signatures() -> st.SearchStrategy[Signature]:
    """Anybody's."""
    values = st.sampled_from(["c2lnbmF0dXJl", "RXBvY2g=", "Z9/+zw=="])
    return st.builds(
        lambda origin, value: Signature(origin=origin, value=value), st.sampled_from(SPOKEN), values
    )


def citations(length: int) -> st.SearchStrategy[Citation]:
    """Of a text of so many characters."""

    def build(url: str | None, title: str | None, quote: str | None, span: bool) -> Citation:
        start, end = (0, length) if span else (None, None)
        return Citation(url=url, title=title, quote=quote, start=start, end=end)

    urls = st.sampled_from(["https://example.com/a", "https://example.com/b?c=d", None])
    return st.builds(build, urls, rarely(_WORDS), rarely(_WORDS), st.booleans())


@st.composite
def texts(draw: st.DrawFn, *, cited: bool = False, signed: bool = False, marked: bool = True) -> Text:
    """A text, at times an empty one."""
    text = draw(st.one_of(_WORDS, _WORDS, _WORDS, st.just("")))
    return Text(
        text=text,
        cache_mark=draw(rarely(st.just(_MARK))) if marked and text else None,
        citations=tuple(draw(st.lists(citations(len(text)), max_size=2))) if cited and text else (),
        signature=draw(rarely(signatures())) if signed and text else None,
    )


@st.composite
def media(draw: st.DrawFn, kinds: tuple[MediaKind, ...] = tuple(MediaKind), *, marked: bool = True) -> Media:
    """By data, by URL, or by a file's id."""
    kind = draw(st.sampled_from(kinds))
    media_type = draw(st.sampled_from(_SEEN[kind]))
    shown: dict[str, Any] = {
        "data": {"data": _BYTES, "media_type": media_type},
        "url": {"url": "https://example.com/file", "media_type": media_type},
        "file": {"file_id": "file-1234"},
    }[draw(st.sampled_from(["data", "data", "url", "file"]))]
    if media_type.startswith("text/") and "data" in shown:
        shown["data"] = base64.b64encode("plain tëxt".encode()).decode()
    return Media(
        kind=kind,
        name=draw(rarely(st.just("a name.pdf"))),
        detail=draw(rarely(st.sampled_from(["low", "high"]))) if kind is MediaKind.IMAGE else None,
        cache_mark=draw(rarely(st.just(_MARK))) if marked else None,
        **shown,
    )


@st.composite
def thoughts(draw: st.DrawFn) -> Reasoning:
    """Plain, signed, in cipher, or both summed up and in cipher."""
    text = draw(_WORDS)
    match draw(st.integers(0, 3)):
        case 0:
            return Reasoning(text=text)
        case 1:
            return Reasoning(text=text, signature=draw(signatures()))
        case 2:
            return Reasoning(encrypted=draw(signatures()))
        case _:
            return Reasoning(text=text, encrypted=draw(signatures()), id="rs_1")


def _foreign(source: Dialect) -> Foreign:
    return Foreign(dialect=source, kind="server_step", raw=Raw(b'{"type":"server_step","a":1}'))


@st.composite
def said(draw: st.DrawFn, source: Dialect, call_ids: list[str], *, answers: bool = False) -> tuple[Part, ...]:
    """What a model says: thoughts, texts, calls; in this order, or in any."""
    parts: list[Part] = list(draw(st.lists(thoughts(), max_size=2)))
    parts += draw(st.lists(texts(cited=True, signed=True, marked=not answers), max_size=2))
    if draw(rarely(st.just(1))):
        parts.append(draw(media((MediaKind.IMAGE, MediaKind.AUDIO), marked=False)))
    if draw(rarely(st.just(1))):
        parts.append(_foreign(source))
    if draw(rarely(st.just(1))):
        parts.append(Refusal(text=draw(_WORDS)))
    for call_id in call_ids:
        parts.append(
            ToolCall(
                id=call_id,
                name=draw(_NAMES),
                arguments=draw(_ARGUMENTS),
                signature=draw(rarely(signatures())),
            )
        )
    return tuple(draw(st.permutations(parts))) if draw(st.integers(0, 5)) == 5 else tuple(parts)


def _call_ids(number: int) -> st.SearchStrategy[list[str]]:
    """Ids that no other turn has: usual ones, long ones, ones of strange letters."""
    forms = st.sampled_from(["call_{}", "toolu_01{}abc", "call_{}_" + "x" * 60, "a|b:{}/c"])
    return st.lists(forms, max_size=3).map(
        lambda found: [form.format(f"{number}{at}") for at, form in enumerate(found)]
    )


@st.composite
def _results(draw: st.DrawFn, call: ToolCall) -> ToolResult:
    shown = media((MediaKind.IMAGE, MediaKind.DOCUMENT), marked=False)
    parts = draw(st.lists(st.one_of(texts(marked=False), texts(marked=False), shown), max_size=2))
    return ToolResult(
        call_id=call.id,
        parts=tuple(parts),
        name=call.name,
        is_error=draw(st.booleans()),
        cache_mark=draw(rarely(st.just(_MARK))),
    )


@st.composite
def _asking(draw: st.DrawFn, role: Role) -> Message:
    kinds = st.one_of(texts(), texts(), media()) if role is Role.USER else texts()
    return Message(
        role=role,
        parts=tuple(draw(st.lists(kinds, min_size=int(role is not Role.USER), max_size=3))),
        name=draw(rarely(st.just("Ann"))),
        extras=draw(rarely(st.just({"x_said": Raw(b"1")}))) or {},
    )


@st.composite
def conversations(draw: st.DrawFn, source: Dialect) -> tuple[Message, ...]:
    """System messages, questions, answers, calls with their results; ends with a question or results."""
    ruling = st.sampled_from([Role.SYSTEM, Role.DEVELOPER])
    messages: list[Message] = [draw(_asking(draw(ruling))) for _ in range(draw(st.integers(0, 2)))]
    for number in range(draw(st.integers(0, 2))):
        messages += draw(st.lists(_asking(Role.USER), min_size=int(number == 0), max_size=2))
        if draw(rarely(st.just(1))):
            messages.append(draw(_asking(draw(ruling))))
        parts = draw(said(source, draw(_call_ids(number))))
        messages.append(Message(role=Role.ASSISTANT, parts=parts))
        calls = [part for part in parts if isinstance(part, ToolCall)]
        if calls:
            results = tuple(draw(_results(call)) for call in calls)
            messages.append(Message(role=Role.TOOL, parts=results))
    if not messages or messages[-1].role is not Role.TOOL or draw(st.booleans()):
        messages.append(draw(_asking(Role.USER)))
    return tuple(messages)


@st.composite
def _tools(draw: st.DrawFn, source: Dialect) -> tuple[Tool | ForeignTool, ...]:
    names = draw(st.lists(_NAMES, max_size=3, unique=True))
    tools: list[Tool | ForeignTool] = [
        Tool(
            name=name,
            description=draw(rarely(_WORDS)),
            schema=draw(_SCHEMAS),
            strict=draw(rarely(st.booleans())),
            cache_mark=draw(rarely(st.just(_MARK))),
        )
        for name in names
    ]
    if draw(rarely(st.just(1))):
        raw = Raw(b'{"type":"web_search_x","name":"web"}')
        tools.append(ForeignTool(dialect=source, type="web_search_x", raw=raw))
    return tuple(tools)


@st.composite
def _choices(draw: st.DrawFn, tools: tuple[Tool | ForeignTool, ...]) -> ToolChoice | None:
    names = [tool.name for tool in tools if isinstance(tool, Tool)]
    modes = [ToolMode.AUTO, ToolMode.NONE] + ([ToolMode.REQUIRED, ToolMode.NAMED] if names else [])
    mode = draw(rarely(st.sampled_from(modes)))
    if mode is None:
        return None
    if mode is ToolMode.NAMED:
        return ToolChoice(mode=mode, names=(draw(st.sampled_from(names)),))
    allowed = mode is not ToolMode.NONE and names and draw(st.booleans())
    return ToolChoice(mode=mode, names=tuple(names[:1]) if allowed else ())


@st.composite
def _formats(draw: st.DrawFn) -> ResponseFormat:
    kind = draw(st.sampled_from(FormatKind))
    if kind is not FormatKind.JSON_SCHEMA:
        return ResponseFormat(kind=kind)
    return ResponseFormat(
        kind=kind,
        name=draw(rarely(st.just("trip"))),
        description=draw(rarely(_WORDS)),
        schema=draw(_SCHEMAS),
        strict=draw(rarely(st.booleans())),
    )


def _sampling() -> st.SearchStrategy[Sampling]:
    return st.builds(
        Sampling,
        temperature=rarely(st.sampled_from([0.0, 0.3, 1.0, 1.5, 2.0, 3.0])),
        top_p=rarely(st.sampled_from([0.1, 0.95, 1.0])),
        top_k=rarely(st.integers(1, 100)),
        seed=rarely(st.integers(0, 2**31 - 1)),
        stop=st.lists(
            st.sampled_from(["END", "\n\nHuman:", "stop", "1", "2", "3"]), max_size=6, unique=True
        ).map(tuple),
        presence_penalty=rarely(st.sampled_from([-1.0, 0.5])),
        frequency_penalty=rarely(st.sampled_from([-1.0, 0.5])),
        n=rarely(st.integers(1, 3)),
        logprobs=rarely(st.booleans()),
        top_logprobs=rarely(st.integers(0, 5)),
        logit_bias=rarely(st.just(Raw(b'{"50256":-100}'))),
    )


def _wishes() -> st.SearchStrategy[ReasoningWish]:
    efforts = st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "max"])
    budgets = st.sampled_from([0, 1024, 5000, 24576, 100_000, -1])
    amounts = st.one_of(
        efforts.map(lambda effort: ReasoningWish(effort=effort)),
        budgets.map(lambda tokens: ReasoningWish(budget_tokens=tokens)),
        st.just(ReasoningWish()),
    )
    return st.builds(
        lambda amount, show: structs.replace(amount, show=show), amounts, st.sampled_from(Showing)
    )


@st.composite
def requests(draw: st.DrawFn, target: Dialect) -> ChatRequest:
    """A request of a caller who speaks another dialect than `target`."""
    source = draw(st.sampled_from([dialect for dialect in SPOKEN if dialect is not target]))
    tools = draw(_tools(source))
    return ChatRequest(
        model="some-model",
        messages=draw(conversations(source)),
        tools=tools,
        tool_choice=draw(_choices(tools)),
        parallel_tool_calls=draw(rarely(st.booleans())),
        response_format=draw(rarely(_formats())),
        sampling=draw(_sampling()),
        max_tokens=draw(rarely(st.integers(1, 4000))),
        reasoning=draw(rarely(_wishes())),
        stream=draw(st.booleans()),
        user=draw(rarely(st.just("user-1"))),
        dialect=source,
        extras=draw(rarely(st.just({"x_top": Raw(b"1")}))) or {},
        unread=draw(rarely(st.just(("messages[0].content[0].x",)))) or (),
    )


@st.composite
def _usages(draw: st.DrawFn) -> Usage:
    prompt, completion = draw(st.integers(0, 5000)), draw(st.integers(0, 5000))
    cached = draw(st.integers(0, prompt))
    return Usage(
        prompt=prompt,
        completion=completion,
        cached=cached,
        cache_write=draw(rarely(st.integers(0, prompt - cached))) or 0,
        reasoning=draw(rarely(st.integers(0, completion))) or 0,
    )


@st.composite
def responses(draw: st.DrawFn, target: Dialect) -> ChatResponse:
    """An answer of a provider that speaks another dialect than `target`."""
    source = draw(st.sampled_from([dialect for dialect in SPOKEN if dialect is not target]))
    choices: list[Choice] = []
    for index in range(draw(st.sampled_from([1, 1, 1, 2]))):
        call_ids = draw(_call_ids(index))
        finish = st.just(Finish.TOOL_CALLS) if call_ids else st.sampled_from(Finish)
        choices.append(
            Choice(
                index=index,
                parts=draw(said(source, call_ids, answers=True)),
                finish=draw(finish),
                native_finish=draw(rarely(st.just("its_own_word"))),
                logprobs=draw(rarely(st.just(Raw(b'{"content":[]}')))),
                extras=draw(rarely(st.just({"x_choice": Raw(b"1")}))) or {},
                message_extras=draw(rarely(st.just({"x_message": Raw(b"1")}))) or {},
            )
        )
    return ChatResponse(
        id="answer-1",
        model="some-model",
        created=1_700_000_000,
        choices=tuple(choices),
        usage=draw(_usages()),
        dialect=source,
        extras=draw(rarely(st.just({"x_top": Raw(b"1")}))) or {},
    )


@st.composite
def streams(draw: st.DrawFn, target: Dialect) -> list[StreamEvent]:
    """The events of such an answer, its texts in pieces, its choices mixed."""
    response = draw(responses(target))
    began, *told = stream_of(response)
    assert isinstance(began, Began)
    tail = [event for event in told if isinstance(event, Used | Ended)]
    tracks = [
        [
            piece
            for event in told
            if not isinstance(event, Used | Ended) and getattr(event, "choice", 0) == choice.index
            for piece in draw(_pieces(event))
        ]
        for choice in response.choices
    ]
    mixed: list[StreamEvent] = []
    while any(tracks):
        track = draw(st.sampled_from([track for track in tracks if track]))
        count = draw(st.integers(1, len(track)))
        mixed += track[:count]
        del track[:count]
    return [began, *mixed, *tail]


@st.composite
def _pieces(draw: st.DrawFn, event: StreamEvent) -> list[StreamEvent]:
    """One event, or the same in two pieces."""
    if isinstance(event, ToolCallDelta):
        at = draw(st.integers(0, len(event.arguments)))
        halves = [event.arguments[:at], event.arguments[at:]]
        return [structs.replace(event, arguments=half) for half in halves if half]
    if isinstance(event, TextDelta | ReasoningDelta | RefusalDelta):
        at = draw(st.integers(0, len(event.text)))
        return [structs.replace(event, text=half) for half in (event.text[:at], event.text[at:]) if half]
    return [event]
