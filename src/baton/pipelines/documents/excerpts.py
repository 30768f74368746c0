"""What of documents is given to a model: numbered excerpts, those first that bear on a question."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from math import log

from msgspec import Struct

from baton.pipelines.documents.document import Document

MOST_CHARS = 60_000
"""Of the excerpts for one question: some 15 000 tokens, which every model in use can read."""

_LONGEST_CHARS = 4_000
"""Of one excerpt; about a full page."""

_CITED = re.compile(r"\[([\d,; ]{1,80})\]")
_WORD = re.compile(r"\w{3,}")


class Excerpt(Struct, frozen=True):
    """A piece of a document; its number is the same for every question."""

    number: int
    source: str
    """E.g. `brief.pdf, page 3`."""
    text: str

    @property
    def told(self) -> str:
        """As a model reads it."""
        return f"[{self.number}] ({self.source})\n{self.text}"


def excerpts_of(documents: Iterable[Document]) -> tuple[Excerpt, ...]:
    """All of the documents, piece by piece."""
    numbers = count(1)
    return tuple(
        Excerpt(next(numbers), _source(document, page.number), text)
        for document in documents
        for page in document.pages
        for text in _pieces(page.text)
    )


def bearing_on(
    question: str, excerpts: Sequence[Excerpt], most_chars: int = MOST_CHARS
) -> tuple[Excerpt, ...]:
    """As many as fit, in their order; where not all do, those that share the rarest words with the question,
    and the first one, which mostly says what a document is."""
    if sum(len(each.told) for each in excerpts) <= most_chars:
        return tuple(excerpts)
    words = [frozenset(_words(each.text)) for each in excerpts]
    known = Counter(word for each in words for word in each)
    asked = set(_words(question))

    def worth(at: int) -> float:
        return sum(log(1 + len(excerpts) / known[word]) for word in asked & words[at])

    left, kept = most_chars, set[int]()
    for at in sorted(range(len(excerpts)), key=lambda at: (at != 0, -worth(at), at)):
        size = len(excerpts[at].told)
        if size <= left and (at == 0 or worth(at) > 0):
            kept.add(at)
            left -= size
    return tuple(excerpts[at] for at in sorted(kept))


def cited(text: str, excerpts: Iterable[Excerpt]) -> tuple[Excerpt, ...]:
    """Those that a text names by their numbers, e.g. `[3]` or `[2, 5]`."""
    named = " ".join(_CITED.findall(text))
    numbers = {int(each) for each in re.findall(r"\d+", named)}
    return tuple(each for each in excerpts if each.number in numbers)


def _source(document: Document, page: int) -> str:
    return f"{document.name}, page {page}" if document.page_count > 1 else document.name


def _pieces(text: str) -> Iterator[str]:
    """A page, cut between its paragraphs where it is long."""
    piece = ""
    for paragraph in text.split("\n\n"):
        for start in range(0, len(paragraph), _LONGEST_CHARS):
            part = paragraph[start : start + _LONGEST_CHARS]
            if piece and len(piece) + len(part) > _LONGEST_CHARS:
                yield piece
                piece = ""
            piece = f"{piece}\n\n{part}" if piece else part
    if piece.strip():
        yield piece


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
