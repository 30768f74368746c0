"""Which words of two texts belong together, and which are left over."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from baton.gateway.cache.semantic.lexicon import Lexicon
from baton.gateway.cache.semantic.reading import Kind, Reading
from baton.gateway.cache.semantic.stem import is_slip, stem, without_degree

MOST_LEFT = 24
"""Words of one text that are looked at one by one. With more left over, texts are far apart anyway."""

_FIXED = frozenset({Kind.NUMBER, Kind.UNIT, Kind.EXACT, Kind.NEGATION, Kind.QUESTION})
"""Kinds that only the same word matches."""

_FEW = 3
_CLOSE_SHARE = 0.12
LONG = 6
"""Words with a meaning that both have: more of them leave room for saying a thing in another way."""


@dataclass(frozen=True)
class Pairing:
    """Two readings, word by word. Places are indices of `words`."""

    earlier: Reading
    later: Reading
    lexicon: Lexicon
    matched: tuple[tuple[int, int], ...]
    """Places of words that are the same, in the earlier text's order."""
    left: tuple[tuple[int, ...], tuple[int, ...]]
    """Places of the words that have no counterpart, in either."""

    @cached_property
    def close(self) -> bool:
        """Whether they are almost word for word the same, so that every difference is one of meaning.

        Of texts that say something in other words, small words and the order of words say little.
        """
        return self.left_count <= _FEW or self.left_count <= _CLOSE_SHARE * (
            2 * self.shared + self.left_count
        )

    @cached_property
    def rebuilt(self) -> bool:
        """Whether a longer sentence was built in another way, which puts its words into another order."""
        if self.shared < LONG:
            return False
        small = {self.earlier.words[at] for at in self.left[0]} | {
            self.later.words[at] for at in self.left[1]
        }
        return self.left_count > 1 or not self.lexicon.builders.isdisjoint(small)

    @cached_property
    def shared(self) -> int:
        """Words with a meaning that both have."""
        kinds = self.earlier.kinds
        return sum([kinds[a] is not Kind.HARMLESS for a, _ in self.matched])

    @cached_property
    def left_count(self) -> int:
        """Words with a meaning that only one of them has."""
        return sum(map(bool, self.left_meanings[0] + self.left_meanings[1]))

    @cached_property
    def left_meanings(self) -> tuple[list[Kind], list[Kind]]:
        """Kinds of what is left over in either."""
        return (
            [self.earlier.kinds[at] for at in self.left[0]],
            [self.later.kinds[at] for at in self.left[1]],
        )

    @cached_property
    def left_kinds(self) -> frozenset[Kind]:
        """Kinds of all that is left over."""
        return frozenset(self.left_meanings[0]).union(self.left_meanings[1])

    def of_kind(self, *kinds: Kind) -> tuple[list[str], list[str]]:
        """Left-over words of these kinds, in either text."""
        return (
            [self.earlier.words[at] for at in self.left[0] if self.earlier.kinds[at] in kinds],
            [self.later.words[at] for at in self.left[1] if self.later.kinds[at] in kinds],
        )


def pair(earlier: Reading, later: Reading, lexicon: Lexicon) -> Pairing:
    """The k-th occurrence of a word belongs to the k-th in the other text; then forms, synonyms and slips."""
    waiting: defaultdict[str, list[int]] = defaultdict(list)
    for at in range(len(later.words) - 1, -1, -1):
        waiting[later.words[at]].append(at)
    matched: list[tuple[int, int]] = []
    left_a: list[int] = []
    for at, word in enumerate(earlier.words):
        places = waiting.get(word)
        if places:
            matched.append((at, places.pop()))
        else:
            left_a.append(at)
    left_b = sorted(at for places in waiting.values() for at in places)
    if left_a and left_b and len(left_a) <= MOST_LEFT and len(left_b) <= MOST_LEFT:
        closer = _alike(earlier, later, lexicon, left_a, left_b)
        if closer:
            matched = sorted(matched + closer)
            gone_a, gone_b = {a for a, _ in closer}, {b for _, b in closer}
            left_a = [at for at in left_a if at not in gone_a]
            left_b = [at for at in left_b if at not in gone_b]
    return Pairing(earlier, later, lexicon, tuple(matched), (tuple(left_a), tuple(left_b)))


def _alike(
    earlier: Reading, later: Reading, lexicon: Lexicon, left_a: list[int], left_b: list[int]
) -> list[tuple[int, int]]:
    free = {at: stem(later.words[at]) for at in left_b if _bends(later, at, lexicon)}
    found: list[tuple[int, int]] = []
    for a in left_a:
        if not _bends(earlier, a, lexicon):
            continue
        word, base = earlier.words[a], stem(earlier.words[a])
        for b, other in free.items():
            if _same(word, base, later.words[b], other, lexicon):
                found.append((a, b))
                del free[b]
                break
    return found


def _bends(reading: Reading, at: int, lexicon: Lexicon) -> bool:
    """Whether another form may stand for a word: not for a name, unless it is a word with a capital."""
    kind = reading.kinds[at]
    if kind is Kind.NAME:
        return lexicon.familiar(reading.words[at])
    return kind is not Kind.HARMLESS and kind not in _FIXED


def _same(word: str, base: str, other: str, other_base: str, lexicon: Lexicon) -> bool:
    if base == other_base:
        return True
    if _mean_alike(base, other_base, lexicon):
        return True
    degree, plain = without_degree(base)
    other_degree, other_plain = without_degree(other_base)
    if degree and degree == other_degree:
        bases = [(stem(one), stem(two)) for one in plain for two in other_plain]
        if any(_mean_alike(one, two, lexicon) for one, two in bases):
            return True
    # A slip is no word, and what it slipped from is one. Between two words, or two names, it is a difference.
    return lexicon.familiar(word) != lexicon.familiar(other) and is_slip(word, other)


def _mean_alike(base: str, other: str, lexicon: Lexicon) -> bool:
    return not lexicon.alike.get(base, _NONE).isdisjoint(lexicon.alike.get(other, _NONE))


_NONE: frozenset[int] = frozenset()
