"""Which revision a change means: `If-Match` with the `ETag` that was read, or `*` for whichever it is."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Annotated

from fastapi import Header

from baton.core.errors import Conflict, Invalid, Outdated, Unguarded

ANY = "*"

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description='The `ETag` that was read, e.g. `"3"`, or `*`. Stale: 412. Missing: 428.',
    ),
]


def wanted_revision(if_match: str | None, current: int | None) -> int:
    """The revision that a change means. `current`: what `*` stands for; None: there is nothing.

    Raises:
        Unguarded: no revision was named.
        Outdated: `*`, and there is nothing.
        Invalid: it is no `ETag` of ours.
    """
    if if_match is None:
        raise Unguarded("Say which revision you mean: send its ETag as `If-Match`, or `If-Match: *`.")
    if if_match.strip() == ANY:
        if current is None:
            raise Outdated("There is nothing that could be changed.")
        return current
    digits = if_match.strip().removeprefix("W/").strip('"')
    if not (digits.isascii() and digits.isdigit() and len(digits) < 10):
        raise Invalid('If-Match must be an ETag such as "3", or *.', param="If-Match")
    return int(digits)


@contextmanager
def guarded() -> Generator[None]:
    """Tell of a revision that is no longer current in HTTP's own way.

    Raises:
        Outdated: instead of the conflict.
    """
    try:
        yield
    except Conflict as error:
        if error.code != Outdated.code:
            raise
        raise Outdated(error.message) from error
