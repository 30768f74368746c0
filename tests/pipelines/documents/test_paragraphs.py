"""Lines made paragraphs again."""

from collections.abc import Sequence

import pytest

from baton.pipelines.documents.paragraphs import Paragraph, Row, body_of, is_heading, paragraphs

HEIGHT, A_LETTER, LEADING = 12.0, 5.0, 14.0
WIDE = 60
"""Letters of a full line."""


def row(
    text: str, line: float, *, left: float = 72, height: float = HEIGHT, bold: bool = False, page: float = 800
) -> Row:
    """A line so many lines below the top."""
    bottom = page - line * LEADING
    right = left + len(text) * A_LETTER * height / HEIGHT
    return Row(text, left, right, bottom, bottom, height, bold)


def full(text: str) -> str:
    """Filled up to a full line by words."""
    return (text + " and so on and on" * 10)[:WIDE].rstrip()


def read(rows: Sequence[Row]) -> list[str]:
    return [paragraph.text for paragraph in paragraphs(rows)]


FIRST, SECOND = full("One"), full("two")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], []),
        ([row(FIRST, 0), row(SECOND, 1), row("three.", 2)], [f"{FIRST} {SECOND} three."]),
        ([row(FIRST, 0), row(FIRST, 1), row("Two", 3)], [f"{FIRST} {FIRST}", "Two"]),
        ([row(FIRST, 0), row("end.", 1), row(SECOND, 2)], [f"{FIRST} end.", SECOND]),
        ([row("1 High Street", 0), row("Ely", 1), row(FIRST, 9)], ["1 High Street\nEly", FIRST]),
        ([row(FIRST, 0), row(SECOND, 1, left=90), row(SECOND, 2)], [FIRST, f"{SECOND} {SECOND}"]),
        ([row("• " + FIRST, 0), row(SECOND, 1, left=84), row("• b", 2)], [f"• {FIRST} {SECOND}", "• b"]),
        ([row(FIRST, 0), row("2. " + SECOND, 1)], [FIRST, "2. " + SECOND]),
        ([row("Title", 0, height=20), row(FIRST, 1)], ["Title", FIRST]),
        ([row("Bold", 0, bold=True), row(FIRST, 1)], ["Bold", FIRST]),
        ([row("Left", 0), row("right", 0, left=300)], ["Left right"]),
        ([row(FIRST, 40), row("goes on", 1, left=400)], [f"{FIRST} goes on"]),
        ([row(FIRST, 40), row("New", 1, left=400)], [FIRST, "New"]),
        ([row("1914-", 0), row("1918", 1)], ["1914-1918"]),
        ([row("東京は日本", 0), row("の首都です", 1)], ["東京は日本の首都です"]),
    ],
    ids=[
        "nothing", "lines", "a gap", "a short last line", "an address", "an indent", "a list", "a number",
        "a size", "bold", "one line", "a column goes on", "a column begins", "figures", "no spaces",
    ],
)  # fmt: skip
def test_lines_are_joined_where_their_author_had_no_break(rows: Sequence[Row], said: list[str]) -> None:
    """A paragraph ends at a gap, an indent, an item, other letters, or a line that ends early with its
    sentence; a line that ends early without keeps its break."""
    assert read(rows) == said


def test_double_spaced_lines_are_one_paragraph() -> None:
    """What is a gap is judged by what is usual on the page."""
    rows = [row(FIRST, 0), row(FIRST, 2), row(FIRST, 4), row("Two", 8)]
    assert read(rows) == [f"{FIRST} {FIRST} {FIRST}", "Two"]


def test_a_page_of_lines_without_end_takes_no_time() -> None:
    """A hundred thousand lines are joined in far less than a document's time, together or each for itself."""
    rows = [row(FIRST, line / 1000) for line in range(50_000)]
    rows += [row("x", 60 + 5 * line) for line in range(50_000)]
    assert len(read(rows)) > 50_000


BODY = Paragraph("body " * 100, 12.0, bold=False)


@pytest.mark.parametrize(
    ("paragraph", "heading"),
    [
        (Paragraph("A title", 16.0, bold=False), True),
        (Paragraph("A title", 12.0, bold=True), True),
        (Paragraph("No title.", 12.0, bold=True), False),
        (Paragraph("A footnote", 9.0, bold=True), False),
        (Paragraph("Body", 12.3, bold=False), False),
        (Paragraph("17", 30.0, bold=True), False),
        (Paragraph("1 Mornings . . . . . . 3", 16.0, bold=True), False),
        (Paragraph("Large " * 50, 16.0, bold=False), False),
    ],
    ids=["larger", "bolder", "a sentence", "smaller", "as large", "a number", "a table of contents", "long"],
)
def test_a_heading_is_short_and_stands_out(paragraph: Paragraph, heading: bool) -> None:
    """By its size or its weight, beside what most of the document looks like."""
    assert body_of([BODY, paragraph]) == BODY.look
    assert is_heading(paragraph, BODY.look) is heading


def test_where_all_is_bold_nothing_is_a_heading_for_that() -> None:
    """The body is what most characters look like, not what is usual elsewhere."""
    all_bold = Paragraph("bold " * 100, 12.0, bold=True)
    body = body_of([all_bold])
    assert body is not None
    assert not is_heading(Paragraph("Bold", 12.0, bold=True), body)
    assert body_of([]) is None
