"""Asking a provider for its models: costs nothing, and shows whether it is there and takes the key."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from msgspec import structs

from baton.core.dialect import Dialect
from baton.core.errors import AttemptFailed
from baton.core.failures import Failure, Kind
from baton.upstream.dialects.anthropic.place import place as anthropic_place
from baton.upstream.dialects.failures import presentable
from baton.upstream.dialects.google.place import place as google_place
from baton.upstream.dialects.openai.place import place as openai_place
from baton.upstream.dialects.registry import CODECS
from baton.upstream.route import Route
from baton.upstream.transport import Deadlines, Transport, UpstreamRequest, UpstreamResponse

_DEADLINES = Deadlines(connect_s=3.0, first_byte_s=5.0, idle_s=2.0, total_s=8.0)
"""Nobody waits longer for a list."""

_PATH = "/models"
_MOST_ERROR_BYTES = 64 * 1024
_NO_LIST = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED})
"""Some providers have none; whoever says so is there."""

_OF_THE_KEY = frozenset({Kind.CREDENTIAL, Kind.EXHAUSTED, Kind.RATE_LIMIT})


def _openai_list(base_url: str) -> str:
    return openai_place(base_url, "", _PATH)


def _anthropic_list(base_url: str) -> str:
    return anthropic_place(base_url, "", _PATH)


def _google_list(base_url: str) -> str:
    stem, query = google_place(base_url, "")
    return stem.rstrip("/") + (f"?{query}" if query else "")


_ADDRESSES: Mapping[Dialect, Callable[[str], str]] = {
    Dialect.OPENAI: _openai_list,
    Dialect.OPENAI_RESPONSES: _openai_list,
    Dialect.ANTHROPIC: _anthropic_list,
    Dialect.GOOGLE: _google_list,
}


def can_list(route: Route) -> bool:
    """Whether there is a list to be asked for: an address that is of one model has none."""
    return "{model}" not in route.provider.base_url


async def probe(way: Transport, route: Route, now_s: float) -> Failure | None:
    """What is wrong with a provider, or with the key; None: it is there, even where it has no list.

    `now_s`: Unix time, for waits that are told as moments.
    """
    try:
        response = await _ask(way, route)
        try:
            if response.status < HTTPStatus.BAD_REQUEST or response.status in _NO_LIST:
                return None
            body = await response.read(_MOST_ERROR_BYTES)
        finally:
            await response.close()
    except AttemptFailed as error:
        return presentable(error.failure, route.credential.key)
    codec = CODECS[_dialect(route)]
    failure = codec.read_failure(route.provider.spec, response.status, response.headers, body, now_s)
    if failure.kind not in _OF_THE_KEY and not failure.rule.breaks:
        return None
    return structs.replace(presentable(failure, route.credential.key), billed=False)


async def _ask(way: Transport, route: Route) -> UpstreamResponse:
    """The answer, unread."""
    address = _ADDRESSES[_dialect(route)](route.provider.base_url)
    headers = {**route.headers({}), "accept": "application/json"}
    return await way.send(UpstreamRequest(url=address, headers=headers, body=b"", method="GET"), _DEADLINES)


def _dialect(route: Route) -> Dialect:
    provider = route.provider
    return provider.settings.dialect or provider.spec.dialect
