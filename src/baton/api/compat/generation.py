"""Google's `generateContent` and its kin, as routes of Baton's: the path names model and verb."""

from collections.abc import Callable
from urllib.parse import parse_qs

from msgspec import structs

from baton.api.compat.chat import Speech
from baton.api.compat.counting import CountSpeech
from baton.api.exchange import Exchange, Scope
from baton.api.hot import HotRoute
from baton.api.options import read_options
from baton.core.request import Envelope
from baton.upstream.dialects.google.codec import CODEC, VERBS
from baton.upstream.dialects.google.counting import asked_about, write_count
from baton.upstream.dialects.google.envelope import Asked, read_envelope
from baton.upstream.dialects.google.errors import write_error_element

PREFIX = "/v1beta/models/"
STABLE = "/v1/models/"
"""Where the official SDKs ask since their third version (google-genai 3: its default version is `v1`)."""

PREFIXES: tuple[str, ...] = (PREFIX, STABLE)

_WHOLE, _STREAM, _COUNT = VERBS


def _model(exchange: Exchange, verb: str) -> str:
    return exchange.path.removeprefix(PREFIX).removeprefix(STABLE).removesuffix(verb)


def _read(exchange: Exchange, body: bytes, asked: Asked) -> Envelope:
    return read_envelope(body, asked, lambda inside: read_options(exchange.options, inside), exchange.passed)


def _speech(verb: str, *, stream: bool, array: bool) -> Speech:
    def read(exchange: Exchange, body: bytes) -> Envelope:
        return _read(exchange, body, Asked(_model(exchange, verb), stream=stream, array=array))

    codec = structs.replace(CODEC, write_error_event=write_error_element) if array else CODEC
    return Speech(codec, read)


def _read_counting(exchange: Exchange, body: bytes) -> Envelope:
    return _read(exchange, asked_about(body), Asked(_model(exchange, _COUNT)))


class GenerationRoutes:
    """The routes below `PREFIX` and `STABLE`; a model's name may hold slashes."""

    def __init__(self, route: Callable[[Speech], HotRoute], count: Callable[[CountSpeech], HotRoute]) -> None:
        """`route`, `count`: make the route of a speech."""
        self._count = count(CountSpeech(CODEC, _read_counting, write_count))
        self._whole = route(_speech(_WHOLE, stream=False, array=False))
        self._events = route(_speech(_STREAM, stream=True, array=False))
        self._array = route(_speech(_STREAM, stream=True, array=True))

    def at(self, scope: Scope) -> HotRoute | None:
        """The route of a request; None: it is none of these."""
        path: str = scope["path"]
        if path.endswith(_WHOLE):
            return self._whole
        if path.endswith(_STREAM):
            return self._events if _wants_events(scope["query_string"]) else self._array
        return self._count if path.endswith(_COUNT) else None


def _wants_events(query: bytes) -> bool:
    return query == b"alt=sse" or parse_qs(query.decode("latin-1")).get("alt") == ["sse"]
