"""In which scripts a text is written."""

from collections import Counter
from enum import StrEnum


class Script(StrEnum):
    """Scripts by which languages are told apart; HAN is what Chinese has, and Japanese beside its kana."""

    LATIN = "latin"
    CYRILLIC = "cyrillic"
    GREEK = "greek"
    ARABIC = "arabic"
    HEBREW = "hebrew"
    DEVANAGARI = "devanagari"
    THAI = "thai"
    HANGUL = "hangul"
    KANA = "kana"
    HAN = "han"
    OTHER = "other"


_RANGES = (
    (0x0041, 0x024F, Script.LATIN),
    (0x0250, 0x036F, Script.OTHER),
    (0x0370, 0x03FF, Script.GREEK),
    (0x0400, 0x052F, Script.CYRILLIC),
    (0x0590, 0x05FF, Script.HEBREW),
    (0x0600, 0x077F, Script.ARABIC),
    (0x08A0, 0x08FF, Script.ARABIC),
    (0x0900, 0x097F, Script.DEVANAGARI),
    (0x0E00, 0x0E7F, Script.THAI),
    (0x1100, 0x11FF, Script.HANGUL),
    (0x1E00, 0x1EFF, Script.LATIN),
    (0x1F00, 0x1FFF, Script.GREEK),
    (0x3040, 0x30FF, Script.KANA),
    (0x3130, 0x318F, Script.HANGUL),
    (0x31F0, 0x31FF, Script.KANA),
    (0x3400, 0x4DBF, Script.HAN),
    (0x4E00, 0x9FFF, Script.HAN),
    (0xAC00, 0xD7AF, Script.HANGUL),
    (0xF900, 0xFAFF, Script.HAN),
    (0xFB50, 0xFDFF, Script.ARABIC),
    (0xFE70, 0xFEFF, Script.ARABIC),
    (0x20000, 0x323AF, Script.HAN),
)
"""First and last code point of the blocks that matter (Unicode, Blocks.txt)."""

DENSE = frozenset({Script.HAN, Script.KANA, Script.HANGUL, Script.THAI, Script.DEVANAGARI})
"""More is said in a letter; of the last two, signs that are written with a letter are not counted."""


def script_of(letter: str) -> Script:
    """The script of one letter."""
    code = ord(letter)
    for first, last, script in _RANGES:
        if code <= last:
            return script if code >= first else Script.OTHER
    return Script.OTHER


def scripts_in(text: str) -> Counter[Script]:
    """How many letters of each script are in a text."""
    counts: Counter[Script] = Counter()
    for letter, count in Counter(text).items():
        if letter.isalpha():
            counts[script_of(letter)] += count
    return counts
