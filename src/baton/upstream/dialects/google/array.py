"""A stream as one JSON array, element by element: what Google answers unless asked for events.

Every element but the last is followed by a comma, and the bracket before the first is the stream's opening:
so each piece can be written without knowing what was written before.
"""

from baton.core.losses import Losses
from baton.upstream.dialects.google.streams import StreamWriter

_BEHIND = b",\r\n"


class ArrayWriter(StreamWriter):
    """Turns core events into the elements of an array."""

    def __init__(self, losses: Losses) -> None:
        super().__init__(losses, framed=element, ended=last_element)


def element(data: bytes) -> bytes:
    """An element that is not the last."""
    return data + _BEHIND


def last_element(data: bytes) -> bytes:
    """The last one."""
    return data + b"]"
