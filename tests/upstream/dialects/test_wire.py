"""What strict readers of JSON refuse, made legible."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.upstream.dialects.wire import mended

_UNITS = st.sampled_from(["\ud83d", "\ude00", "\udbff", "a", "\\", "u", '"', "d83d", "é", "\n"])


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (rb'"\ud83d"', "\ufffd"),
        (rb'"\ude00"', "\ufffd"),
        (rb'"a\uD83Db"', "a\ufffdb"),
        (rb'"\ud83d\ude00"', "\U0001f600"),
        (rb'"\ud83d\ud83d\ude00"', "\ufffd\U0001f600"),
        (rb'"\\ud83d"', "\\ud83d"),
        (rb'"\\\ud83d"', "\\\ufffd"),
        (rb'"\u00e9"', "é"),
    ],
)
def test_halves_of_pairs_are_replaced_and_nothing_else(written: bytes, read: str) -> None:
    """Pairs, escaped backslashes and other escapes mean what they meant."""
    assert msgspec.json.decode(mended(written)) == read


@given(st.lists(_UNITS).map("".join))
def test_any_text_is_legible_once_mended(text: str) -> None:
    """Whatever units a lenient writer escaped: what is read is the text, lone halves of pairs replaced."""
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    alone = sum("\ud800" <= unit <= "\udfff" for unit in json.loads(json.dumps(text)))
    read = msgspec.json.decode(mended(json.dumps(text).encode()), type=str)
    assert read.count("\ufffd") == alone
    assert read.replace("\ufffd", "") == joined.replace("\ufffd", "")
