"""Errors: those inside answers and streams. Those outside have the shape of OpenAI's other API."""

import msgspec

from baton.core.errors import BatonError
from baton.core.failures import Failure, Kind
from baton.core.provider import ProviderSpec
from baton.upstream.dialects.failures import MAX_MESSAGE_CHARS
from baton.upstream.dialects.openai.errors import error_inside, write_error
from baton.upstream.dialects.sse import write_event
from baton.upstream.dialects.wire import as_object

_BY_CODE = {
    "server_error": Kind.SERVER,
    "server_is_overloaded": Kind.SERVER,
    "slow_down": Kind.SERVER,
    "rate_limit_exceeded": Kind.RATE_LIMIT,
    "insufficient_quota": Kind.EXHAUSTED,
    "usage_not_included": Kind.EXHAUSTED,
    "invalid_api_key": Kind.CREDENTIAL,
    "model_not_found": Kind.MODEL_GONE,
    "context_length_exceeded": Kind.CONTEXT_LENGTH,
    "content_filter": Kind.CONTENT_FILTER,
    "bio_policy": Kind.CONTENT_FILTER,
    "cyber_policy": Kind.CONTENT_FILTER,
    "image_content_policy_violation": Kind.CONTENT_FILTER,
    "vector_store_timeout": Kind.SERVER,
    "failed_to_download_image": Kind.BAD_REQUEST,
    "image_file_not_found": Kind.BAD_REQUEST,
}
"""Of the API description's `ResponseErrorCode`, and of OpenAI's error guide."""

_LAST = (1 << 31) - 1
"""The number of an error event: behind all others, how many there were."""


def failure_inside(spec: ProviderSpec, error: object) -> Failure:
    """What the error of an answer that failed means, or that of an `error` event, in either of its shapes."""
    fields = as_object(error)
    fields = as_object(fields.get("error")) or fields
    known = ("type", "event_id", "sequence_number")
    if fields.get("type") == "error":
        fields = {name: value for name, value in fields.items() if name not in known}
    failure = error_inside(spec, fields or {"message": "The provider's answer failed."})
    code = fields.get("code")
    kind = _BY_CODE.get(code) if isinstance(code, str) else None
    if kind is None and isinstance(code, str) and code.startswith(("invalid_", "unsupported_", "image_")):
        kind = Kind.BAD_REQUEST
    if kind is None or failure.kind is not Kind.SERVER:
        return failure
    return msgspec.structs.replace(failure, kind=kind)


def write_error_event(error: BatonError, request_id: str) -> bytes:
    """The end of a stream that broke: what the API description has, and beside it the error as an object,
    which is what OpenAI's SDKs raise."""
    body = msgspec.json.decode(write_error(error, request_id))
    event = {
        "type": "error",
        "code": error.code,
        "message": error.message[:MAX_MESSAGE_CHARS],
        "param": body["error"]["param"],
        "sequence_number": _LAST,
        **body,
    }
    return write_event(msgspec.json.encode(event), "error")
