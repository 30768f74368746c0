"""PDFium, by its C interface: the only file that knows it. For the child alone; the library is loaded when
this is opened. What is known of it here was read in its headers and tried, with version 159.0.8149."""

import ctypes
import importlib
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from msgspec import Struct

from baton.pipelines.documents.characters import line, safe
from baton.pipelines.documents.paragraphs import Row

_LOCKED = (4, 5)
"""`FPDF_ERR_PASSWORD`, and `FPDF_ERR_SECURITY` for encryptions that it does not know."""
_BOLD_WEIGHT = 600
_BOLD_NAME = re.compile("bold|black|heavy", re.IGNORECASE)
_LONGEST_TITLE_BYTES = 2000
_LONGEST_FONT_NAME = 128

_HYPHEN = "\ufffe"
"""What stands where a word was parted at a line's end."""
_LINES = re.compile(r"\r\n|\r|\n")
_PARTED = re.compile(f"{_HYPHEN}(?=[^\\W\\d_])(?=(.))")


class Locked(Exception):
    """It wants a password."""


class Broken(Exception):
    """It is no PDF that can be opened."""


class Look(Struct, frozen=True):
    """What a page has."""

    rows: tuple[Row, ...]
    characters: int
    """All there are, also beyond those that were asked for."""
    blank: bool
    """Whether there is nothing on it, not even a picture."""


class Pdf:
    """An opened file."""

    def __init__(self, raw: Any, document: Any) -> None:
        self._raw = raw
        self._document = document
        self.page_count: int = raw.FPDF_GetPageCount(document)

    @property
    def title(self) -> str:
        """As its metadata have it; empty where they have none."""
        buffer = ctypes.create_string_buffer(_LONGEST_TITLE_BYTES)
        length = self._raw.FPDF_GetMetaText(self._document, b"Title", buffer, _LONGEST_TITLE_BYTES)
        if not 2 <= length <= _LONGEST_TITLE_BYTES:
            return ""
        return line(buffer.raw[: length - 2].decode("utf-16-le", "replace"))

    @property
    def is_form(self) -> bool:
        """Whether it has fields to fill in."""
        return self._raw.FPDF_GetFormType(self._document) > 0

    @property
    def attachments(self) -> int:
        """How many files are inside it."""
        return max(0, self._raw.FPDFDoc_GetAttachmentCount(self._document))

    def look(self, index: int, most: int) -> Look | None:
        """The lines of a page, counted from 0, of at most so many characters; None: it cannot be opened."""
        raw = self._raw
        page = raw.FPDF_LoadPage(self._document, index)
        if not page:
            return None
        try:
            text = raw.FPDFText_LoadPage(page)
            if not text:
                return None
            try:
                count = max(0, raw.FPDFText_CountChars(text))
                rows = tuple(self._rows(text, min(count, most)))
            finally:
                raw.FPDFText_ClosePage(text)
            return Look(rows, count, raw.FPDFPage_CountObjects(page) <= 0)
        finally:
            raw.FPDF_ClosePage(page)

    def _rows(self, page: Any, count: int) -> Iterator[Row]:
        raw = self._raw
        units = (ctypes.c_ushort * (2 * count + 1))()
        length = raw.FPDFText_GetText(page, 0, count, units)
        whole = bytes(units)[: 2 * max(0, length - 1)].decode("utf-16-le", "replace")
        at = 0
        for piece in _LINES.split(whole):
            said = " ".join(safe(_PARTED.sub(_mended, piece).replace(_HYPHEN, "-")).split())
            if said:
                yield self._row(page, said, piece, at)
            at += len(piece)
            at += 2 if whole.startswith("\r\n", at) else 1

    def _row(self, page: Any, said: str, piece: str, start: int) -> Row:
        """`start`: where the piece stands in the page's text."""
        seen = [start + index for index, char in enumerate(piece) if not char.isspace()]
        first, middle, last = (
            self._raw.FPDFText_GetCharIndexFromTextIndex(page, seen[place])
            for place in (0, len(seen) // 2, -1)
        )
        boxes = begin, _, end = [self._box(page, index) for index in (first, middle, last)]
        # The one in between: initials, marks of footnotes and words in another font are of another height.
        bottom = median(box.bottom for box in boxes)
        parted = _HYPHEN in piece
        return Row(
            text=said,
            left=begin.left,
            right=end.right,
            bottom=begin.bottom if parted else bottom,
            end=end.bottom if parted else bottom,
            height=max(0.0, median(box.top - box.bottom for box in boxes)),
            bold=self._bold(page, first) and self._bold(page, middle),
        )

    def _box(self, page: Any, index: int) -> Any:
        box = self._raw.FS_RECTF()
        self._raw.FPDFText_GetLooseCharBox(page, index, box)
        return box

    def _bold(self, page: Any, index: int) -> bool:
        if self._raw.FPDFText_GetFontWeight(page, index) >= _BOLD_WEIGHT:
            return True
        name = ctypes.create_string_buffer(_LONGEST_FONT_NAME)
        self._raw.FPDFText_GetFontInfo(page, index, name, _LONGEST_FONT_NAME, ctypes.c_int())
        return _BOLD_NAME.search(name.raw.decode("latin-1")) is not None


class Pdfium:
    """The library, loaded. Scripts, forms and links are not its business here: nothing is run or fetched."""

    def __init__(self) -> None:
        self._raw: Any = importlib.import_module("pypdfium2_raw")
        self._raw.FPDF_InitLibraryWithConfig(self._raw.FPDF_LIBRARY_CONFIG(version=2))

    @contextmanager
    def opened(self, data: bytes) -> Generator[Pdf]:
        """A file, with an empty password where it wants one.

        Raises:
            Locked: with another one.
            Broken: it cannot be read.
        """
        document = self._raw.FPDF_LoadMemDocument64(data, len(data), None)
        if not document:
            raise Locked if self._raw.FPDF_GetLastError() in _LOCKED else Broken
        try:
            yield Pdf(self._raw, document)
        finally:
            self._raw.FPDF_CloseDocument(document)


def _mended(parted: re.Match[str]) -> str:
    """Where a word goes on in small letters the hyphen was for the line's end; else (Anglo-Saxon) its own."""
    return "" if parted[1].islower() else "-"
