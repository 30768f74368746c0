"""Exchanges with real providers that nobody here wrote: the judges of what Baton reads and hands on.

They lie in `BATON_TEST_DATA`, by default `../shared/data` beside the repository. Where they are absent, tests
that need them are skipped with a message; with `CI=true` their absence is a failure.
"""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import pytest

from baton.core.dialect import Dialect
from baton.upstream.directory import declared

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("BATON_TEST_DATA") or ROOT.parent / "shared" / "data")

CHAT = "/chat/completions"
ENDINGS = {
    CHAT: Dialect.OPENAI,
    "/responses": Dialect.OPENAI_RESPONSES,
    "/v1/messages": Dialect.ANTHROPIC,
    ":generateContent": Dialect.GOOGLE,
    ":streamGenerateContent": Dialect.GOOGLE,
}
"""How the endpoints of each dialect's chat end."""

PROVIDERS = tuple(
    spec.name
    for spec in declared()
    if spec.dialect is Dialect.OPENAI and any((DATA / "recordings").glob(f"{spec.name}-*.json"))
)
"""Those that speak OpenAI's chat, are declared in Baton and were recorded: a declaration is tested by being
there."""

USED: set[str] = set()
"""Ids of the exchanges that this process's tests have taken out, for the run's summary."""


@dataclass(frozen=True)
class Exchange:
    """One request and its answer, as recorded."""

    fields: dict[str, Any]

    @property
    def id(self) -> str:
        return self.fields["id"]

    @property
    def provider(self) -> str:
        return self.fields["provider"]

    @property
    def endpoint(self) -> str:
        return self.fields["endpoint"]

    @cached_property
    def dialect(self) -> Dialect | None:
        """None: it is no chat, or in a dialect that Baton does not speak."""
        return next((dialect for end, dialect in ENDINGS.items() if self.endpoint.endswith(end)), None)

    @property
    def url(self) -> str:
        return self.fields["request"]["url"]

    @property
    def request(self) -> dict[str, Any]:
        """The request's body; its fields are in the order the recorder wrote."""
        return self.fields["request"]["body"]

    @property
    def sent_headers(self) -> dict[str, str]:
        """The request's headers that were recorded: Anthropic's version and betas."""
        return self.fields["request"].get("headers") or {}

    @property
    def model(self) -> str:
        """As Baton must name it to the provider: a deployment's name stands in the URL, and Google's too."""
        if self.dialect is Dialect.GOOGLE:
            return self.url.partition("/models/")[2].rpartition(":")[0].partition(":")[0]
        _, deployments, rest = self.url.partition("/deployments/")
        return rest.partition("/")[0] if deployments else self.request["model"]

    @property
    def target(self) -> str:
        """Path and query of the request."""
        return "/" + self.url.partition("://")[2].partition("/")[2]

    @property
    def base_path(self) -> str:
        """The tail of the base URL: what stands before the dialect's own path, with `{model}` and the query
        but for Google's wish for events."""
        path, _, query = self.target.partition("?")
        if self.dialect is Dialect.GOOGLE:
            base = path.partition("/models/")[0]
            query = "&".join(word for word in query.split("&") if word != "alt=sse")
        else:
            base = next((path.removesuffix(end) for end in ENDINGS if path.endswith(end)), path)
            if "/deployments/" in base:
                base = base.removesuffix(self.model) + "{model}"
        return f"{base}?{query}" if query else base

    @property
    def status(self) -> int:
        return self.fields["response"]["status"]

    @property
    def headers(self) -> dict[str, str]:
        headers: dict[str, str] = self.fields["response"]["headers"]
        return {**headers, "content-type": "text/event-stream"} if self.listed else headers

    @property
    def listed(self) -> bool:
        """Whether it is a stream of Google's that came as one JSON array; it is replayed as events."""
        return isinstance(self.fields["response"].get("body"), list) and self.status == 200

    @property
    def streamed(self) -> bool:
        return "sse" in self.fields["response"] or self.listed

    @cached_property
    def body(self) -> bytes:
        """The answer's bytes. Events are as they were on the wire; whole JSON was re-written by the recorder,
        so it is laid out here in a way that no JSON writer of ours would choose."""
        response = self.fields["response"]
        if self.listed:
            chunks = [json.dumps(chunk, ensure_ascii=False) for chunk in response["body"]]
            return "".join(f"data: {chunk}\r\n\r\n" for chunk in chunks).encode()
        if self.streamed:
            return response["sse"].encode()
        return b" \n" + json.dumps(response["body"], ensure_ascii=False, indent=1).encode() + b"\n"

    @property
    def parsed(self) -> Any:
        """A whole answer's JSON."""
        return self.fields["response"]["body"]


@lru_cache(maxsize=1)
def _all() -> tuple[Exchange, ...]:
    paths = sorted((DATA / "recordings").glob("*.json"))
    return tuple(Exchange(json.loads(path.read_bytes())) for path in paths)


def present() -> bool:
    """Whether there are recordings to judge by."""
    return (DATA / "recordings").is_dir()


def require() -> None:
    """Skip the running test, or in CI fail it, where the data is absent."""
    if present():
        return
    message = "no recorded exchanges: set BATON_TEST_DATA to a folder that has recordings/"
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    pytest.skip(message)


def exchanges(fits: Callable[[Exchange], bool]) -> tuple[Exchange, ...]:
    """The recordings that fit; skips the running test, or fails it in CI, where there are none at all."""
    require()
    found = tuple(exchange for exchange in _all() if fits(exchange))
    USED.update(exchange.id for exchange in found)
    return found


def is_chat(exchange: Exchange) -> bool:
    """Whether it is a chat completion of a provider that Baton declares."""
    return exchange.provider in PROVIDERS and exchange.endpoint.endswith(CHAT)


def chats(provider: str) -> tuple[Exchange, ...]:
    """A provider's chat completions."""
    return exchanges(lambda exchange: exchange.provider == provider and is_chat(exchange))


def recordings_of(provider: str, dialect: Dialect) -> bool:
    """Whether there are any of a provider's chats in a dialect."""
    return any(one.provider == provider and one.dialect is dialect for one in _all())


def recorded(provider: str, dialect: Dialect) -> tuple[Exchange, ...]:
    """A provider's chats in a dialect."""
    return exchanges(lambda exchange: exchange.provider == provider and exchange.dialect is dialect)


def spec_file(name: str) -> Path:
    """An API description among the data."""
    require()
    return DATA / "specs" / name


def by_base(provider: str, found: Iterable[Exchange]) -> dict[str, list[Exchange]]:
    """Base path → exchanges: an installation has one base URL for each provider."""
    groups: dict[str, list[Exchange]] = {}
    for exchange in found:
        groups.setdefault(exchange.base_path, []).append(exchange)
    return groups
