"""What all dialects' errors have in common: kinds by status, bounds, and no key shown to anybody."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

import msgspec
from msgspec import structs

from baton.core.errors import AllAttemptsFailed, BatonError, Unservable
from baton.core.failures import Failure, Kind
from baton.core.provider import ProviderSpec
from baton.upstream.dialects.wire import UNREADABLE

MAX_MESSAGE_CHARS = 2000
"""Enough for any provider's sentence, too little for a document sent back."""

MAX_WORD_CHARS = 200
_MOST_SEARCHED_CHARS = 10_000
"""Of a message that is compared with known ones."""

_HEAD_BYTES = 200
"""Of a body, enough to tell HTML from JSON."""

_MAX_EXTRA_CHARS = 16_000
"""Of further fields, as JSON: a tool call that came out wrong is among them."""

_LEAST_KEY_CHARS = 8
_HIDDEN = "[key]"
_KEY = re.compile(r"\b(?:(?:sk|pk|gsk|xai|pplx|csk|key|bk)[-_][\w*.-]{7,}[\w*]|AIza[\w-]{20,})")

BY_STATUS = {
    400: Kind.BAD_REQUEST,
    401: Kind.CREDENTIAL,
    402: Kind.EXHAUSTED,
    403: Kind.CREDENTIAL,
    404: Kind.MODEL_GONE,
    405: Kind.SERVER,  # a wrong address
    407: Kind.SERVER,  # a proxy that stands between
    408: Kind.CONFLICT,
    409: Kind.CONFLICT,
    410: Kind.MODEL_GONE,
    413: Kind.CONTEXT_LENGTH,
    422: Kind.BAD_REQUEST,
    425: Kind.CONFLICT,
    429: Kind.RATE_LIMIT,
}

_OF_WHOEVER_STANDS_BEFORE = frozenset({400, 403, 404})
"""Statuses that say nothing of key, model or request where a page of HTML comes with them."""


def known_kind(spec: ProviderSpec, status: int, words: Iterable[str], message: str) -> Kind | None:
    """The kind that the provider's own declaration gives these words or this message; None: it is silent."""
    for word in words:
        declared = spec.errors.get((status, word))
        if declared is not None:
            return declared
    message = message[:_MOST_SEARCHED_CHARS]
    return next((known.kind for known in spec.messages if known.matches(message)), None)


def says_never(headers: Mapping[str, str]) -> bool:
    """Whether an error answer says itself that asking again is no use."""
    return headers.get("x-should-retry", "").strip().lower() == "false"


def is_from_elsewhere(status: int, body: bytes) -> bool:
    """Whether an error answer is not the API's own: a page of HTML, or a 404 that is no JSON. The address is
    wrong then, or something stands before it; the model, the key and the request are not at fault."""
    head = body[:_HEAD_BYTES].lstrip()
    if head.startswith(b"<"):
        return status in _OF_WHOEVER_STANDS_BEFORE
    return status == 404 and not head.startswith((b"{", b"["))


def kind_by_status(status: int) -> Kind:
    """What a status alone means."""
    kind = BY_STATUS.get(status)
    if kind is not None:
        return kind
    return Kind.BAD_REQUEST if 400 <= status < 500 else Kind.SERVER


def malformed(body: bytes, why: str) -> Failure:
    """The failure of a 200 that holds no answer; `why`, in a sentence's end, where it is JSON."""
    head = body[:_HEAD_BYTES].lstrip().lower()
    if not head:
        what = "an empty body"
    elif head.startswith(b"<"):
        what = "HTML"
    else:
        what = f"something that is no answer ({why})"
    return Failure(kind=Kind.MALFORMED, message=f"The provider answered 200 with {what}.", billed=True)


def no_count(why: str) -> Failure:
    """The failure of a 200 that holds no count of tokens; `why`, in a sentence's end."""
    message = f"The provider answered 200 with something that is no count ({why})."
    return Failure(kind=Kind.MALFORMED, message=message)


def unworded(status: int, body: bytes) -> str:
    """A sentence for an error answer that has none of its own."""
    head = body[:_HEAD_BYTES].lstrip().lower()
    if not head:
        return f"The provider answered {status} without a body."
    if head.startswith(b"<"):
        return f"The provider answered {status} with HTML."
    return f"The provider answered {status}."


def further(error: BatonError) -> dict[str, Any]:
    """What errors of Baton's own say beside the dialect's fields: what was tried, and why nothing fits."""
    if isinstance(error, AllAttemptsFailed):
        tried = error.attempts
        return {"attempts": [{"model": name, "reason": why.kind.value, "ms": ms} for name, why, ms in tried]}
    return {"reasons": error.reasons} if isinstance(error, Unservable) else {}


def holds_key(text: str) -> bool:
    """Whether something in a text looks like a key."""
    return _KEY.search(text) is not None


def presentable(failure: Failure, key: str) -> Failure:
    """The failure as it may be shown and kept: within bounds, and without anything that looks like a key.

    `key`: the one it was sent with, which a provider may repeat in its complaint. One of fewer than 8
    characters hides nothing, and would blot out words.
    """

    def clean(text: str, limit: int) -> str:
        if len(key) >= _LEAST_KEY_CHARS:
            text = text.replace(key, _HIDDEN).replace(quote(key, safe=""), _HIDDEN)
        return _KEY.sub(_HIDDEN, text)[:limit]

    def word(text: str | None) -> str | None:
        return text if text is None else clean(text, MAX_WORD_CHARS)

    return structs.replace(
        failure,
        message=clean(failure.message, MAX_MESSAGE_CHARS),
        code=word(failure.code),
        type=word(failure.type),
        param=word(failure.param),
        extra=_presentable_extra(failure.extra, clean),
    )


def _presentable_extra(
    extra: dict[str, object] | None, clean: Callable[[str, int], str]
) -> dict[str, object] | None:
    """Further fields, cleaned as the text they travel as; none where they are out of all proportion."""
    if extra is None:
        return None
    try:
        text = msgspec.json.encode(extra).decode()
        if len(text) > _MAX_EXTRA_CHARS:
            return None
        return msgspec.json.decode(clean(text, _MAX_EXTRA_CHARS), type=dict[str, object])
    except UNREADABLE:  # the bound cut it, what was hidden being shorter than its replacement
        return None
