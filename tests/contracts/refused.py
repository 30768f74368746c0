"""Whether a provider's error reached the caller: in the caller's dialect, with the provider's own words.

One route being asked, the status is the provider's own, but that an unknown model is always a 404
(decision 6).
"""

import json
from collections.abc import Mapping
from typing import Any

from baton.core.dialect import Dialect
from tests.contracts import letter
from tests.contracts.answered import DONE, without_null
from tests.contracts.events import Event, read_events
from tests.contracts.facts.fact import End
from tests.contracts.facts.reading import read_events_of
from tests.contracts.recordings import Exchange

REDACTED = {
    "openai-8bbf848099": ("sk-REDACTED", "[key]"),
    "openai-adc9f1830d": ("bad-key-**********test", "bad-[key]"),
}
"""What stands for a key in the recorded message, and what the caller gets to see of it."""

UNKNOWN_MODEL = "model_not_found"
"""OpenAI's code; its Responses answer it with a 400, decision 6 with a 404."""

_WORDS: Mapping[Dialect, Mapping[int, frozenset[str]]] = {
    Dialect.ANTHROPIC: {
        400: frozenset({"invalid_request_error"}),
        401: frozenset({"authentication_error"}),
        403: frozenset({"permission_error"}),
        404: frozenset({"not_found_error"}),
        429: frozenset({"rate_limit_error"}),
        502: frozenset({"api_error"}),
        503: frozenset({"api_error", "overloaded_error"}),
    },
    Dialect.GOOGLE: {
        400: frozenset({"INVALID_ARGUMENT", "FAILED_PRECONDITION"}),
        401: frozenset({"UNAUTHENTICATED"}),
        403: frozenset({"PERMISSION_DENIED"}),
        404: frozenset({"NOT_FOUND"}),
        429: frozenset({"RESOURCE_EXHAUSTED"}),
        502: frozenset({"INTERNAL", "UNAVAILABLE"}),
        503: frozenset({"UNAVAILABLE"}),
    },
}
"""The word of the dialect for each status (Anthropic's guide to errors; Google's `google.rpc.Code`)."""


def error_inside(exchange: Exchange) -> dict[str, Any] | None:
    """The error that ends a stream which began well; one behind a finished answer takes nothing back."""
    events = read_events(exchange.body) if exchange.streamed else []
    if not events or events[-1].data == DONE:
        return None
    fields = json.loads(events[-1].data)
    error = fields if fields.get("type") == "error" and "error" not in fields else fields.get("error")
    if not error or exchange.dialect is None:
        return None
    return error if _unfinished(exchange.dialect, events[:-1]) else None


def _unfinished(dialect: Dialect, events: list[Event]) -> bool:
    said = read_events_of(dialect, events).said
    return not said or any(one.end is End.NONE for one in said)


def error_problems(exchange: Exchange, caller: Dialect, status: int, body: bytes) -> list[str]:
    """What is wrong with an error answer."""
    error = _recorded(exchange)
    expected = 404 if error.get("code") == UNKNOWN_MODEL else exchange.status
    problems = [] if status == expected else [f"the status is {status}, not {expected}"]
    return problems + _told_problems(exchange, caller, body, error, status=expected)


def refusal_problems(exchange: Exchange, status: int, body: bytes) -> list[str]:
    """What is wrong with a refusal of Baton's own where the provider refused as well, in the same way."""
    kind = exchange.parsed["error"]["type"]
    found = json.loads(body)["error"]
    problems = [] if status == exchange.status else [f"the status is {status}, not {exchange.status}"]
    if found["type"] != kind or not found["message"] or not found["param"]:
        problems.append(f"the refusal is {found}")
    return problems


def error_event_problems(exchange: Exchange, caller: Dialect, body: bytes) -> list[str]:
    """What is wrong with a stream that the provider broke off with an error."""
    error = error_inside(exchange)
    assert error is not None
    *events, last = read_events(body, keep_last=False)
    recorded = [event for event in read_events(exchange.body)[:-1] if event.name != "ping"]
    events = [event for event in events if event.name != "ping"]
    problems = _ended_problems([*events, last])
    if caller is exchange.dialect:
        expected, found = _chunks(recorded), _chunks(events)
        told = letter.difference(expected, found, "chunk")
        problems += [] if told is None else [told]
    else:
        assert exchange.dialect is not None
        expected_text = _text_before(exchange.dialect, recorded)
        found_text = _text_before(caller, events)
        if found_text != expected_text:
            problems.append(f"the text before the error is {found_text[:100]!r}, not {expected_text[:100]!r}")
    return problems + _told_problems(exchange, caller, last.data.encode(), error, status=None)


