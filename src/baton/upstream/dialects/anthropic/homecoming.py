"""A conversation that models of other dialects took part in, on its way to one of this dialect's own.

The thoughts that Baton carried for them are taken out of the body as it came; all else stays.
"""

import msgspec
from msgspec import Raw

from baton.core.dialect import Dialect
from baton.core.losses import Feature, Losses
from baton.core.provider import ProviderSpec
from baton.upstream.dialects.anthropic.riders import of_call, of_text, unseal
from baton.upstream.dialects.carried import holds_marked
from baton.upstream.dialects.wire import UNREADABLE, as_object, as_text

_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_ITEMS = msgspec.json.Decoder(list[Raw])
_THOUGHTS = {"thinking": "signature", "redacted_thinking": "data"}
"""Blocks, and where each has what its provider knows it by."""


def bring_home(body: bytes, model: str, spec: ProviderSpec, losses: Losses) -> bytes:
    """The body without what other dialects' models thought; the very same where there is none.

    Where a tool's result waits for an answer and the call has lost its thought, thinking by a budget is not
    asked for: the API refuses it (its guide on thinking, preserving blocks).
    """
    del model, spec  # they all take their own thoughts only
    if not holds_marked(body):
        return body
    try:
        fields = _FIELDS.decode(body)
        messages = _ITEMS.decode(fields.get("messages", b"null"))
        kept = [again for message in messages if (again := _clean(message, losses)) is not None]
        if kept == messages:
            return body
        thinking = as_object(msgspec.json.decode(fields.get("thinking", b"null")))
        if thinking.get("type") == "enabled" and _began_without(kept):
            del fields["thinking"]
            losses.adjust(Feature.REASONING_BUDGET, "none")
    except UNREADABLE:  # passing on will say so, or the provider
        return body
    fields["messages"] = Raw(msgspec.json.encode(kept))
    return msgspec.json.encode(fields)


def _clean(message: Raw, losses: Losses) -> Raw | None:
    """A message as Anthropic may see it; None: nothing is left of it."""
    if b'"baton.' not in bytes(message):
        return message
    fields = _FIELDS.decode(message)
    blocks = _blocks(fields)
    foreign = [block for block in blocks if _is_foreign(block)]
    if not foreign:
        return message
    losses.drop(Feature.REASONING_SIGNATURE)
    if any(as_object(msgspec.json.decode(block)).get("thinking") for block in foreign):
        losses.drop(Feature.REASONING)
    kept = [block for block in blocks if block not in foreign]
    if not kept:
        losses.adjust(Feature.EMPTY_CONTENT)
        return None
    return Raw(msgspec.json.encode({**fields, "content": kept}))


def _blocks(message: dict[str, Raw]) -> list[Raw]:
    """The blocks of a message; one that is a text has none."""
    content = message.get("content", Raw(b"null"))
    return _ITEMS.decode(content) if bytes(content).startswith(b"[") else []


def _is_foreign(written: Raw) -> bool:
    """Whether a block is a thought that Baton has put there for another dialect."""
    if b'"baton.' not in bytes(written):
        return False
    block = as_object(msgspec.json.decode(written))
    sealed = as_text(block.get(_THOUGHTS.get(str(block.get("type")), "")))
    if not sealed:
        return False
    if of_call(sealed) is not None or of_text(sealed) is not None:
        return True
    signature = unseal(sealed).signature
    return signature is None or signature.origin is not Dialect.ANTHROPIC


def _began_without(messages: list[Raw]) -> bool:
    """Whether the open loop of tools has calls of a turn that does not begin with a thought."""
    for message in reversed(messages):
        fields = _FIELDS.decode(message)
        kinds = [as_object(msgspec.json.decode(block)).get("type") for block in _blocks(fields)]
        if bytes(fields.get("role", b"")) != b'"assistant"':
            if any(kind != "tool_result" for kind in kinds) or not kinds:
                return False
        elif "tool_use" in kinds and kinds[0] not in _THOUGHTS:
            return True
    return False
