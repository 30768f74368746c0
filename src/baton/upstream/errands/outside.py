"""The outside of an errand's JSON body, and of its answer."""

from functools import partial
from typing import Any, TypeVar

import msgspec
from msgspec import Raw, Struct

from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.failures import Failure, Kind
from baton.core.provider import ProviderSpec, Service
from baton.core.usage import Usage
from baton.upstream.dialects.bodies import fields_of
from baton.upstream.dialects.codec import NotAnAnswer
from baton.upstream.dialects.openai.errors import error_inside
from baton.upstream.dialects.wire import (
    UNREADABLE,
    absent,
    as_object,
    as_text,
    checked_model,
    invalid,
    missing,
    no_json,
)
from baton.upstream.errands.errand import Errand, Letter

_NULL = b"null"


class Outside(Struct):
    """What every JSON errand may hold."""

    model: str | None = None
    stream: bool | None = None
    baton: Raw = Raw(_NULL)


B = TypeVar("B", bound=Outside)


def read_outside(letter: Letter, decoder: msgspec.json.Decoder[B]) -> B:
    """The outside of a body.

    Raises:
        Invalid: no JSON, a field of the wrong kind or missing; a stream is wished for.
    """
    try:
        outside = decoder.decode(letter.body)
    except msgspec.ValidationError as error:
        raise missing(name) if (name := absent(error)) else invalid(error) from None
    except UNREADABLE as error:
        raise no_json(error) from None
    if outside.stream:
        raise unstreamed()
    return outside


def unstreamed() -> Invalid:
    """The refusal of a stream: what comes in pieces here is pictures and text of one recording."""
    return Invalid("This route does not stream; leave out 'stream'.", param="stream", code="invalid_value")


def errand(letter: Letter, outside: Outside, service: Service, *, chars: int, most: Usage) -> Errand:
    """The errand of a JSON body. `chars`: of all text; `most`: what it may use."""
    wishes = bytes(outside.baton)
    return Errand(
        dialect=Dialect.OPENAI,
        model=checked_model(outside.model),
        stream=False,
        max_tokens=None if most.completion else 1,
        needs=frozenset({service.value}),
        input_chars=chars,
        options=letter.read_options(None if wishes == _NULL else wishes),
        service=service,
        content_type="application/json",
        body_for=partial(_body_for, letter.body),
        headers=letter.headers,
        most=most,
    )


def prompt_of(letter: Letter) -> Usage:
    """At most: a token has one byte at least, and what frames a text is not longer than its quotes."""
    return Usage(prompt=len(letter.body), estimated=True)


def _body_for(body: bytes, model: str) -> bytes:
    """Each field once and as it was written, but for the model's name; Baton's own is taken out."""
    fields = fields_of(body)
    fields.pop("baton", None)
    fields["model"] = Raw(msgspec.json.encode(model))
    return msgspec.json.encode(fields)


def tokens_in(usage: object) -> Usage | None:
    """The usage in an answer's `usage`, in either of the words in use; None where it counts no tokens."""
    counts = as_object(usage)
    prompt = _count(counts, "prompt_tokens", "input_tokens")
    completion = _count(counts, "completion_tokens", "output_tokens")
    total = _count(counts, "total_tokens")
    if prompt is None and total is not None:  # recording voyageai-c56d136a87 has nothing but the total
        prompt = total - (completion or 0)
    if prompt is None and completion is None:
        return None
    # Transcriptions say `token`, images say `tokens`, as OpenAI's description has it.
    heard = as_object(counts.get("input_token_details"))
    seen, made = as_object(counts.get("input_tokens_details")), as_object(counts.get("output_tokens_details"))
    return Usage(
        prompt=prompt or 0,
        completion=completion or 0,
        audio_in=_count(heard, "audio_tokens") or 0,
        image_in=_count(seen, "image_tokens") or 0,
        image_out=_count(made, "image_tokens") or 0,
    )


def _count(counts: dict[str, Any], *names: str) -> int | None:
    return next((counts[name] for name in names if type(counts.get(name)) is int), None)


class Told(Struct):
    """An answer's fields, the long one unread."""

    model: Any = None
    id: Any = None
    usage: Any = None
    error: Any = None
    data: Raw = Raw(_NULL)
    results: Raw = Raw(_NULL)
    text: Any = None
    duration: Any = None

    @property
    def version(self) -> str:
        """The model as the provider names it."""
        return as_text(self.model) or ""

    @property
    def name(self) -> str:
        """The answer's id."""
        return as_text(self.id) or ""


_TOLD = msgspec.json.Decoder(Told)


def read_told(body: bytes, spec: ProviderSpec) -> Told:
    """The outside of an answer.

    Raises:
        NotAnAnswer: it is no JSON object, or an error inside a 200.
    """
    try:
        told = _TOLD.decode(body)
    except (msgspec.ValidationError, *UNREADABLE) as error:
        raise malformed(str(error)) from None
    if told.error:
        raise NotAnAnswer(error_inside(spec, told.error))
    return told


def require_list(list_: Raw, name: str) -> None:
    """The one field without which there is no answer.

    Raises:
        NotAnAnswer: it is no list.
    """
    if not bytes(list_).startswith(b"["):
        raise malformed(f"there is no list '{name}' in it")


def malformed(why: str) -> NotAnAnswer:
    """The failure of a 200 that holds no answer."""
    message = f"The provider's answer cannot be understood: {why}."
    return NotAnAnswer(Failure(kind=Kind.MALFORMED, message=message, status=200, billed=True))
