"""Characters by kind, as far as tokens depend on it, and how to note them of a text that comes in pieces."""

KINDS = ("letter", "digit", "space", "mark", "accent", "foreign", "indic", "sign", "wide", "four")
"""Of characters: ASCII letters, digits, white space and the rest of ASCII; Latin letters with accents; other
scripts of two bytes in UTF-8 (Cyrillic, Greek, Hebrew, Arabic); of three: Indic and Thai, then signs (dashes,
quotes, arrows), then kana, Han and Hangul; of four (emoji)."""

PAIRS = ("word", "indent", "name")
"""Of neighbours: a letter behind a space (they are one token), a space behind a space (a run is one token), a
letter behind a mark."""

Chars = tuple[int, ...]
"""How many characters there are of each of `KINDS`, then how many of each of `PAIRS`."""

NO_CHARS: Chars = (0,) * (len(KINDS) + len(PAIRS))

KEPT_CHARS = 8192
"""Of a text that comes in pieces, so much of its beginning stays, for whoever wants to count it; what that is
worth beside what it was guessed at holds for the rest. As much memory as this is a stream's to take."""

_SAMPLED_CHARS = 16_384
_SAMPLES = 4
_PIECES = 64


_FIRSTS = (0xC6, 0xE0, 0xE2, 0xE3, 0xF0)
"""The first byte from which on a character is of the next kind."""


def _kind_of(byte: int) -> int:
    char = chr(byte)
    if byte < 0x80:
        return 0 if char.isalpha() else 1 if char.isdigit() else 2 if char.isspace() else 3
    if byte < 0xC0:
        return 255  # goes on with a character that was counted by its first byte
    return 4 + sum(byte >= first for first in _FIRSTS)


_TABLE = bytes(_kind_of(byte) for byte in range(256))
_COUNTED = (*(bytes((kind,)) for kind in range(len(KINDS))), b"\2\0", b"\2\2", b"\3\0")


def chars_of(text: str) -> Chars:
    """Characters by kind; a text of more than 64 K is judged by four samples, so that none takes longer than
    a millisecond."""
    size, sample = len(text), text
    if size > _SAMPLED_CHARS * _SAMPLES:
        step = (size - _SAMPLED_CHARS) // (_SAMPLES - 1)
        sample = "".join(text[at * step : at * step + _SAMPLED_CHARS] for at in range(_SAMPLES))
    kinds = sample.encode("utf-8", "replace").translate(_TABLE)
    if sample is text:
        return tuple(map(kinds.count, _COUNTED))
    return tuple(kinds.count(kind) * size // len(sample) for kind in _COUNTED)


class Tally:
    """Notes a text that comes in pieces: cheap for each of them; only the beginning is kept."""

    __slots__ = ("_beginning", "_chars", "_pieces", "size")

    def __init__(self) -> None:
        self.size = 0
        """Characters so far."""
        self._beginning = ""
        self._chars = NO_CHARS
        self._pieces: list[str] = []

    def hear(self, text: str) -> None:
        """One more piece."""
        self.size += len(text)
        self._pieces.append(text)
        if len(self._pieces) >= _PIECES:
            self._fold()

    @property
    def chars(self) -> Chars:
        """Of all pieces so far."""
        if self._pieces:
            self._fold()
        return self._chars

    @property
    def beginning(self) -> str:
        """The first `KEPT_CHARS` characters, or all there are."""
        if self._pieces:
            self._fold()
        return self._beginning

    def _fold(self) -> None:
        text = "".join(self._pieces)
        if len(self._beginning) < KEPT_CHARS:
            self._beginning = (self._beginning + text)[:KEPT_CHARS]
        new = chars_of(text)
        self._chars = tuple(map(int.__add__, self._chars, new))
        self._pieces.clear()
