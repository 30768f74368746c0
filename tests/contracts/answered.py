"""Whether an answer reached a caller of the provider's own dialect as the provider gave it.

Whole ones: byte for byte. Streams: the same JSON objects in the same order, to the letter, with their names
where the dialect names its events, and a `baton` object on the last but for the end mark where the caller
wants to be told.

The declared differences, all of them: comments and pings are left out, and the names of events that say
`message`, and an end mark after an event that is one. Of chat completions besides: the usage chunk comes
last, with what Baton has to say in a `baton` object, and only where the caller asked for usage; where there
was no usage chunk and usage is asked for, Baton makes one; `usage: null` is removed where the caller did not
ask; `[DONE]` ends it, once, whether or not the provider said so.
"""

from baton.core.dialect import Dialect
from tests.contracts import letter
from tests.contracts.events import Event, read_events
from tests.contracts.recordings import Exchange

DONE = "[DONE]"


def whole_problems(exchange: Exchange, status: int, body: bytes) -> list[str]:
    """What is wrong with a whole answer."""
    if status != 200:
        return [f"the status is {status}: {body[:200]!r}"]
    return [] if body == exchange.body else ["the bytes are not the provider's"]


def stream_problems(exchange: Exchange, status: int, body: bytes, *, asks_usage: bool) -> list[str]:
    """What is wrong with a stream that the provider ended well."""
    if status != 200:
        return [f"the status is {status}: {body[:200]!r}"]
    if exchange.dialect is not Dialect.OPENAI:
        return _event_problems(exchange, body, told=asks_usage)
    events = read_events(body, keep_last=False)
    problems = _frame_problems(events)
    if problems:
        return problems
    chunks = [letter.fields(event.data) for event in events[:-1]]
    expected, usage = _expected(exchange)
    if asks_usage:
        last = chunks.pop() if chunks else letter.Fields()
        problems += _last_chunk_problems(last, usage)
    else:
        expected, chunks = without_null(expected), without_null(chunks)
    told = letter.difference(expected, chunks, "chunk")
    return problems if told is None else [*problems, told]


def _event_problems(exchange: Exchange, body: bytes, *, told: bool) -> list[str]:
    recorded, found = _spoken(exchange.body), _spoken(body)
    names = [event.name for event in recorded]
    if names != [event.name for event in found]:
        return [f"the events are {[event.name for event in found]}, not {names}"]
    problems: list[str] = []
    seen = [letter.fields(event.data) for event in found]
    carriers = [n for n, fields in enumerate(seen) if fields != _without_baton(fields)]
    last = len(found) - (2 if names[-1] == "message_stop" else 1)
    if carriers != ([last] if told else []):
        problems.append(f"`baton` rides on the events {carriers} of {len(found)}")
    expected = [letter.fields(event.data) for event in recorded]
    difference = letter.difference(expected, [_without_baton(fields) for fields in seen], "event")
    return problems if difference is None else [*problems, difference]


def _spoken(body: bytes) -> list[Event]:
    """The events that say something: no pings, and no end mark after an event that is one."""
    return [event for event in read_events(body) if event.name != "ping" and event.data != DONE]


def _without_baton(fields: letter.Fields) -> letter.Fields:
    plain = fields.without("baton")
    response = plain.get("response")
    inside = isinstance(response, letter.Fields)
    return plain.having("response", response.without("baton")) if inside else plain


def _frame_problems(events: list[Event]) -> list[str]:
    named = sorted({event.name for event in events} - {"message"})
    if named:
        return [f"there are events called {', '.join(named)}"]
    ends = [n for n, event in enumerate(events) if event.data == DONE]
    return [] if ends == [len(events) - 1] else [f"{len(ends)} end marks, at {ends} of {len(events)}"]


def _expected(exchange: Exchange) -> tuple[list[letter.Fields], letter.Fields | None]:
    """The chunks that are to be handed on at once, and the usage chunk that is held back."""
    chunks: list[letter.Fields] = []
    held: letter.Fields | None = None
    for event in read_events(exchange.body):
        if event.data == DONE:
            break
        chunk = letter.fields(event.data)
        if not chunk.get("choices") and chunk.get("usage") is not None:
            held = chunk
        else:
            chunks.append(chunk)
    return chunks, held


def _last_chunk_problems(last: letter.Fields, held: letter.Fields | None) -> list[str]:
    if last.get("baton") is None:
        return ["the last chunk has no `baton`"]
    if held is not None:
        told = letter.difference(held, last.without("baton"), "the usage chunk")
        return [] if told is None else [told]
    if last.get("choices") != [] or last.get("usage") is None:
        return [f"the last chunk is no usage chunk: {last}"]
    return []


def without_null(chunks: list[letter.Fields]) -> list[letter.Fields]:
    """Without the usage that is null in every chunk but the last."""
    return [chunk.without("usage") if chunk.get("usage") is None else chunk for chunk in chunks]
