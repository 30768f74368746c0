"""What happened, in headers: the same for every dialect."""

from collections.abc import Iterable, Mapping
from math import ceil

from baton.core.errors import BatonError
from baton.core.losses import Losses
from baton.core.money import usd_text
from baton.core.request import Envelope, Outline
from baton.gateway.answered import Answered
from baton.gateway.counting import Count
from baton.gateway.recall.joined import Underway

Header = tuple[bytes, bytes]
_LONGEST = 1000
_CACHE = {None: "miss", "exact": "hit", "dedup": "hit", "semantic": "semantic"}


def head(headers: Iterable[Header]) -> bytes:
    """Header lines as they travel."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])


def of_answer(answered: Answered, request: Outline) -> bytes:
    """The header lines of a whole answer."""
    settled = answered.settled
    cost = "" if settled.unpriced else f"x-baton-cost-usd: {usd_text(settled.cost.total_nanos)}\r\n"
    lines = (
        f"x-request-id: {settled.id}\r\n"
        f"x-baton-interaction: {settled.id}\r\n"
        f"x-baton-provider: {settled.provider}\r\n"
        f"x-baton-model: {_text(settled.model or '')}\r\n"
        f"x-baton-cache: {_CACHE[settled.cache] if answered.looked_up else 'off'}\r\n"
        f"x-baton-fallback: {settled.fallbacks}\r\n"
        f"x-baton-attempts: {len(settled.attempts)}\r\n"
        f"x-baton-latency-ms: {settled.latency_ms}\r\n"
        f"x-baton-upstream-ms: {settled.upstream_ms}\r\n"
        f"{cost}"
    ).encode("ascii")
    reply = answered.reply
    if reply.headers or request.options.dropped or reply.losses:
        return lines + head([*_upstream(reply.headers), *_notes(request, reply.losses)])
    return lines


def of_beginning(request_id: str) -> list[Header]:
    """The headers of a stream that a keep-alive begins, before anything is known."""
    return [(b"x-request-id", request_id.encode()), (b"x-baton-interaction", request_id.encode())]


def of_stream(streaming: Underway, envelope: Envelope) -> list[Header]:
    """The headers of a stream; what is not known yet rides on its last event."""
    provider, model = streaming.served_by
    headers = [
        *of_beginning(streaming.id),
        (b"x-baton-provider", provider.encode()),
        (b"x-baton-model", _text(model).encode()),
        (b"x-baton-cache", streaming.cache.encode()),
        (b"x-baton-fallback", b"%d" % streaming.fallbacks),
        (b"x-baton-attempts", b"%d" % streaming.attempts),
    ]
    return [*headers, *_upstream(streaming.headers), *_notes(envelope, streaming.losses)]


def of_count(count: Count, request: Outline, request_id: str) -> list[Header]:
    """The headers of a count: whose tokens they are, whether they are a guess, and what was not counted."""
    headers = [
        (b"x-request-id", request_id.encode()),
        (b"x-baton-provider", count.provider.encode()),
        (b"x-baton-model", _text(count.model).encode()),
    ]
    if count.counted.estimated:
        headers.append((b"x-baton-estimated", b"true"))
    return [*headers, *_notes(request, count.counted.losses)]


def of_error(error: BatonError, request_id: str) -> list[Header]:
    """The headers of an error."""
    headers = [(b"x-request-id", request_id.encode())]
    if error.retry_after_s is not None:
        headers.append((b"retry-after", b"%d" % max(1, ceil(error.retry_after_s))))
    if not error.retryable and error.status in (408, 409, 429, 500, 502, 503, 504):
        headers.append((b"x-should-retry", b"false"))
    return headers


def _upstream(headers: Mapping[str, str]) -> list[Header]:
    return [(name.encode("latin-1"), _text(value).encode()) for name, value in headers.items()]


def _notes(request: Outline, losses: Losses) -> list[Header]:
    """What of the request, and of a whole answer, was left out or said otherwise."""
    told = {
        b"x-baton-dropped": (*request.options.dropped, *losses.dropped),
        b"x-baton-adjusted": losses.adjusted,
    }
    return [(name, _text(", ".join(words)).encode()) for name, words in told.items() if words]


def _text(value: str) -> str:
    """A header value: printable ASCII, and no line end that could begin another header."""
    if len(value) <= _LONGEST and value.isascii() and value.isprintable():
        return value
    return "".join(char if " " <= char <= "~" else "?" for char in value[:_LONGEST])
