"""Baton's own options in the body and in headers."""

import pytest

from baton.api.options import read_options


@pytest.mark.parametrize("text", ['{"page": "home", "step": 2}', "[1]", '"home"', "7"])
def test_context_may_be_any_json(text: str) -> None:
    """The caller's own metadata is kept as it was written, from the body and from the header."""
    told = read_options({}, b'{"context": %s}' % text.encode())
    assert told.context is not None
    assert bytes(told.context) == text.encode()
    assert read_options({"context": text}, None).context == told.context


def test_a_null_context_is_none() -> None:
    """Null says nothing, as everywhere."""
    assert read_options({}, b'{"context": null}').context is None
    assert read_options({}, b'{"agent": "x"}').context is None
