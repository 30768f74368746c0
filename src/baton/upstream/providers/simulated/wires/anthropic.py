"""The simulated provider in Anthropic's Messages."""

import msgspec

from baton.core.answer import Ended, Finished, StreamEvent, Used
from baton.core.dialect import Dialect
from baton.core.losses import Losses
from baton.core.request import ChatRequest
from baton.core.usage import Usage
from baton.upstream.dialects.anthropic.answers import write_answer
from baton.upstream.dialects.anthropic.envelope import PING
from baton.upstream.dialects.anthropic.requests import read_request
from baton.upstream.dialects.anthropic.writer import STOP, StreamWriter
from baton.upstream.dialects.sse import write_event
from baton.upstream.providers.simulated.wire import ErrorWords, Wire

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


class _Events:
    """Writes the events of one stream: why it ended waits for the usage, which comes with it."""

    def __init__(self) -> None:
        self._writer = StreamWriter(Losses())
        self._owes = False
        """Whether the answer has finished and its end is not written."""

    def write(self, event: StreamEvent) -> bytes:
        """The event's bytes; empty where the dialect has none for it."""
        match event:
            case Finished():
                self._owes = True
                return self._writer.write(event)
            case Used():
                return self._ending(event.usage)
            case Ended():
                return self._ending(Usage()) + STOP
            case _:
                return self._writer.write(event)

    def _ending(self, usage: Usage) -> bytes:
        owes, self._owes = self._owes, False
        return self._writer.ending(usage) if owes else b""


def _open(wants_usage: bool) -> _Events:
    del wants_usage  # this dialect always tells
    return _Events()


def _read(path: str, body: bytes) -> ChatRequest:
    del path
    return read_request(body)


def _error(words: ErrorWords) -> bytes:
    kind = _TYPES.get(words.status, "invalid_request_error" if words.status < 500 else "api_error")
    error = {"type": kind, "message": words.message}
    return msgspec.json.encode({"type": "error", "error": error, "request_id": "req_simulated"})


ANTHROPIC = Wire(
    dialect=Dialect.ANTHROPIC,
    path_ends=("/messages",),
    read=_read,
    write_whole=lambda response: write_answer(response, Losses()),
    open_stream=_open,
    write_error=_error,
    write_error_event=lambda words: write_event(_error(words), "error"),
    broken_event=write_event(b'{"type":"content_block_delta","index":0,"del', "content_block_delta"),
    ping=PING,
)
