"""Text that JSON and every database takes."""

import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.pipelines.documents.characters import line, name_of, safe

ANYTHING = st.text(st.characters(exclude_categories=()))
"""Half characters and control characters, too."""


@given(ANYTHING)
def test_whatever_comes_can_be_stored_and_sent(text: str) -> None:
    """No control character but line breaks and tabs, no half character; doing it again changes nothing."""
    cleaned = safe(text)
    assert msgspec.json.decode(msgspec.json.encode(cleaned)) == cleaned
    assert {char for char in cleaned if unicodedata.category(char) in ("Cc", "Cs")} <= {"\n", "\t"}
    assert safe(cleaned) == cleaned


@given(ANYTHING)
def test_a_name_has_no_folder_and_one_line(path: str) -> None:
    """It is never empty, nor `..`, and of bounded length."""
    name = name_of(path)
    assert 0 < len(name) <= 200
    assert name.strip(".")
    assert not set("/\\\n\r\0") & set(name)
    assert line(name) == name


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("e\ufb03cient \ufb02ow", "efficient flow"),
        ("cafe\u0301", "café"),
        ("x² ½ № ™", "x² ½ № ™"),
        ("soft\u00adhyphen", "softhyphen"),
        ("a\u00a0b", "a b"),
        ("a\r\nb\rc\u2028d\x85e", "a\nb\nc\nd\ne"),
        ("\U0001f600 \ud83d\ude00 \ud83d", "\U0001f600 \U0001f600 \ufffd"),
    ],
    ids=["ligatures", "accents", "signs", "soft hyphen", "space", "line breaks", "surrogates"],
)
def test_what_means_the_same_is_written_the_same(text: str, said: str) -> None:
    """And signs that mean something of their own stay."""
    assert safe(text) == said
