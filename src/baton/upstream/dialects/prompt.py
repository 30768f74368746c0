"""What of a chat's body is the prompt, whatever its dialect."""

from typing import Any

import msgspec
from msgspec import Struct

from baton.upstream.dialects.wire import UNREADABLE


class _Prompt(Struct, omit_defaults=True):
    """What is said to the model, and the tools it is shown; no dialect has all of these."""

    messages: Any = None
    system: Any = None
    tools: Any = None
    functions: Any = None
    input: Any = None
    instructions: Any = None
    contents: Any = None
    systemInstruction: Any = None
    system_instruction: Any = None


_LONG_BYTES = 64 * 1024
"""Beyond that a body's spelling counts: to take 20 MB of messages apart holds the loop for half a second."""

_read = msgspec.json.Decoder(_Prompt).decode
_look = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_write = msgspec.json.Encoder(order="sorted").encode


def prompt_of(body: bytes) -> bytes:
    """The prompt alone: the same bytes for the same JSON, however its white space and its keys lie.

    In a body above 64 KiB they do matter. A body that is passed on unread may hold what is no JSON in the
    strict sense; it stands for itself.
    """
    try:
        if len(body) <= _LONG_BYTES:
            return _write(_read(body))
        fields = _look(body)
        return _write({name: fields[name] for name in _Prompt.__struct_fields__ if name in fields})
    except UNREADABLE:
        return body
