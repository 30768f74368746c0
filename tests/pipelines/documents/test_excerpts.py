"""What of documents is given to a model: numbered, in order, the pieces that bear on the question."""

from baton.pipelines.documents.document import Document, Kind, Page
from baton.pipelines.documents.excerpts import bearing_on, cited, excerpts_of


def document(name: str, *pages: str) -> Document:
    """One with pages of these texts."""
    return Document(
        name=name,
        title=name,
        kind=Kind.PDF,
        pages=tuple(Page(n, text) for n, text in enumerate(pages, 1)),
        page_count=len(pages),
    )


def test_every_piece_has_one_number_and_says_where_it_is_from() -> None:
    """Pages become excerpts, long ones several, empty ones none; nothing is lost."""
    long = "\n\n".join(f"{n} " + "word " * 200 for n in range(12))
    found = excerpts_of([document("a.pdf", "One.", "", long), document("b.txt", "Two.")])
    assert [each.number for each in found] == [*range(1, len(found) + 1)]
    assert (found[0].source, found[-1].source, found[-1].told) == (
        "a.pdf, page 1",
        "b.txt",
        f"[{len(found)}] (b.txt)\nTwo.",
    )
    pieces = [each for each in found if each.source == "a.pdf, page 3"]
    assert len(pieces) > 2
    assert "\n\n".join(each.text for each in pieces) == long
    assert max(len(each.text) for each in found) <= 4000


def test_all_is_given_where_it_fits_else_what_bears_on_the_question() -> None:
    """Rare words that both have count most; the order of the document is kept, and so are the numbers."""
    pages = [f"Page {n} is about the weather of that day." for n in range(40)]
    pages[17] = "Head waiters decide which roaster is taken."
    pages[31] = "Roasters are changed every five years."
    found = excerpts_of([document("a.pdf", *pages)])
    assert bearing_on("anything", found) == found
    few = bearing_on("Which roaster do waiters take?", found, most_chars=300)
    assert [each.number for each in few][:2] == [1, 18]
    assert sum(len(each.told) for each in few) <= 300
    assert [each.number for each in few] == sorted(each.number for each in few)


def test_what_a_text_names_is_found() -> None:
    """Numbers in brackets are citations, also several in one; others are not."""
    found = excerpts_of([document("a.pdf", *(f"Text {n}." for n in range(1, 9)))])
    text = "Waiters decide [2], and often [4, 5][7]. In 2025 it was 6. [99] [a] []"
    assert [each.number for each in cited(text, found)] == [2, 4, 5, 7]
