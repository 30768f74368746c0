"""How an answer is given: its pace, and the fault that befalls it, as steps."""

from collections.abc import Iterator

from msgspec import Struct, structs

from baton.core.answer import (
    Began,
    ChatResponse,
    Ended,
    Finished,
    ReasoningDelta,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    Used,
)
from baton.upstream.dialects.sse import write_event
from baton.upstream.providers.simulated.dice import Dice
from baton.upstream.providers.simulated.manner import Fault, FaultKind, Manner
from baton.upstream.providers.simulated.mischief import MISCHIEF
from baton.upstream.providers.simulated.plan import Plan
from baton.upstream.providers.simulated.refusals import BROKEN_OFF, refusal, retry_headers
from baton.upstream.providers.simulated.steps import Cut, Head, Pause, Send, Silence, Step, whole
from baton.upstream.providers.simulated.wire import EventWriter, Wire
from baton.upstream.providers.simulated.words import word

_PING_EVERY_S = 1.0
_JSON = ("content-type", "application/json")
_TOKENS = (TextDelta, ReasoningDelta, ToolCallDelta)
_IN_STREAM = frozenset(
    {
        FaultKind.CUT,
        FaultKind.STALL,
        FaultKind.PINGS,
        FaultKind.MALFORMED,
        FaultKind.ERROR,
        FaultKind.UNFINISHED,
        FaultKind.ENDLESS,
    }
)


class Score(Struct, frozen=True, kw_only=True):
    """All that a performance needs to know."""

    wire: Wire
    plan: Plan
    manner: Manner
    fault: Fault | None
    """The fault of this call; None where it is spared."""
    id: str = ""
    model: str
    created: int
    """Unix seconds."""
    stream: bool
    include_usage: bool


def perform(score: Score) -> Iterator[Step]:
    """Play one answer, fault included; endless where the fault is."""
    if score.manner.latency_s:
        yield Pause(score.manner.latency_s)
    fault = score.fault
    if fault is not None:
        if fault.kind is FaultKind.FILTER and score.wire.blocked is not None:
            yield from _blocked(score, score.wire.blocked(score.plan.usage.prompt))
            return
        words = refusal(fault, score.wire.words)
        if words is not None:
            yield from whole(
                words.status, score.wire.write_error(words), *retry_headers(fault, score.created)
            )
            return
        if isinstance(fault.kind, FaultKind) and fault.kind in MISCHIEF:
            yield from MISCHIEF[fault.kind]()
            return
    if fault is not None and fault.kind is FaultKind.FILTERED:
        score = structs.replace(score, plan=score.plan.filtered(fault.after))
    yield from _stream(score) if score.stream else _whole(score)


def _blocked(score: Score, body: bytes) -> Iterator[Step]:
    """A prompt that is filtered, where that is an answer and no error."""
    typed = score.wire.stream_type if score.stream else score.wire.whole_type
    yield from whole(200, write_event(body) if score.stream else body, ("content-type", typed))


class _Pace:
    """The time between tokens."""

    def __init__(self, tokens_per_s: float | None) -> None:
        self._gap_s = 1 / tokens_per_s if tokens_per_s else 0.0
        self._begun = False

    def before_token(self) -> Iterator[Step]:
        """The first one comes at once: `latency` has been waited for."""
        if self._begun and self._gap_s:
            yield Pause(self._gap_s)
        self._begun = True


def _stream(score: Score) -> Iterator[Step]:
    """A stream, an event a step."""
    fault = score.fault
    prompt_tokens = score.plan.usage.prompt if score.manner.reports_usage else 0
    writer = score.wire.open_stream(score.include_usage, prompt_tokens)
    pace = _Pace(score.manner.tps)
    yield Head(status=200, headers=(("content-type", score.wire.stream_type), ("cache-control", "no-cache")))
    if fault is not None and fault.kind is FaultKind.SLOW:
        yield Pause(fault.wait_s)
    yield from _written(writer, Began(score.id, score.model, score.created))
    pending = fault if fault is not None and fault.kind in _IN_STREAM else None
    sent = 0
    for event in score.plan.events():
        is_token = isinstance(event, _TOKENS)
        if pending is not None and (sent >= pending.after or isinstance(event, Finished)):
            yield from _breaking(score, pending, writer, pace)
            if pending.kind is not FaultKind.MALFORMED:
                return
            pending = None
            if is_token:  # the broken event is in its place
                continue
        if is_token:
            yield from pace.before_token()
            sent += 1
        yield from _written(writer, event)
    yield from _ending(score, writer)


