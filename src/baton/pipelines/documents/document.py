"""A document as it was read."""

from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """What can be read."""

    PDF = "pdf"
    MARKDOWN = "markdown"
    TEXT = "text"


class Page(Struct, frozen=True):
    """What one page says: paragraphs, an empty line between them."""

    number: int
    """From 1, as counted in the file; what is printed on the page may differ."""
    text: str
    headings: tuple[str, ...] = ()
    """Those of its paragraphs that seem to be headings, in their order."""


class Document(Struct, frozen=True, kw_only=True):
    """Its text is fit for JSON and for any database: no NUL, no half characters, no control characters but
    line breaks and tabs."""

    name: str
    """Of the file, without folders."""
    title: str
    """Its own, where it tells one; else the name without its ending."""
    kind: Kind
    pages: tuple[Page, ...]
    """Those that were read, the empty ones too; text and Markdown are one page."""
    page_count: int
    """How many there are in the file."""
    notes: tuple[str, ...] = ()
    """What a reader should know, in sentences: pages without text, doubtful characters."""
    left_out: tuple[str, ...] = ()
    """What the limits have cut off, in sentences."""

    @property
    def characters(self) -> int:
        """Of all pages."""
        return sum(len(page.text) for page in self.pages)

    @property
    def text(self) -> str:
        """All of it, without the pages' borders."""
        return "\n\n".join(page.text for page in self.pages if page.text)
