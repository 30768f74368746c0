"""A request with what Baton puts before its caller's own words."""

from collections.abc import Callable

import msgspec
from msgspec import structs

from baton.core.dialect import Dialect
from baton.core.estimate import weight_of
from baton.core.messages import Message, Role, Text
from baton.core.preface import Preface
from baton.core.request import ChatRequest, Envelope, Sampling
from baton.upstream.dialects.bodies import fields_of
from baton.upstream.dialects.foreword import raw
from baton.upstream.dialects.registry import CODECS

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
    said = envelope.temperature
    limit = preface.max_tokens if envelope.max_tokens is None else None
    fresh = structs.replace(
        envelope,
        options=options,
        input_chars=chars,
        temperature=preface.temperature if said is None else said,
        max_tokens=envelope.max_tokens if limit is None else limit,
        bound=envelope.bound if limit is None else limit,
    )
    if envelope.dialect is not Dialect.NATIVE:
        return structs.replace(fresh, body=CODECS[envelope.dialect].preface(envelope.body, preface))
    fields = fields_of(envelope.body or b"{}")
    body = msgspec.json.encode(fields | {"preface": raw(preface)})  # it is the same only with the same one
    return structs.replace(fresh, body=body, read=_reader(envelope.read, preface))


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
        messages = (_turn(Role.SYSTEM, preface.system), *messages)
    sampling = request.sampling
    if preface.temperature is not None and sampling.temperature is None:
        sampling = _warmed(sampling, preface.temperature)
    return structs.replace(request, messages=messages, sampling=sampling)


def _warmed(sampling: Sampling, temperature: float) -> Sampling:
    return structs.replace(sampling, temperature=temperature)


def _turn(role: Role, text: str) -> Message:
    return Message(role=role, parts=(Text(text=text),))
