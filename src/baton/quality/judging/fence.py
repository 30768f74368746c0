"""Marks between which somebody else's text stands, which that text cannot have."""

from collections.abc import Callable

Draw = Callable[[], str]
"""Draws random letters, which nobody could know beforehand; `secrets.token_hex` does."""

NOTE = "{fence} {count} characters were left out here {fence}"


def fence_for(draw: Draw, *texts: str) -> str:
    """A mark that is in none of the texts.

    Drawn once, for all that is likely; where it is in one of them all the same it is made longer, so that it
    ends also with a draw that is always the same.
    """
    mark = f"=={draw()}=="
    while any(mark in text for text in texts):
        mark = f"={mark}{draw()}="
    return mark


def shortened(text: str, most_chars: int, fence: str) -> tuple[str, int]:
    """A text without its middle where it is too long, with a note there, and how many characters are gone.

    More is kept of the beginning than of the end: 3 to 2.
    """
    if len(text) <= most_chars:
        return text, 0
    head = most_chars * 3 // 5
    gone = len(text) - most_chars
    note = NOTE.format(fence=fence, count=gone)
    return f"{text[:head]}\n{note}\n{text[head + gone :]}", gone
