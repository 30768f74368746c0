"""Whether the request that reached a provider of the caller's dialect means what the caller's meant.

Declared differences, all of them: the model is the provider's own word for it (the catalog's
for a name that it knows as another's); on a stream of chat
completions usage is asked for, by one field at the end, of providers that do not report it by themselves;
where they take no such wish, the caller's own is left out; Google is asked for a stream of events.
"""

from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import unquote

from baton.catalog.seed import packaged_models
from baton.catalog.tiers import DEFAULT_TIERS
from baton.core.dialect import Dialect
from tests.contracts import letter
from tests.contracts.recordings import Exchange
from tests.contracts.replay import Asked

NO_STREAM_OPTIONS = frozenset({"mistral"})
"""Report usage by themselves, and are never sent `stream_options` (Mistral's API reference knows none)."""

_KEY_HEADERS = {
    "azure": ("api-key", "{}"),
    "anthropic": ("x-api-key", "{}"),
    "google": ("x-goog-api-key", "{}"),
}
_USUAL_KEY_HEADER = ("authorization", "Bearer {}")


def request_problems(exchange: Exchange, sent: bytes, asked: Asked, keys: Mapping[str, str]) -> list[str]:
    """What is wrong with the request that arrived. `keys`: the `caller`'s, and the `provider`'s."""
    problems: list[str] = []
    if asked.method != "POST":
        problems.append(f"the method is {asked.method}")
    if _place(asked.target) != _place(_target(exchange)):
        problems.append(f"the target is {asked.target}, not {_target(exchange)}")
    told = letter.difference(_expected(exchange, letter.fields(sent)), letter.read(asked.body))
    if told is not None:
        problems.append(f"in the body {told}")
    return problems + _header_problems(exchange, asked, keys)


def _target(exchange: Exchange) -> str:
    target = exchange.target
    if exchange.dialect is Dialect.GOOGLE:
        target = target.replace(f"/{exchange.model}:", f"/{_own_word(exchange)}:")
    if not exchange.listed:
        return target
    return target + ("&" if "?" in target else "?") + "alt=sse"


def _place(target: str) -> tuple[str, list[str]]:
    """Path, and what the query says in any order."""
    path, _, query = target.partition("?")
    return path, sorted(unquote(query).split("&"))


def _expected(exchange: Exchange, body: letter.Fields) -> letter.Fields:
    if exchange.dialect is Dialect.GOOGLE:
        return body
    body = body.having("model", _own_word(exchange))
    if body.get("stream") is not True or exchange.dialect is not Dialect.OPENAI:
        return body
    if exchange.provider in NO_STREAM_OPTIONS:
        return body.without("stream_options")
    options = body.get("stream_options") or letter.Fields()
    return body.having("stream_options", options.having("include_usage", True))


def _own_word(exchange: Exchange) -> str:
    """The provider's word for the model, where the catalog knows the caller's as another name of it."""
    names = _aliases()
    return names.get((exchange.provider, exchange.model), exchange.model)


@lru_cache(maxsize=1)
def _aliases() -> dict[tuple[str, str], str]:
    models = packaged_models(DEFAULT_TIERS)
    return {(model.provider, alias): model.name for model in models for alias in model.aliases}


def _header_problems(exchange: Exchange, asked: Asked, keys: Mapping[str, str]) -> list[str]:
    problems: list[str] = []
    name, form = _KEY_HEADERS.get(exchange.provider, _USUAL_KEY_HEADER)
    wanted = {name: form.format(keys["provider"]), "content-type": "application/json"}
    for header, value in (wanted | exchange.sent_headers).items():
        if asked.headers.get(header) != value:
            problems.append(f"{header} is {asked.headers.get(header)!r}")
    if exchange.dialect is Dialect.ANTHROPIC and not asked.headers.get("anthropic-version"):
        problems.append("anthropic-version is absent")
    for header, value in asked.headers.items():
        if keys["caller"] in value or "baton" in header:
            problems.append(f"the caller's {header} went out")
    return problems
