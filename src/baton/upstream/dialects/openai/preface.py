"""What Baton puts before a caller's own words, in a body of chat completions."""

import msgspec
from msgspec import Raw, Struct

from baton.core.preface import Preface
from baton.upstream.dialects.bodies import fields_of
from baton.upstream.dialects.foreword import items, joined, raw, said, text_of, together

_TOLD = ("system", "developer")


class _Message(Struct):
    role: str = ""
    content: Raw = Raw(b"null")


_message = msgspec.json.Decoder(_Message).decode
_fields = msgspec.json.Decoder(dict[str, Raw]).decode


def prefaced(body: bytes, preface: Preface) -> bytes:
    """The body with it. Instructions join the caller's own in one message where these are a text: some models
    take no second one."""
    fields = fields_of(body)
    messages = items(fields["messages"]) if said(fields, "messages") else []
    if preface.system:
        messages = _instructed(messages, preface.system)
    if preface.user:
        first = next(
            (at for at, each in enumerate(messages) if _message(each).role not in _TOLD), len(messages)
        )
        messages.insert(first, raw({"role": "user", "content": preface.user}))
    fields["messages"] = together(messages)
    return msgspec.json.encode(fields)


def warmed(body: bytes, temperature: float) -> bytes:
    """The body with a temperature."""
    fields = fields_of(body)
    fields["temperature"] = raw(temperature)
    return msgspec.json.encode(fields)


def _instructed(messages: list[Raw], system: str) -> list[Raw]:
    first = _message(messages[0]) if messages else _Message()
    if first.role not in _TOLD:
        return [raw({"role": "system", "content": system}), *messages]
    own = text_of(first.content)
    if own is None:
        part = raw({"type": "text", "text": system})
        content = together((part, *items(first.content)))
    else:
        content = raw(joined(system, own))
    return [raw(_fields(messages[0]) | {"content": content}), *messages[1:]]
