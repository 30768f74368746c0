"""Text that JSON and every database takes."""

import re
import unicodedata

_LIGATURES = {
    0xFB00: "ff",
    0xFB01: "fi",
    0xFB02: "fl",
    0xFB03: "ffi",
    0xFB04: "ffl",
    0xFB05: "st",
    0xFB06: "st",
}
"""Of Latin letters. NFKC would take them apart, too, and turn x² into x2 and ½ into 1⁄2."""

_CONTROLS = (*range(0x00, 0x20), *range(0x7F, 0xA0))
_NO_CHARACTERS = (0xFFFE, 0xFFFF, *range(0xFDD0, 0xFDF0))
_INVISIBLE = (0xAD, 0xFEFF)
"""The soft hyphen and the mark of byte order."""

_TABLE: dict[int, str | None] = {
    **dict.fromkeys((*_CONTROLS, *_NO_CHARACTERS, *_INVISIBLE), None),
    **_LIGATURES,
    **dict.fromkeys((0x0A, 0x0B, 0x0C, 0x0D, 0x85, 0x2028, 0x2029), "\n"),
    0x09: "\t",
    0xA0: " ",
}

_LONGEST_NAME = 200


def safe(text: str) -> str:
    """Every kind of line break as `\\n`, ligatures taken apart, letters composed (NFC); without control
    characters; halves of surrogate pairs are U+FFFD."""
    whole = text.replace("\r\n", "\n").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return unicodedata.normalize("NFC", whole.translate(_TABLE))


def line(text: str, longest: int = _LONGEST_NAME) -> str:
    """The same as one line of at most so many characters."""
    # Cut first: what comes after many blanks is not worth looking for.
    return " ".join(safe(text[: longest * 4]).split())[:longest]


def name_of(path: str) -> str:
    """A file's name without folders, of either kind; `document` where nothing is left."""
    return line(re.split(r"[/\\]", path[-_LONGEST_NAME * 4 :])[-1]).strip(".") or "document"
