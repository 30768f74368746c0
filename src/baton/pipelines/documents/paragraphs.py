"""Lines of a page made paragraphs again; which of them are headings."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from msgspec import Struct

_SAME_SIZE = 0.1
"""By so much, relatively, may letters of one paragraph differ: between fonts the boxes do."""
_PITCH_BETWEEN = (0.9, 2.5)
"""From a line to the next, in heights of its letters: set solid, and double-spaced."""
_USUAL_PITCH = 1.2
_GAP = 1.3
"""A paragraph ends where the next line is further down than usual, so many times."""
_INDENT = 0.8
"""A new paragraph's first line is so far to the right of the one before, in heights."""
_SAME_COLUMN = 3.0
"""Lines of one column begin about so near to each other, in heights: indents are narrower."""
_SAME_LINE = 0.5
"""What is less far down than this, in heights, is on the same line, behind a wide gap."""
_ROOM = 0.1
"""Of a column's width is left, behind one more word, on a line that was not broken for want of it."""
_LARGER = 1.15
"""A heading's letters, beside those of the body."""
_LONGEST_HEADING = 200

_ITEM = re.compile(r"(?:[•◦▪‣·●○■–—*-]|\d{1,3}[.)]|\(?[a-z]\))[ \t]")
_SENTENCE_ENDS = (".", "!", "?", ":", "…", ".”", '."', ".)", "。")
_LEADERS = re.compile(r"(?:[.·…] ?){4}")
"""Dots between a heading and its page, in a table of contents."""
_WIDE = "[\u3000-\u30ff\u3400-\u9fff\uff00-\uff60]"
"""Scripts without spaces between words."""
_TOUCHING = re.compile(rf"\d[-–]\d$|.?{_WIDE}{_WIDE}$")
"""The end of a line and the beginning of the next, where no space is between them."""


class Row(Struct, frozen=True):
    """A line as it stands on the page; lengths in points, to the right and upwards."""

    text: str
    left: float
    right: float
    """Of its end, which is on another line where a word was parted."""
    bottom: float
    end: float
    """The bottom at its end."""
    height: float
    """Of its letters, from the lowest to the highest that there could be."""
    bold: bool


class Paragraph(Struct, frozen=True):
    """Lines that belong together; line breaks in it are its author's."""

    text: str
    height: float
    bold: bool

    @property
    def look(self) -> tuple[float, bool]:
        """What its letters look like, roughly."""
        return round(self.height, 1), self.bold


def paragraphs(rows: Sequence[Row]) -> list[Paragraph]:
    """Of one page, in the order of its lines."""
    page = _Page(rows)
    groups: list[list[Row]] = []
    texts: list[list[str]] = []
    for row in rows:
        between = page.between(groups[-1], row) if groups else None
        if between is None:
            groups.append([row])
            texts.append([row.text])
        else:
            groups[-1].append(row)
            texts[-1] += (between, row.text)
    return [
        Paragraph("".join(said), median(row.height for row in group), all(row.bold for row in group))
        for group, said in zip(groups, texts, strict=True)
    ]


def body_of(everything: Iterable[Paragraph]) -> tuple[float, bool] | None:
    """The look that most characters of a document have; None where there are none."""
    looks: Counter[tuple[float, bool]] = Counter()
    for paragraph in everything:
        looks[paragraph.look] += len(paragraph.text)
    return max(looks, key=looks.__getitem__) if looks else None


def is_heading(paragraph: Paragraph, body: tuple[float, bool]) -> bool:
    """Whether it is short, and larger or bolder than the body, and says something."""
    text, (height, bold) = paragraph.text, body
    if len(text) > _LONGEST_HEADING or _LEADERS.search(text) or not any(map(str.isalpha, text)):
        return False
    if paragraph.height >= height * _LARGER:
        return True
    as_large = paragraph.height >= height * (1 - _SAME_SIZE)
    return paragraph.bold and not bold and as_large and not text.endswith((".", ",", ";"))


class _Page:
    """What is usual on a page."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._pitch = _pitch(rows)
        self._reach = _SAME_COLUMN * median(row.height for row in rows) if rows else 0.0
        self._edges: dict[int, float] = {}
        """How far lines reach to the right, by where they begin."""
        for row in rows:
            place = self._place(row)
            self._edges[place] = max(row.right, self._edges.get(place, row.right))

    def between(self, group: Sequence[Row], row: Row) -> str | None:
        """What stands between a paragraph so far and a line that goes on with it; None: the line does not."""
        last = group[-1]
        height = max(row.height, last.height)
        if height <= 0:
            return None
        space = "" if _TOUCHING.match(last.text[-2:] + row.text[:1]) else " "
        down = (last.end - row.bottom) / height
        if abs(down) < _SAME_LINE and row.left >= last.left:
            return space
        alike = abs(row.height - last.height) <= _SAME_SIZE * height and row.bold == last.bold
        if not alike or _ITEM.match(row.text):
            return None
        ended = last.text.endswith(_SENTENCE_ENDS)
        if down < 0:  # the next column
            return space if row.text[:1].islower() and not ended else None
        if down > _GAP * self._pitch:
            return None
        hanging = _ITEM.match(group[0].text) is not None
        if row.left > last.left + _INDENT * height and not hanging:
            return None
        if not self._has_room(last, row):
            return space
        return None if ended else "\n"

    def _has_room(self, last: Row, row: Row) -> bool:
        """Whether the next line's first word would have stood on the one before: somebody broke it there."""
        place = self._place(last)
        edge = max(self._edges.get(near, last.right) for near in (place - 1, place, place + 1))
        word = row.text.split(" ", 1)[0]
        a_character = (row.right - row.left) / len(row.text)
        return last.right + (len(word) + 1) * a_character + _ROOM * (edge - last.left) < edge

    def _place(self, row: Row) -> int:
        return int(row.left / self._reach) if self._reach > 0 else 0


def _pitch(rows: Sequence[Row]) -> float:
    """How far below each other lines usually are, in heights of their letters."""
    least, most = _PITCH_BETWEEN
    steps = [
        step
        for above, row in pairwise(rows)
        if row.height > 0 and least <= (step := (above.end - row.bottom) / row.height) <= most
    ]
    return median(steps) if steps else _USUAL_PITCH
