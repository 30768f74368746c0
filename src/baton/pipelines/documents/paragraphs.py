"""Lines of a page made paragraphs again; which of them are headings."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from msgspec import Struct

_SAME_SIZE = 0.1
"""By so much, relatively, may letters of one paragraph differ: between fonts the boxes do."""
_PITCH_BETWEEN = (0.9, 2.2)
"""A line below the next, in heights of its letters: set solid, and double-spaced."""
_GAP = 1.3
"""A paragraph ends where the next line is further down than usual, so many times."""
_INDENT = 0.8
"""A new paragraph's first line is so far to the right of the one before, in heights."""
_SHORT = 0.8
"""A line that is narrower than this part of its neighbours, and ends a sentence, ends a paragraph."""
_LARGER = 1.15
"""A heading's letters, beside those of the body."""
_LONGEST_HEADING = 200

_ITEM = re.compile(r"(?:[•◦▪‣·●○■–—*-]|\d{1,3}[.)]|\(?[a-z]\))[ \t]")
_SENTENCE_ENDS = (".", "!", "?", ":", ";", "…", ".”", '."', ".)", "。")
_WIDE = "[\u3000-\u30ff\u3400-\u9fff\uff00-\uff60]"
"""Scripts without spaces between words."""
_TOUCHING = re.compile(rf"\d[-–]\d$|.?{_WIDE}{_WIDE}$")
"""The end of a line and the beginning of the next, where no space is between them."""


class Row(Struct, frozen=True):
    """A line as it stands on the page; lengths in points, upwards and to the right."""

    text: str
    left: float
    right: float
    bottom: float
    height: float
    """Of its letters, from the lowest to the highest that there could be."""
    bold: bool

    @property
    def width(self) -> float:
        """From its first letter to its last."""
        return self.right - self.left


class Paragraph(Struct, frozen=True):
    """Lines that belong together."""

    text: str
    height: float
    bold: bool

    @property
    def look(self) -> tuple[float, bool]:
        """What its letters look like, roughly."""
        return round(self.height, 1), self.bold


def paragraphs(rows: Sequence[Row]) -> list[Paragraph]:
    """Of one page, in the order of its lines."""
    pitch = _usual_pitch(rows)
    groups: list[list[Row]] = []
    for row in rows:
        if groups and _goes_on(groups[-1], row, pitch):
            groups[-1].append(row)
        else:
            groups.append([row])
    return [_joined(group) for group in groups]


def body_of(everything: Iterable[Paragraph]) -> tuple[float, bool] | None:
    """The look that most characters of a document have; None where there are none."""
    looks: Counter[tuple[float, bool]] = Counter()
    for paragraph in everything:
        looks[paragraph.look] += len(paragraph.text)
    return max(looks, key=looks.__getitem__) if looks else None


def is_heading(paragraph: Paragraph, body: tuple[float, bool]) -> bool:
    """Whether it is short, and larger or bolder than the body, and says something."""
    height, bold = body
    if len(paragraph.text) > _LONGEST_HEADING or not any(map(str.isalpha, paragraph.text)):
        return False
    if paragraph.height >= height * _LARGER:
        return True
    as_large = paragraph.height >= height * (1 - _SAME_SIZE)
    return paragraph.bold and not bold and as_large and not paragraph.text.endswith((".", ",", ";"))


def _usual_pitch(rows: Sequence[Row]) -> float:
    """How far below each other lines are, in heights of their letters."""
    least, most = _PITCH_BETWEEN
    steps = [
        step
        for above, row in pairwise(rows)
        if row.height > 0 and least <= (step := (above.bottom - row.bottom) / row.height) <= most
    ]
    return median(steps) if steps else 1.2


def _goes_on(group: Sequence[Row], row: Row, pitch: float) -> bool:
    last = group[-1]
    height = max(row.height, last.height)
    if height <= 0:
        return False
    down = (last.bottom - row.bottom) / height
    if abs(down) < 0.5 and row.left >= last.left:
        return True  # the same line, after a wide gap
    alike = abs(row.height - last.height) <= _SAME_SIZE * height and row.bold == last.bold
    if not alike or _ITEM.match(row.text):
        return False
    ended = last.text.endswith(_SENTENCE_ENDS)
    if down < 0:  # the next column
        return not ended and row.text[:1].islower()
    if down > _GAP * pitch:
        return False
    hanging = _ITEM.match(group[0].text) is not None
    if row.left > last.left + _INDENT * height and not hanging:
        return False
    widest = max(*(each.width for each in group), row.width)
    return not (ended and last.width < _SHORT * widest)


def _joined(group: Sequence[Row]) -> Paragraph:
    text = group[0].text
    for row in group[1:]:
        text += ("" if _TOUCHING.match(text[-2:] + row.text[:1]) else " ") + row.text
    return Paragraph(text, median(row.height for row in group), all(row.bold for row in group))
