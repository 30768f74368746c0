"""Differences that no likeness makes up for: with one of them, two texts are two questions."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from baton.gateway.cache.semantic.direction import misdirected, rearranged
from baton.gateway.cache.semantic.pairing import LONG, MOST_LEFT, Pairing
from baton.gateway.cache.semantic.reading import Kind, Reading
from baton.gateway.cache.semantic.stem import stem, without_degree


class Remark(NamedTuple):
    """A difference."""

    text: str
    certain: bool
    """An objection; otherwise a doubt, which only makes the score less."""


Rule = Callable[[Pairing], Iterator[Remark]]
"""Why the two may not have one answer; nothing, if this rule knows no reason."""

_SAID = {
    Kind.NUMBER: "number",
    Kind.UNIT: "unit",
    Kind.EXACT: "identifier",
    Kind.NAME: "name",
    Kind.UNFAMILIAR: "unfamiliar word",
}
_PREFIXES = (
    "un",
    "in",
    "im",
    "ir",
    "il",
    "dis",
    "non",
    "mis",
    "de",
    "anti",
    "re",
    "over",
    "under",
    "pre",
    "post",
)
_SHADES = frozenset({"scope", "order", "form", "sign", "vital"})
"""Classes whose words are said in many ways: where little else is the same, they count against others."""

_STRANGE = 0.3
"""Between two texts' shares of unfamiliar words, a difference of language; with so many, each counts."""

_MONEY = frozenset({"price", "cost", "costs", "fee", "fees", "charge", "number", "amount", "rate", "total"})
_AS_MANY = frozenset({"amount"})
_SOFT = frozenset({"how"})
"""A question that can be asked with other words: `what is the way to`."""
_NONE: frozenset[int] = frozenset()


def objections(earlier: Reading, later: Reading) -> Iterator[str]:
    """What can be said before words are paired."""
    if earlier.literal or later.literal:
        yield "too long, or code: it would have to be the same to the letter"
    elif earlier.dense or later.dense:
        if earlier.dense != later.dense:
            yield f"text: {_apart(earlier.dense, later.dense)}"
    elif earlier.language != later.language:
        yield f"language: {earlier.language} / {later.language}"
    elif abs(_strangeness(earlier) - _strangeness(later)) > _STRANGE:
        yield "language: most words of one of them are unfamiliar"
    elif earlier.signs != later.signs:
        yield f"signs: {earlier.signs or 'none'} / {later.signs or 'none'}"


def remarks(pairing: Pairing) -> Iterator[Remark]:
    """Everything that speaks against it, the plainest first."""
    if not pairing.shared and pairing.earlier.words != pairing.later.words:
        yield Remark("nothing in common that could be compared", True)
    if pairing.left[0] or pairing.left[1]:
        for rule in _RULES:
            yield from rule(pairing)
    yield from _negation_elsewhere(pairing)
    yield from (Remark(reason, pairing.close) for reason in misdirected(pairing))
    yield from (Remark(reason, pairing.close and not pairing.rebuilt) for reason in rearranged(pairing))


def _exact(pairing: Pairing) -> Iterator[Remark]:
    """Numbers, units, names, identifiers and unfamiliar words: the same ones in both."""
    for kind, name in _SAID.items():
        if kind not in pairing.left_kinds:
            continue
        mine, theirs = pairing.of_kind(kind)
        if not pairing.close:  # one of them may say a thing more often
            mine = [word for word in mine if word not in pairing.later.words]
            theirs = [word for word in theirs if word not in pairing.earlier.words]
        if mine or theirs:
            if kind is Kind.UNFAMILIAR:
                certain = max(_strangeness(pairing.earlier), _strangeness(pairing.later)) > _STRANGE
            else:
                certain = bool(mine and theirs)
            yield Remark(f"{name}: {_against((mine, theirs))}", pairing.close or certain)


def _negations(pairing: Pairing) -> Iterator[Remark]:
    if Kind.NEGATION in pairing.left_kinds:
        mine, theirs = pairing.of_kind(Kind.NEGATION)
        if len(mine) != len(theirs):
            yield Remark(f"negation: {_against((mine, theirs))}", pairing.close)


def _questions(pairing: Pairing) -> Iterator[Remark]:
    """`Who` may begin a clause; where nothing is asked it asks nothing."""
    if Kind.QUESTION not in pairing.left_kinds or not (pairing.earlier.asks or pairing.later.asks):
        return
    asked = pairing.lexicon.questions
    mine, theirs = ({asked[word] for word in words} for words in pairing.of_kind(Kind.QUESTION))
    mine, theirs = mine - theirs, theirs - mine
    apart = mine | theirs
    if apart <= _SOFT or (apart <= _AS_MANY and _MONEY & _left_words(pairing)):
        return
    yield Remark(
        f"question: {_against((sorted(mine), sorted(theirs)))}", pairing.close or bool(mine and theirs)
    )


