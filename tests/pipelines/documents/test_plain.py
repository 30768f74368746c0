"""Text and Markdown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.pipelines.documents.characters import safe
from baton.pipelines.documents.plain import NotText, decoded, headings

LETTERS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=200)


@given(LETTERS, st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]))
def test_what_says_its_encoding_is_read_as_it_was_written(text: str, encoding: str) -> None:
    """UTF-8 with and without its mark, UTF-16 with it; nothing is to be said of it."""
    text = text.removeprefix("\ufeff")
    assert decoded(text.encode(encoding)) == (safe(text), None)


@pytest.mark.parametrize(
    ("data", "text", "note"),
    [
        ("Füße über Öl, 5 €".encode("cp1252"), "Füße über Öl, 5 €", "read as Windows-1252"),
        ("Grüße ".encode() * 20 + b"\xe2\x82 end", "Grüße " * 20 + "\ufffd end", "at 1 place(s)"),
        ("\ufeffab\ud800c".encode("utf-16-be", "surrogatepass"), "ab\ufffdc", "damaged UTF-16"),
    ],
    ids=["windows-1252", "cut utf-8", "half utf-16"],
)
def test_what_is_doubtful_is_said(data: bytes, text: str, note: str) -> None:
    """The text, with marks where characters are lost, and what was assumed."""
    said, doubt = decoded(data)
    assert said == text
    assert doubt is not None
    assert note in doubt


@pytest.mark.parametrize(
    "data",
    [bytes(range(256)), "Привет, мир, как дела".encode("cp1251"), b"text\0\0\0\0\0\0\0", b"\xff\xfe\0\0" * 9],
    ids=["bytes", "cyrillic of one byte", "zeros", "utf-32"],
)
def test_what_is_no_text_is_not_guessed_at(data: bytes) -> None:
    """A wrong guess would be handed to a model as if somebody had written it."""
    with pytest.raises(NotText):
        decoded(data)


def test_headings_of_markdown_are_those_outside_of_code() -> None:
    """Marks before and behind are not of the heading; comments of programs are none."""
    text = "# One #  \ntext\n```sh\n# no\n~~~\n# neither\n```\n  ### Two C# \n#no\n####### no\n#\n# #\n"
    assert headings(text) == ("One", "Two C#")
