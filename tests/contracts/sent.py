"""Whether the request that reached a provider means what the caller's meant.

Declared differences, all of them: the model is the provider's own word for it; on a stream usage is asked
for, by one field at the end, of providers that do not report it by themselves; where they take no such wish,
the caller's own is left out.
"""

import json
from collections.abc import Mapping

from tests.contracts import letter
from tests.contracts.recordings import Exchange
from tests.contracts.replay import Asked

NO_STREAM_OPTIONS = frozenset({"mistral"})
"""Report usage by themselves, and are never sent `stream_options` (Mistral's API reference knows none)."""

_KEY_HEADERS = {"azure": ("api-key", "{}")}
_USUAL_KEY_HEADER = ("authorization", "Bearer {}")


def callers_body(exchange: Exchange, *, asks_usage: bool) -> bytes:
    """The recorded request as a caller of Baton sends it; `asks_usage` is for streams."""
    body = {**exchange.request, "model": f"{exchange.provider}/{exchange.model}"}
    if asks_usage:
        body["stream_options"] = {**body.get("stream_options", {}), "include_usage": True}
    else:
        body.pop("stream_options", None)
    return json.dumps(body, ensure_ascii=False, indent=1).encode()


def request_problems(exchange: Exchange, sent: bytes, asked: Asked, keys: Mapping[str, str]) -> list[str]:
    """What is wrong with the request that arrived. `keys`: the `caller`'s, and the `provider`'s."""
    problems: list[str] = []
    if asked.method != "POST":
        problems.append(f"the method is {asked.method}")
    target = "/" + exchange.url.partition("://")[2].partition("/")[2]
    if asked.target != target:
        problems.append(f"the target is {asked.target}, not {target}")
    told = letter.difference(_expected(exchange, letter.fields(sent)), letter.read(asked.body))
    if told is not None:
        problems.append(f"in the body {told}")
    return problems + _header_problems(exchange, asked, keys)


def _expected(exchange: Exchange, body: letter.Fields) -> letter.Fields:
    body = body.having("model", exchange.model)
    if body.get("stream") is not True:
        return body
    if exchange.provider in NO_STREAM_OPTIONS:
        return body.without("stream_options")
    options = body.get("stream_options") or letter.Fields()
    return body.having("stream_options", options.having("include_usage", True))


def _header_problems(exchange: Exchange, asked: Asked, keys: Mapping[str, str]) -> list[str]:
    problems: list[str] = []
    name, form = _KEY_HEADERS.get(exchange.provider, _USUAL_KEY_HEADER)
    if asked.headers.get(name) != form.format(keys["provider"]):
        problems.append(f"{name} is {asked.headers.get(name)!r}")
    if asked.headers.get("content-type") != "application/json":
        problems.append(f"content-type is {asked.headers.get('content-type')!r}")
    for header, value in asked.headers.items():
        if keys["caller"] in value or "baton" in header:
            problems.append(f"the caller's {header} went out")
    return problems