def _strict(pairing: Pairing) -> Iterator[Remark]:
    """Of the words that count wherever they stand, the same ones in both."""
    if Kind.STRICT not in pairing.left_kinds:
        return
    first, classes = pairing.lexicon.first_alike, pairing.lexicon.strict
    mine, theirs = (
        Counter(first.get(word, word) for word in words) for words in pairing.of_kind(Kind.STRICT)
    )
    mine, theirs = mine - theirs, theirs - mine
    apart = mine + theirs
    if apart:
        named = sorted(classes.get(word, "word") for word in apart)[0]
        hard = any(classes.get(word) not in _SHADES for word in apart)
        yield Remark(f"{named}: {_against((list(mine), list(theirs)))}", pairing.close or hard)


def _rivals(pairing: Pairing) -> Iterator[Remark]:
    """Opposites, and members of one kind: red for blue."""
    rivals = pairing.lexicon.rivals
    mine, theirs = (_with_degrees(each, rivals) for each in _stems(pairing, small=pairing.close))
    known = {base: rivals[base] for base in theirs if base in rivals}
    for base, word in mine.items():
        groups = rivals.get(base, _NONE)
        for other, other_groups in known.items():
            if base != other and not groups.isdisjoint(other_groups):
                yield Remark(f"opposite: {word} / {theirs[other]}", True)
                return


def _with_degrees(stems: dict[str, str], rivals: Mapping[str, frozenset[int]]) -> dict[str, str]:
    """With `tall` for `tallest` and `taller`, where opposites are known of the plain word only."""
    found = dict(stems)
    for base, word in stems.items():
        if base not in rivals:
            _, plain = without_degree(base)
            found.update((each, word) for each in map(stem, plain) if each in rivals)
    return found


def _prefixes(pairing: Pairing) -> Iterator[Remark]:
    """`able` and `unable`, `paid` and `unpaid`."""
    mine, theirs = _stems(pairing, small=False)
    for these, those in ((mine, theirs), (theirs, mine)):
        for base, word in these.items():
            for prefix in _PREFIXES:
                rest = base.removeprefix(prefix)
                if (
                    rest is not base
                    and len(rest) > 2
                    and rest in those
                    and Kind.NEGATION not in pairing.left_kinds
                ):
                    yield Remark(f"opposite: {word} / {those[rest]}", True)
                    return


def _replaced(pairing: Pairing) -> Iterator[Remark]:
    """In short texts that are the same but for a word each, those words are the question."""
    if pairing.close and pairing.shared < LONG:
        mine, theirs = pairing.of_kind(Kind.WORD, Kind.STRICT, Kind.UNFAMILIAR, Kind.NAME)
        if mine and theirs:
            yield Remark(f"another word: {_against((mine, theirs))}", True)


_RULES: tuple[Rule, ...] = (_exact, _negations, _questions, _strict, _rivals, _prefixes, _replaced)


def _negation_elsewhere(pairing: Pairing) -> Iterator[Remark]:
    """`Not` before another word denies something else."""
    if Kind.NEGATION not in pairing.earlier.kinds or Kind.NEGATION not in pairing.later.kinds:
        return
    partner = dict(pairing.matched)
    denied, also = _denied(pairing.earlier), _denied(pairing.later)
    mine = {partner[at] for at in denied if at in partner}
    if mine and len(mine) == len(denied) and not mine & also:
        word = next(pairing.later.words[at] for at in sorted(mine ^ also))
        yield Remark(f"negation: of {word!r} in one of them", pairing.close)


def _denied(reading: Reading) -> set[int]:
    """Places of the words that follow negations."""
    found: set[int] = set()
    waits = False
    for at, kind in enumerate(reading.kinds):
        if kind is Kind.NEGATION:
            waits = True
        elif waits and kind is not Kind.HARMLESS:
            found.add(at)
            waits = False
    return found


def _stems(pairing: Pairing, *, small: bool) -> tuple[dict[str, str], dict[str, str]]:
    """Left-over words by their stems; `small`: with those that mean little by themselves."""

    def of(reading: Reading, places: tuple[int, ...]) -> dict[str, str]:
        markers = pairing.lexicon.markers
        return {
            stem(reading.words[at]): reading.words[at]
            for at in places[:MOST_LEFT]
            if small or (reading.kinds[at] is not Kind.HARMLESS and reading.words[at] not in markers)
        }

    return of(pairing.earlier, pairing.left[0]), of(pairing.later, pairing.left[1])


def _left_words(pairing: Pairing) -> set[str]:
    return {pairing.earlier.words[at] for at in pairing.left[0]} | {
        pairing.later.words[at] for at in pairing.left[1]
    }


def _against(words: tuple[list[str], list[str]]) -> str:
    mine, theirs = words
    return f"{', '.join(mine[:3]) or 'none'} / {', '.join(theirs[:3]) or 'none'}"


def _strangeness(reading: Reading) -> float:
    """The share of unfamiliar words, if there are several; with many it is a language unknown here."""
    # A name in lower case is unfamiliar, and a noun with a capital may be taken for a name.
    unfamiliar = reading.kinds.count(Kind.UNFAMILIAR) + reading.kinds.count(Kind.NAME)
    return unfamiliar / len(reading.kinds) if unfamiliar > 1 else 0.0


def _apart(one: str, other: str) -> str:
    """Where two texts begin to differ, some characters of each."""
    at = next(
        (index for index, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    return f"{one[at : at + 8] or 'none'} / {other[at : at + 8] or 'none'}"
