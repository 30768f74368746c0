"""Whether an answer reached the caller as the provider gave it.

Whole ones: byte for byte. Streams: the same JSON objects in the same order, to the letter; the declared
differences, all of them: comments are left out, and the names of events that say `message`; the usage chunk
comes last, with what Baton has to say in a `baton` object, and only where the caller asked for usage; where
there was no usage chunk and usage is asked for, Baton makes one; `usage: null` is removed where the caller
did not ask; `[DONE]` ends it, once, whether or not the provider said so.
"""

import json
from typing import Any

from tests.contracts import letter
from tests.contracts.events import Event, read_events
from tests.contracts.recordings import Exchange

DONE = "[DONE]"
REDACTED = {
    "openai-8bbf848099": ("sk-REDACTED", "[key]"),
    "openai-adc9f1830d": ("bad-key-**********test", "bad-[key]"),
}
"""What stands for a key in the recorded message, and what the caller gets to see of it."""


def error_inside(exchange: Exchange) -> dict[str, Any] | None:
    """The error in a recorded stream that began well."""
    if not exchange.streamed:
        return None
    errors = [event for event in read_events(exchange.body) if event.name == "error"]
    return json.loads(errors[0].data)["error"] if errors else None


def whole_problems(exchange: Exchange, status: int, body: bytes) -> list[str]:
    """What is wrong with a whole answer."""
    if status != 200:
        return [f"the status is {status}: {body[:200]!r}"]
    return [] if body == exchange.body else ["the bytes are not the provider's"]


def stream_problems(exchange: Exchange, status: int, body: bytes, *, asks_usage: bool) -> list[str]:
    """What is wrong with a stream that the provider ended well."""
    if status != 200:
        return [f"the status is {status}: {body[:200]!r}"]
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
        expected, chunks = _without_null(expected), _without_null(chunks)
    told = letter.difference(expected, chunks, "chunk")
    return problems if told is None else [*problems, told]


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


def _without_null(chunks: list[letter.Fields]) -> list[letter.Fields]:
    return [chunk.without("usage") if chunk.get("usage") is None else chunk for chunk in chunks]


def error_problems(exchange: Exchange, status: int, body: bytes) -> list[str]:
    """What is wrong with an error answer: its status is the provider's own, one route being asked."""
    recorded: Any = exchange.parsed
    error = recorded.get("error", recorded)
    problems = [] if status == exchange.status else [f"the status is {status}, not {exchange.status}"]
    return problems + _shape_problems(
        exchange, body, error if isinstance(error, dict) else {"message": error}
    )


def refusal_problems(exchange: Exchange, status: int, body: bytes) -> list[str]:
    """What is wrong with a refusal of Baton's own where the provider refused as well, in the same way."""
    kind = exchange.parsed["error"]["type"]
    found = json.loads(body)["error"]
    problems = [] if status == exchange.status else [f"the status is {status}, not {exchange.status}"]
    if found["type"] != kind or not found["message"] or not found["param"]:
        problems.append(f"the refusal is {found}")
    return problems


def error_event_problems(exchange: Exchange, body: bytes, error: dict[str, Any]) -> list[str]:
    """What is wrong with a stream that the provider broke off with an error."""
    *events, last = read_events(body, keep_last=False)
    if any(event.data == DONE for event in (*events, last)):
        return ["a broken stream ends as if it were whole"]
    chunks = _without_null([letter.fields(event.data) for event in events])
    recorded = [event for event in read_events(exchange.body) if event.name != "error"]
    told = letter.difference(
        _without_null([letter.fields(event.data) for event in recorded]), chunks, "chunk"
    )
    return ([] if told is None else [told]) + _shape_problems(exchange, last.data.encode(), error)


def _shape_problems(exchange: Exchange, body: bytes, error: dict[str, Any]) -> list[str]:
    """OpenAI's shape, with the provider's own words in it."""
    try:
        found: Any = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError):
        return [f"not OpenAI's shape: {body[:200]!r}"]
    problems = [f"`{name}` is absent" for name in ("message", "type", "param", "code") if name not in found]
    message = error.get("message") or error.get("detail") or ""
    if exchange.id in REDACTED:
        message = message.replace(*REDACTED[exchange.id])
    if found.get("message") != message:
        problems.append(f"the message is {found.get('message')!r}, not {message!r}")
    for name, value in error.items():
        tells = isinstance(value, str) and not value.isdigit()
        if name in ("type", "param", "code"):
            if tells and found.get(name) != value:
                problems.append(f"`{name}` is {found.get(name)!r}, not {value!r}")
        elif name not in ("message", "detail") and found.get(name) != value:
            problems.append(f"`{name}` was lost")
    return problems