def _ending(score: Score, writer: EventWriter) -> Iterator[Step]:
    """The usage and the end mark, which some dialects say in one event."""
    usage = score.plan.usage if score.manner.reports_usage else None
    told = writer.write(Used(usage)) if usage is not None else b""
    marked = score.fault is None or score.fault.kind is not FaultKind.NO_DONE
    mark = writer.write(Ended()) if marked else b""
    if told:
        yield Send(told, usage=usage, final=not mark)
    if mark:
        yield Send(mark, final=True)


def _written(writer: EventWriter, event: StreamEvent) -> Iterator[Step]:
    data = writer.write(event)
    if data:
        yield Send(data, int(isinstance(event, _TOKENS)))


def _breaking(score: Score, fault: Fault, writer: EventWriter, pace: _Pace) -> Iterator[Step]:
    """What a fault does in the middle of a stream."""
    match fault.kind:
        case FaultKind.CUT:
            yield Cut()
        case FaultKind.STALL:
            yield Silence()
        case FaultKind.PINGS:
            yield from _pings(score.wire.ping)
        case FaultKind.MALFORMED:
            yield Send(score.wire.broken_event, 1)
        case FaultKind.ERROR:
            yield Send(score.wire.write_error_event(BROKEN_OFF), final=True)
        case FaultKind.ENDLESS:
            dice = Dice(score.id)
            while True:
                yield from pace.before_token()
                yield from _written(writer, TextDelta(f" {word(dice)}"))
        case _:  # UNFINISHED: the end comes, and that is the fault
            return


def _pings(ping: bytes) -> Iterator[Step]:
    while True:
        yield Pause(_PING_EVERY_S)
        yield Send(ping)


def _whole(score: Score) -> Iterator[Step]:
    """An answer in one piece, after the time that its tokens take."""
    tokens = score.plan.usage.completion
    if score.manner.tps and tokens > 1:
        yield Pause((tokens - 1) / score.manner.tps)
    answer = ChatResponse(
        id=score.id,
        model=score.model,
        created=score.created,
        choices=tuple(choice.whole(index) for index, choice in enumerate(score.plan.choices)),
        usage=score.plan.usage if score.manner.reports_usage else None,
    )
    body = score.wire.write_whole(answer)
    half = body[: len(body) // 2]
    typed = (("content-type", score.wire.whole_type),)
    head = Head(status=200, headers=typed, length=len(body))
    match score.fault.kind if score.fault else None:
        case FaultKind.CUT:
            yield from (head, Send(half, tokens), Cut())
        case FaultKind.STALL:
            yield from (head, Send(half, tokens), Silence())
        case FaultKind.PINGS:
            yield Head(status=200, headers=(_JSON,))
            yield from _pings(b" ")
        case FaultKind.MALFORMED | FaultKind.UNFINISHED:
            yield from (Head(status=200, headers=typed, length=len(half)), Send(half, tokens, final=True))
        case FaultKind.ERROR:
            yield from whole(200, score.wire.write_error(BROKEN_OFF))
        case FaultKind.ENDLESS:
            yield Head(status=200, headers=(_JSON,))
            while True:
                yield Send(b" " * 1024)
        case FaultKind.SLOW if score.fault is not None:
            yield from (head, Pause(score.fault.wait_s), Send(body, tokens, answer.usage, True))
        case _:
            yield from (head, Send(body, tokens, answer.usage, True))
