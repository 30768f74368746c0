"""Signatures on their way through another dialect."""

import pytest

from baton.core.dialect import Dialect
from baton.core.messages import Signature
from baton.upstream.dialects.carried import holds_marked, mark, mark_base64, unmark, unmark_base64

SPOKEN = tuple(dialect for dialect in Dialect if dialect is not Dialect.NATIVE)


@pytest.mark.parametrize("origin", SPOKEN)
@pytest.mark.parametrize("speaking", SPOKEN)
def test_a_signature_comes_back_as_whose_it_is(origin: Dialect, speaking: Dialect) -> None:
    """At home it is unchanged; abroad it is marked, and the mark is found by a glance at a request."""
    signature = Signature(origin=origin, value="c2ln/bmF0dXJl+w==")
    for marks, unmarks in ((mark, unmark), (mark_base64, unmark_base64)):
        text = marks(signature, speaking)
        assert unmarks(text, speaking) == signature
        assert (text == signature.value) is (origin is speaking)
        assert holds_marked(f'{{"signature":"{text}"}}'.encode()) is (origin is not speaking)


@pytest.mark.parametrize(
    "body", [b"{}", b'{"baton":{}}', b'{"x":"baton. And so on"}', rb'{"x":"\"baton.a.b\""}']
)
def test_other_words_are_no_marks(body: bytes) -> None:
    """A text that speaks of batons is passed on as it came."""
    assert not holds_marked(body)
