"""Lists in pages."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.api.paging import page
from baton.core.errors import Invalid


@given(st.sets(st.text(st.characters(exclude_categories=["Cs"])), max_size=30), st.integers(1, 10))
def test_pages_cover_a_list_once(keys: set[str], limit: int) -> None:
    """Following the cursors gives every item once and in order, whatever the keys are made of."""
    items = sorted(keys)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        shown, cursor = page(items, str, limit, cursor)
        seen += shown
        assert len(shown) <= limit
        if cursor is None:
            break
    assert seen == items


@given(st.text(max_size=40))
def test_any_text_as_a_cursor_is_refused_or_read(cursor: str) -> None:
    """A cursor that is not ours is an error of the caller, never one of ours."""
    with contextlib.suppress(Invalid):
        assert len(page(["a", "b"], str, 1, cursor)[0]) <= 1


@pytest.mark.parametrize("cursor", ["", "!", "a", "YWJj", "ÿ"])
def test_foreign_cursors(cursor: str) -> None:
    """Cursors of nobody and of other lists are told apart from ours."""
    with pytest.raises(Invalid, match="cursor"):
        page(["a"], str, 1, cursor)
