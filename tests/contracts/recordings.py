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
PROVIDERS = tuple(
    spec.name
    for spec in declared()
    if spec.dialect is Dialect.OPENAI and any((DATA / "recordings").glob(f"{spec.name}-*.json"))
)
"""Those that speak this dialect, are declared in Baton and were recorded: a declaration is tested by being
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

    @property
    def url(self) -> str:
        return self.fields["request"]["url"]

    @property
    def request(self) -> dict[str, Any]:
        """The request's body; its fields are in the order the recorder wrote."""
        return self.fields["request"]["body"]

    @property
    def model(self) -> str:
        """As Baton must name it to the provider: a deployment's name stands in the URL."""
        _, deployments, rest = self.url.partition("/deployments/")
        return rest.partition("/")[0] if deployments else self.request["model"]

    @property
    def base_path(self) -> str:
        """The tail of the base URL: what stands before `/chat/completions`, with `{model}` and the query."""
        _, _, after_scheme = self.url.partition("://")
        path, mark, query = ("/" + after_scheme.partition("/")[2]).partition("?")
        base = path.removesuffix(CHAT)
        if "/deployments/" in base:
            base = base.removesuffix(self.model) + "{model}"
        return base + mark + query

    @property
    def status(self) -> int:
        return self.fields["response"]["status"]

    @property
    def headers(self) -> dict[str, str]:
        return self.fields["response"]["headers"]

    @property
    def streamed(self) -> bool:
        return "sse" in self.fields["response"]

    @cached_property
    def body(self) -> bytes:
        """The answer's bytes. Events are as they were on the wire; whole JSON was re-written by the recorder,
        so it is laid out here in a way that no JSON writer of ours would choose."""
        response = self.fields["response"]
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
