"""A document's pages from what PDFium or the bytes say, within the limits."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from baton.pipelines.documents import plain
from baton.pipelines.documents.characters import line
from baton.pipelines.documents.document import Kind, Page
from baton.pipelines.documents.limits import Limits
from baton.pipelines.documents.paragraphs import Paragraph, body_of, is_heading, paragraphs
from baton.pipelines.documents.pdfium import Broken, Pdf
from baton.pipelines.documents.words import Task, Whole

_MOST_RANGES = 20
"""Of page numbers in one sentence; nobody reads more."""
_APART = "\n\n"


class Nothing(Exception):
    """There is no text in it, and nothing that may be a picture of one."""


class Reading(Struct, frozen=True):
    """What the child found."""

    pages: tuple[Page, ...]
    whole: Whole


def read_text(task: Task, data: bytes, limits: Limits) -> Reading:
    """Text or Markdown: one page, as it is written.

    Raises:
        NotText: it is none.
        Nothing: only white space.
    """
    text, note = plain.decoded(data)
    text = text.strip()
    if not text:
        raise Nothing
    kept = text[: limits.characters]
    cut = len(text) - len(kept)
    left_out = (_too_long(f"The last {cut} characters", limits),) if cut else ()
    headings = plain.headings(kept) if task.kind is Kind.MARKDOWN else ()
    title = headings[0] if headings else ""
    notes = () if note is None else (note,)
    return Reading((Page(1, kept, headings),), Whole(title, 1, notes, left_out))


def read_pdf(pdf: Pdf, limits: Limits) -> Reading:
    """The pages of a PDF, line by line made paragraphs.

    Raises:
        Broken: no page can be opened.
        Nothing: it has none, or empty ones.
    """
    found = _Found(pdf, limits)
    body = body_of(paragraph for page in found.pages for paragraph in page.paragraphs)
    pages: list[Page] = []
    for number, page in enumerate(found.pages, 1):
        titles = (line(each.text) for each in page.paragraphs if body is not None and is_heading(each, body))
        pages.append(Page(number, page.text, tuple(titles)))
    return Reading(tuple(pages), Whole(pdf.title, pdf.page_count, found.notes, found.left_out))


class _Sheet(Struct, frozen=True):
    text: str = ""
    paragraphs: Sequence[Paragraph] = ()


class _Found:
    """What is on the pages, as far as the limits go."""

    def __init__(self, pdf: Pdf, limits: Limits) -> None:
        self.pages: list[_Sheet] = []
        self._pdf = pdf
        self._limits = limits
        self._blank: list[int] = []
        self._pictures: list[int] = []
        self._unopened: list[int] = []
        self._cut_on: int | None = None
        self._left = limits.characters
        for index in range(min(pdf.page_count, limits.pages)):
            if self._left <= 0:
                break
            self._add(index)
        if len(self._unopened) == len(self.pages) > 0:
            raise Broken
        if len(self._blank) + len(self._unopened) == pdf.page_count:
            raise Nothing

    @property
    def notes(self) -> tuple[str, ...]:
        """Of what there is beside text."""
        return tuple(self._noted())

    @property
    def left_out(self) -> tuple[str, ...]:
        """By which limit."""
        count, read = self._pdf.page_count, len(self.pages)
        after = _pages(range(read + 1, count + 1)) if read < count else ""
        if self._cut_on is not None:
            after = f", and {after.lower()}" if after else ""
            return (_too_long(f"The end of page {self._cut_on}{after}", self._limits),)
        if after and self._left <= 0:
            return (_too_long(after, self._limits),)
        return (f"{after}: at most {self._limits.pages} pages are read.",) if after else ()

    def _add(self, index: int) -> None:
        number, left = index + 1, self._left
        look = self._pdf.look(index, left)
        if look is None:
            self._unopened.append(number)
            self.pages.append(_Sheet())
            return
        found = paragraphs(look.rows)
        if not found:
            (self._blank if look.blank else self._pictures).append(number)
        text = _APART.join(paragraph.text for paragraph in found)
        if max(look.characters, len(text)) > left:
            self._cut_on = number
        self.pages.append(_Sheet(text[:left], found))
        self._left = 0 if self._cut_on else left - len(text)

    def _noted(self) -> Iterator[str]:
        if self._pictures:
            yield f"{_pages(self._pictures)}: no text, only pictures or drawings. Scans are not read."
        if self._blank:
            yield f"{_pages(self._blank)}: empty."
        if self._unopened:
            yield f"{_pages(self._unopened)}: damaged, not read."
        if self._pdf.is_form:
            yield "It is a form: what was filled in is not read."
        if attached := self._pdf.attachments:
            yield f"{attached} file(s) inside it are not read."


def _too_long(what: str, limits: Limits) -> str:
    return f"{what}: at most {limits.characters} characters are read."


def _pages(numbers: Sequence[int]) -> str:
    """E.g. `Pages 3-9, 12`."""
    if isinstance(numbers, range):
        runs = [(numbers[0], numbers[-1])]
    else:
        runs: list[tuple[int, int]] = []
        for number in numbers:
            if runs and runs[-1][1] == number - 1:
                runs[-1] = (runs[-1][0], number)
            else:
                runs.append((number, number))
    said = ", ".join(
        f"{first}" if first == last else f"{first}-{last}" for first, last in runs[:_MOST_RANGES]
    )
    more = " and others" if len(runs) > _MOST_RANGES else ""
    return f"Page{'' if runs == [(numbers[0], numbers[0])] else 's'} {said}{more}"
