"""A request with what Baton puts before its caller's own words."""

from collections.abc import Callable
from hashlib import blake2b

import msgspec
from msgspec import structs

from baton.core.dialect import Dialect
from baton.core.estimate import weight_of
from baton.core.messages import Message, Role, Text
from baton.core.preface import Preface
from baton.core.request import ChatRequest, Envelope
from baton.upstream.dialects.registry import CODECS

_DIGEST_BYTES = 16
_TOLD = frozenset({Role.SYSTEM, Role.DEVELOPER})


def prefaced(envelope: Envelope, preface: Preface) -> Envelope:
    """The request with it: what it says, how long that is, and by what it is found again, all of it.

    Raises:
        Invalid: its body cannot be read.
    """
    options = structs.replace(
        envelope.options,
        prompt=preface.prompt,
        prompt_model=preface.model,
        prompt_tried=preface.tried,
        persona=preface.persona,
    )
    chars = envelope.input_chars + weight_of(preface.system) + weight_of(preface.user)
    limit = preface.max_tokens if envelope.max_tokens is None else None
    fresh = structs.replace(
        envelope,
        options=options,
        input_chars=chars,
        warmth=preface.temperature if envelope.temperature is None else None,
        max_tokens=envelope.max_tokens if limit is None else limit,
        bound=envelope.bound if limit is None else limit,
        prefaced=blake2b(msgspec.json.encode(preface), digest_size=_DIGEST_BYTES).hexdigest(),
    )
    if envelope.dialect is not Dialect.NATIVE:
        return structs.replace(fresh, body=CODECS[envelope.dialect].preface(envelope.body, preface))
    return structs.replace(fresh, read=_reader(envelope.read, preface))


def _reader(read: Callable[[bytes], ChatRequest], preface: Preface) -> Callable[[bytes], ChatRequest]:
    def with_preface(body: bytes) -> ChatRequest:
        return _opened(read(body), preface)

    return with_preface


def _opened(request: ChatRequest, preface: Preface) -> ChatRequest:
    messages = request.messages
    if preface.user:
        first = next((at for at, each in enumerate(messages) if each.role not in _TOLD), len(messages))
        messages = (*messages[:first], _turn(Role.USER, preface.user), *messages[first:])
    if preface.system:
        messages = _instructed(messages, preface.system)
    return structs.replace(request, messages=messages)


def _instructed(messages: tuple[Message, ...], system: str) -> tuple[Message, ...]:
    """In one message with the request's own instructions: some models take no second one."""
    if not messages or messages[0].role not in _TOLD:
        return (_turn(Role.SYSTEM, system), *messages)
    own = messages[0]
    return (structs.replace(own, parts=(Text(text=f"{system}\n\n"), *own.parts)), *messages[1:])


def _turn(role: Role, text: str) -> Message:
    return Message(role=role, parts=(Text(text=text),))
