"""Who does what to whom: whether words that both texts have play the same parts."""

from collections.abc import Iterator, Sequence

from baton.gateway.cache.semantic.lexicon import Lexicon, Role
from baton.gateway.cache.semantic.pairing import Pairing
from baton.gateway.cache.semantic.reading import Kind, Reading

MOST_MOVED = 48
"""Words that are compared two by two; who moves more is not followed."""

_OPPOSED = frozenset(
    frozenset(pair)
    for pair in (
        ("from", "to"), ("before", "after"), ("above", "below"), ("over", "under"), ("into", "from"),
        ("since", "until"), ("with", "without"), ("from", "into"),
        ("von", "nach"), ("de", "à"), ("de", "a"), ("da", "a"), ("de", "para"), ("van", "naar"), ("z", "do"),
        ("из", "в"), ("от", "до"), ("из", "на"), ("من", "إلى"),
    )
)  # fmt: skip
_PLACING = frozenset(
    {"from", "than", "before", "after", "above", "below", "over", "under", "without", "against"}
)
"""What one of these introduces, it introduces in both, or the two have changed places."""

_INTRODUCING = frozenset(word for pair in _OPPOSED for word in pair) | _PLACING
_PRONOUNS = frozenset({"i", "me", "you", "he", "she", "they", "we", "us", "him", "her", "them"})


class _Parts:
    """For every word of a text: what stands before it, in which phrase it is, and what it is joined to."""

    __slots__ = ("joins", "leads", "markers", "phrases")

    def __init__(self, reading: Reading, lexicon: Lexicon) -> None:
        words, breaks, role_of = reading.words, reading.breaks, lexicon.roles.get
        self.markers: list[str] = []
        self.leads: list[bool] = []
        """Whether it is the first word behind its marker."""
        self.phrases: list[int] = []
        self.joins: list[int] = []
        """Words with the same number are listed beside each other: `cats and dogs`."""
        marker, phrase, join, joined, led, listed = "", 0, 0, False, False, False
        for at, word in enumerate(words):
            if at in breaks:
                marker, phrase, led = "", phrase + 1, False
                joined, listed = joined or listed, False
            role = role_of(word)
            leads = False
            if role is None:
                if listed or not joined:
                    join += 1
                leads, led, joined, listed = led, False, False, True
            elif role is Role.JOINS:
                joined, listed = True, False
            elif role is not Role.POINTS:
                marker, led = (word, True) if role is Role.INTRODUCES else ("", False)
                phrase, joined, listed = phrase + 1, False, False
            self.markers.append(marker)
            self.leads.append(leads)
            self.phrases.append(phrase)
            self.joins.append(join)
        for at, word in enumerate(words[1:]):
            if word == "'s":
                self.markers[at] = "of"


def misdirected(pairing: Pairing) -> Iterator[str]:
    """What is introduced by opposite words, as `from` and `to`; or what is done to whom did it before."""
    if not (_INTRODUCING.isdisjoint(pairing.earlier.words) or _alike_built(pairing)):
        mine, theirs = (_Parts(each, pairing.lexicon) for each in (pairing.earlier, pairing.later))
        for a, b in _movable(pairing):
            one, other = mine.markers[a], theirs.markers[b]
            moved = one != other and (
                (one in _PLACING and mine.leads[a] and one in pairing.later.words)
                or (other in _PLACING and theirs.leads[b] and other in pairing.earlier.words)
            )
            if moved or frozenset((one, other)) in _OPPOSED:
                word = pairing.earlier.words[a]
                yield f"direction: {word!r} behind {mine.markers[a]!r} / {theirs.markers[b]!r}"
                return
    if _turned(pairing) and _in_order(_movable(pairing)):
        yield "direction: what was done by whom"


def rearranged(pairing: Pairing) -> Iterator[str]:
    """Words that have changed places although nothing says which part they play but their place."""
    moved = _movable(pairing)
    if _in_order(moved):
        return
    if len(moved) > MOST_MOVED:
        yield "order: too much of it has moved"
        return
    if _turned(pairing):
        return
    mine, theirs = (_Parts(each, pairing.lexicon) for each in (pairing.earlier, pairing.later))
    strict = not pairing.lexicon.ordered.isdisjoint(pairing.earlier.words)
    for at, (a, b) in enumerate(moved):
        for c, d in moved[at + 1 :]:
            if b < d or (
                not strict and mine.joins[a] == mine.joins[c] and theirs.joins[b] == theirs.joins[d]
            ):
                continue
            if not (_free(mine, theirs, a, b, c) or _free(mine, theirs, c, d, a)):
                one, other = pairing.earlier.words[a], pairing.earlier.words[c]
                yield f"order: {one!r} and {other!r} have changed places"
                return


def _alike_built(pairing: Pairing) -> bool:
    """Whether what both have stands in one order, and nothing that introduces a word is left over."""
    left = {pairing.earlier.words[at] for at in pairing.left[0]}
    left.update(pairing.later.words[at] for at in pairing.left[1])
    lexicon = pairing.lexicon
    if not (lexicon.markers.isdisjoint(left) and lexicon.resets.isdisjoint(left)):
        return False
    return _in_order(pairing.matched)


def _movable(pairing: Pairing) -> list[tuple[int, int]]:
    """Matched words whose place may mean something."""
    words, kinds = pairing.earlier.words, pairing.earlier.kinds
    return [
        (a, b)
        for a, b in pairing.matched
        if kinds[a] not in (Kind.HARMLESS, Kind.NEGATION) or words[a] in _PRONOUNS
    ]


def _in_order(moved: Sequence[tuple[int, int]]) -> bool:
    places = [place for _, place in moved]
    return places == sorted(places)


def _free(mine: _Parts, theirs: _Parts, a: int, b: int, other: int) -> bool:
    """Whether a word may stand before or behind another one: the same word introduces it in both."""
    alike = mine.markers[a] and mine.markers[a] == theirs.markers[b]
    return bool(alike) and mine.phrases[a] != mine.phrases[other]


def _turned(pairing: Pairing) -> bool:
    """Whether one of them says passively what the other says actively."""
    for reading, places in ((pairing.earlier, pairing.left[0]), (pairing.later, pairing.left[1])):
        words = reading.words
        for at in places:
            agent = words[at] == "by" and at + 1 < len(words)
            if agent and not words[at + 1].endswith("ing"):
                return True
    return False
