"""Lists in pages: `limit`, `cursor`, `nextCursor`."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, TypeVar

from fastapi import Query

from baton.core.errors import Invalid

T = TypeVar("T")

Limit = Annotated[int, Query(ge=1, le=500, description="Items per page at most.")]
Cursor = Annotated[
    str | None, Query(max_length=1024, description="The `nextCursor` of the page before; absent: the first.")
]

Word = Annotated[
    str | None, Query(min_length=1, max_length=255, pattern=r"^[^\x00]*$", description="What is looked for.")
]


def page(
    items: Sequence[T], key: Callable[[T], str], limit: int, cursor: str | None
) -> tuple[Sequence[T], str | None]:
    """The items behind the cursor, at most `limit`, and the next page's cursor; None: that was the last.

    `items` are ordered by `key`, upwards; what is added or taken away meanwhile does not shift pages.

    Raises:
        Invalid: a cursor that is not ours.
    """
    if cursor is not None:
        last = _read(cursor)
        items = [item for item in items if key(item) > last]
    shown = items[:limit]
    return shown, _write(key(shown[-1])) if len(items) > limit else None


def behind(cursor: str | None) -> str:
    """The key behind which a page begins, for lists that are cut where they are kept; give `page` no cursor
    then, and one item more than it shows.

    Raises:
        Invalid: a cursor that is not ours.
    """
    return "" if cursor is None else _read(cursor)


def cursor_of(key: str) -> str:
    """The cursor of a page that ends with this key, for lists whose order is their own."""
    return _write(key)


def _write(key: str) -> str:
    return urlsafe_b64encode(f"k{key}".encode()).decode().rstrip("=")


def _read(cursor: str) -> str:
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        text = ""
    if not text.startswith("k"):
        raise Invalid("The cursor is not one that this list gave.", param="cursor")
    return text[1:]
