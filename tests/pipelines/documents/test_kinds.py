"""What kind a file is."""

import pytest

from baton.pipelines.documents.document import Kind
from baton.pipelines.documents.kinds import foreign, is_pdf, of_text
from tests.pipelines.documents.pdf import texts


@pytest.mark.parametrize(
    ("data", "pdf"),
    [
        (texts("a"), True),
        (b"\xef\xbb\xbf\n" + texts("a"), True),
        (b"HTTP/1.1 200 OK\r\n\r\n" + texts("a"), True),
        (b"%PDF-1.7 and nothing else", True),
        (b"A PDF begins with %PDF-1.7.", False),
        (b" " * 2000 + texts("a"), False),
        (b"", False),
    ],
    ids=["plain", "behind a mark", "behind a head", "nothing else", "spoken of", "far behind", "empty"],
)
def test_a_pdf_begins_as_one_or_ends_as_one(data: bytes, pdf: bool) -> None:
    """A text that speaks of the format is none."""
    assert is_pdf(data) is pdf


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"RIFF\x10\0\0\0WEBPVP8 ", "a WebP image"),
        (b"RIFF\x10\0\0\0WAVEfmt ", None),
        (b" <HTML><body>", "an HTML page"),
        (b"An <html> tag", None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a file of an older Office"),
    ],
)
def test_known_formats_are_called_by_their_name(data: bytes, name: str | None) -> None:
    """Where they begin as such; what only looks alike is none."""
    assert foreign(data) == name


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.md", Kind.MARKDOWN), ("A.MARKDOWN", Kind.MARKDOWN), ("md", Kind.TEXT), ("a.md.txt", Kind.TEXT)],
)
def test_a_name_tells_markdown_from_text(name: str, kind: Kind) -> None:
    """By its ending, in any case."""
    assert of_text(name) is kind
