"""What an image takes in tokens: its size, read from its first bytes, by the published rule of the model."""

import base64
import binascii
from math import ceil

from msgspec import Struct

Size = tuple[int, int]
"""Width and height, pixels."""

USUAL: Size = (640, 480)
"""Assumed of an image that is somewhere else, or in a format that is not read here."""

_HEAD_CHARS = 65_536
"""Of base64: a JPEG's size stands behind its metadata."""

_PNG, _GIF, _JPEG = b"\x89PNG\r\n\x1a\n", b"GIF8", b"\xff\xd8"
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class Vision(Struct, frozen=True, kw_only=True):
    """How models count an image: shrunk until it fits, then cut into squares."""

    models: str
    """A regular expression, searched in the model's name without regard to case; the first counts."""
    source: str
    square: int
    """A square's side, pixels; one begun counts."""
    tokens: float
    """For each square."""
    once: float = 0
    row: float = 0
    """For each row of squares."""
    longest: int | None = None
    """The longer side is shrunk to it, pixels."""
    shortest: int | None = None
    """Then the shorter one."""
    most: int | None = None
    """Squares are no more than these."""

    def tokens_of(self, size: Size) -> float:
        """The tokens of one image."""
        width, height = size
        shrunk = min(1.0, self.longest / max(size)) if self.longest else 1.0
        if self.shortest:
            shrunk = min(shrunk, self.shortest / min(size))
        columns, rows = ceil(width * shrunk / self.square), ceil(height * shrunk / self.square)
        squares = columns * rows if self.most is None else min(self.most, columns * rows)
        return self.once + self.tokens * squares + self.row * rows


def size_of(data: str | None) -> Size | None:
    """The size of a PNG, GIF or JPEG in base64; None: not one of them, or broken."""
    if data is None:
        return None
    try:
        head = base64.b64decode(data[:_HEAD_CHARS])
    except (binascii.Error, ValueError):
        return None
    width, height = 0, 0
    if head.startswith(_PNG) and len(head) >= 24:
        width, height = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    elif head.startswith(_GIF) and len(head) >= 10:
        width, height = int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
    elif head.startswith(_JPEG):
        width, height = _jpeg_size(head)
    return (width, height) if width and height else None


def _jpeg_size(head: bytes) -> Size:
    """From marker to marker up to the frame's; zeros: it is not among these bytes."""
    at = len(_JPEG)
    while at + 9 <= len(head) and head[at] == 0xFF:
        if head[at + 1] in _JPEG_FRAMES:
            return int.from_bytes(head[at + 7 : at + 9], "big"), int.from_bytes(head[at + 5 : at + 7], "big")
        at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return 0, 0