def _chunks(events: list[Event]) -> list[letter.Fields]:
    return without_null([letter.fields(event.data) for event in events])


def _ended_problems(events: list[Event]) -> list[str]:
    ends = {"message_stop", "message_delta", "response.completed"}
    ended = any(event.data == DONE or event.name in ends for event in events)
    return ["a broken stream ends as if it were whole"] if ended else []


def _text_before(caller: Dialect, events: list[Event]) -> str:
    """The text of a stream that was not ended, from its deltas alone."""
    if caller is not Dialect.OPENAI_RESPONSES:
        return read_events_of(caller, events).said[0].text
    deltas = [json.loads(event.data) for event in events if event.name == "response.output_text.delta"]
    return "".join(delta["delta"] for delta in deltas)


def _recorded(exchange: Exchange) -> dict[str, Any]:
    """The provider's error, whichever shape it has."""
    recorded: Any = exchange.parsed
    error = recorded.get("error", recorded)
    return error if isinstance(error, dict) else {"message": error}


def _told_problems(
    exchange: Exchange, caller: Dialect, body: bytes, error: dict[str, Any], *, status: int | None
) -> list[str]:
    """The caller's shape, with the provider's own words in it."""
    try:
        found = _shaped(caller, json.loads(body))
    except (ValueError, KeyError, TypeError, AssertionError):
        return [f"not the shape of {caller}: {body[:300]!r}"]
    problems: list[str] = []
    message = error.get("message") or error.get("detail") or ""
    if exchange.id in REDACTED:
        message = message.replace(*REDACTED[exchange.id])
    if found.get("message") != message:
        problems.append(f"the message is {found.get('message')!r}, not {message!r}")
    if caller is exchange.dialect:
        return problems + _kept_problems(error, found)
    return problems + _word_problems(caller, found, status)


def _shaped(caller: Dialect, told: dict[str, Any]) -> dict[str, Any]:
    """The error's fields, if it is of the caller's shape."""
    if caller is Dialect.OPENAI_RESPONSES and told.get("type") == "error":
        assert {"message", "code", "param"} <= set(told)  # inside a stream the event is the error
        return told
    if caller is Dialect.OPENAI_RESPONSES and told.get("type") == "response.failed":
        return told["response"]["error"]
    error = told["error"]
    match caller:
        case Dialect.ANTHROPIC:
            assert told["type"] == "error"
            assert {"type", "message"} <= set(error)
        case Dialect.GOOGLE:
            assert {"code", "message", "status"} <= set(error)
            assert isinstance(error["code"], int)
        case _:
            assert {"message", "type", "param", "code"} <= set(error)
    return error


def _kept_problems(error: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """In the provider's own dialect nothing of its error is lost."""
    problems: list[str] = []
    for name, value in error.items():
        tells = not isinstance(value, str) or not value.isdigit()
        if name in ("type", "param", "code"):
            if isinstance(value, str) and tells and found.get(name) != value:
                problems.append(f"`{name}` is {found.get(name)!r}, not {value!r}")
        elif name not in ("message", "detail", "sequence_number") and found.get(name) != value:
            problems.append(f"`{name}` was lost")
    return problems


def _word_problems(caller: Dialect, found: dict[str, Any], status: int | None) -> list[str]:
    """In another one it is called what that calls it."""
    if status is None or caller not in _WORDS:
        return [] if found.get("type") or found.get("code") else ["the error has neither type nor code"]
    word = found["status"] if caller is Dialect.GOOGLE else found["type"]
    allowed = _WORDS[caller][status]
    problems = [] if word in allowed else [f"a {status} is called {word!r}, not {sorted(allowed)}"]
    if caller is Dialect.GOOGLE and found["code"] != status:
        problems.append(f"the code is {found['code']}, not {status}")
    return problems
