"""A text as the guard sees it: its words in one form, and what kind of word each of them is."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum

from baton.gateway.cache.semantic.lexicon import Lexicon
from baton.gateway.cache.semantic.numbers import SHORT_UNITS, numeral, split_unit

MOST_CHARS = 4000
"""A longer text is not read: it is served where it is literally the same."""

_PIECE = re.compile(
    r"(?:https?://|www\.)\S+"
    r"|\w+(?:(?:[-./_@'&]|(?<=\d)[,:](?=\d)|::)\w+)*(?:\+\+|#)?"
    r"|[^\w\s]"
)
_CALL = re.compile(r"!(?!=)")
_CLOSING = ".,;:!?)]}'\"»"
_QUIET = frozenset(".,;:!?'\"`()[]{}«»“”„…—–-¿¡，。、？！：；「」『』（）؟،*_")
_SIGNS = frozenset("+*/^=<>≤≥≠±√|~\\∑∫×÷−!&@")
_BRACKETS = frozenset("()[]{}")
_ENDS = frozenset(".?!:;\"'(“„«\n-")
_DENSE = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)
_CODE = re.compile(r"```|\n(?: {2,}|\t)\S")
_OWN = {"'s": "'s", "'d": "would", "'ll": "will", "'ve": "have", "'re": "are", "'m": "am"}
_TYPED = str.maketrans("’‘ʼ´", "''''")
_SHOUTED_SHARE = 0.5


class Kind(IntEnum):
    """What a difference in a word means."""

    HARMLESS = 0
    WORD = 1
    UNFAMILIAR = 2
    NAME = 3
    NUMBER = 4
    UNIT = 5
    EXACT = 6
    """Identifiers, addresses, emoji: letter for letter."""
    NEGATION = 7
    QUESTION = 8
    STRICT = 9


Sense = tuple[str, Kind]
"""A word in its one form, and what a difference in it means."""

_NAMEABLE = (Kind.WORD, Kind.UNFAMILIAR)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the guard needs of one text; worth keeping beside an entry, as reading is most of the work."""

    text: str
    """As it came."""
    words: tuple[str, ...] = ()
    kinds: tuple[Kind, ...] = ()
    breaks: frozenset[int] = frozenset()
    """Before which words there is a comma or the end of a sentence."""
    signs: str = ""
    dense: str = ""
    """In scripts without spaces between words: all of it, without politeness."""
    language: str = "english"
    asks: bool = False
    literal: bool = False
    """Too long or too much code to be compared by its words."""


class Reader:
    """Reads texts; knows beforehand what every word that stands in a list is."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._senses = _senses(lexicon)

    def read(self, text: str) -> Reading:
        """Takes time in proportion to the text's length, and none for what is too long."""
        if len(text) > MOST_CHARS or _CODE.search(text):
            return Reading(text, literal=True)
        plain = _plain(text)
        if _DENSE.search(plain):
            return Reading(text, dense=_without_politeness(plain, self._lexicon))
        draft = _Draft(self._lexicon, self._senses, shouted=_is_shouted(plain))
        draft.take_all(_PIECE.findall(plain))
        return draft.finished(text)


def _senses(lexicon: Lexicon) -> Mapping[str, Sense]:
    listed = (
        lexicon.harmless["english"],
        lexicon.negations,
        lexicon.questions,
        lexicon.units,
        lexicon.strict,
    )
    known = {word for words in (lexicon.rarity, *listed) for word in words}
    senses = {word: (lexicon.units.get(word, word), _kind_of(word, lexicon)) for word in known}
    senses.update((word, (value, Kind.NUMBER)) for word, value in lexicon.numerals.items())
    return {word: sense for word, sense in senses.items() if word not in lexicon.spoken}


def _kind_of(word: str, lexicon: Lexicon) -> Kind:
    if word in lexicon.harmless["english"]:
        return Kind.HARMLESS
    if word in lexicon.negations:
        return Kind.NEGATION
    if word in lexicon.questions:
        return Kind.QUESTION
    if word in lexicon.units:
        return Kind.UNIT
    if word in lexicon.strict:
        return Kind.STRICT
    return Kind.WORD if lexicon.familiar(word) else Kind.UNFAMILIAR


def _plain(text: str) -> str:
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKC", text).translate(_TYPED)
    return "".join(
        str(unicodedata.digit(char)) if char.isdigit() and char > "\x7f" else char for char in text
    )


def _without_politeness(text: str, lexicon: Lexicon) -> str:
    text = text.casefold()
    for run in lexicon.polite_runs:
        text = text.replace(run, "")
    plain = "".join(char for char in text if not char.isspace() and char not in _QUIET)
    return plain.removesuffix("は")  # the rest of a question that was not said


def _is_shouted(text: str) -> bool:
    """Whether capitals say nothing: every word has one."""
    words = text.split()
    return len(words) > 1 and sum([word[0].isupper() for word in words]) > _SHOUTED_SHARE * len(words)


class _Draft:
    """A reading that is being made."""

    __slots__ = (
        "_breaks",
        "_currency",
        "_kinds",
        "_lexicon",
        "_new",
        "_quoted",
        "_senses",
        "_shouted",
        "_signs",
        "_words",
    )

    def __init__(self, lexicon: Lexicon, senses: Mapping[str, Sense], *, shouted: bool) -> None:
        self._lexicon = lexicon
        self._senses = senses
        self._currency = ""
        """That stands before a number, to be put behind it."""
        self._shouted = shouted
        self._words: list[str] = []
        self._kinds: list[Kind] = []
        self._breaks: set[int] = set()
        self._signs: list[str] = []
        self._quoted = False
        """Whether this is between backticks, where words are code."""
        self._new = True
        """Whether a sentence begins here."""

    def take_all(self, pieces: list[str]) -> None:
        """Words and signs, in their order."""
        senses, add_word, add_kind = self._senses, self._words.append, self._kinds.append
        for piece in pieces:
            sense = senses.get(piece)
            if sense is not None and not self._quoted and len(piece) > 1:
                add_word(sense[0])
                add_kind(sense[1])
                self._new = False
            else:
                self._take(piece)

    def _take(self, piece: str) -> None:
        if self._quoted and piece != "`" and (len(piece) > 1 or piece.isalnum()):
            self._put(piece, Kind.EXACT)
        elif piece.isalpha():
            self._take_word(piece)
        elif len(piece) == 1 and not piece.isdigit():
            self._take_sign(piece)
            return
        elif piece[0].isdigit():
            self._take_number(piece)
        else:
            self._take_joined(piece)
        self._new = False

    def _put(self, word: str, kind: Kind) -> None:
        self._words.append(word)
        self._kinds.append(kind)

    def _take_word(self, piece: str) -> None:
        word = piece.lower()
        lexicon = self._lexicon
        if self._kinds and self._kinds[-1] is Kind.NUMBER and piece in SHORT_UNITS:
            self._put(SHORT_UNITS[piece], Kind.UNIT)
        elif piece != word and not self._shouted and self._is_own_word(piece, word):
            self._put(piece if len(piece) > 1 or word == "a" else word, Kind.NAME)
        elif word in lexicon.spoken:
            self._put_all(lexicon.spoken[word])
        elif piece != word and not self._shouted and (not self._new or (piece.isupper() and len(piece) > 1)):
            said, kind = self._sense_of(word)
            self._put(said, Kind.NAME if kind in _NAMEABLE else kind)
        else:
            self._put(*self._sense_of(word))

    def _is_own_word(self, piece: str, word: str) -> bool:
        """Whether capitals make another word of it: `US`, or the `A` of `vitamin A`."""
        if len(piece) == 1:
            return not self._new and word != "i"
        return piece.isupper() and word in self._lexicon.capitals

    def _put_all(self, words: tuple[str, ...]) -> None:
        for word in words:
            self._put(*self._sense_of(word))

    def _sense_of(self, word: str) -> Sense:
        return self._senses.get(word) or (word, _kind_of(word, self._lexicon))

    def _take_sign(self, piece: str) -> None:
        unit = self._lexicon.units.get(piece)
        if piece == "`":
            self._quoted = not self._quoted
        elif unit is not None and unicodedata.category(piece) == "Sc":
            self._currency = unit
        elif unit is not None:
            self._put(unit, Kind.UNIT)
        elif piece in _SIGNS or piece in _BRACKETS or piece == "-":
            self._signs.append(piece)
        elif piece not in _QUIET and not unicodedata.combining(piece):
            self._put(piece, Kind.EXACT)
        if piece in _ENDS:
            self._new = True
        if piece in ".,;:?!()\n":
            self._breaks.add(len(self._words))

    def _take_number(self, piece: str) -> None:
        number, rest = split_unit(piece, self._lexicon.units)
        if number is None:
            self._put(piece.lower(), Kind.EXACT)
            return
        if self._signs and self._signs[-1] == "-" and (len(self._words) in self._breaks or self._new):
            number = "-" + number
        self._put(numeral(number), Kind.NUMBER)
        if self._currency:
            self._put(self._currency, Kind.UNIT)
            self._currency = ""
        if rest:
            self._put(rest, Kind.UNIT)

    def _take_joined(self, piece: str) -> None:
        if "'" in piece and "/" not in piece:
            self._take_contraction(piece)
            return
        parts = re.split(r"[-/]", piece)
        if all(part.isalpha() for part in parts) and len(parts) <= 6:
            for place, part in enumerate(parts):
                if place and "/" in piece:
                    self._signs.append("/")
                self._take_word(part)
                self._new = False
        else:
            # An address's letters may be told apart by case behind the host only; it is not worth reading.
            word = piece.rstrip(_CLOSING)
            self._put(word if "://" in word else word[0].lower() + word[1:], Kind.EXACT)

    def _take_contraction(self, piece: str) -> None:
        word = piece.lower()
        spoken = self._lexicon.spoken.get(word)
        if spoken is not None:
            self._put_all(spoken)
            return
        if word.endswith("n't"):
            self._put(*self._sense_of(word[:-3]))
            self._put("not", Kind.NEGATION)
            return
        base, _, ending = piece.partition("'")
        if base:
            self._take_word(base)
        own = _OWN.get("'" + ending.lower())
        if own is not None:
            self._put(own, Kind.HARMLESS)
        elif ending:
            self._new = False
            for part in ending.split("'"):
                if part.isalpha():
                    self._take_word(part)
                elif part:
                    self._put(part.lower(), Kind.EXACT)

    def finished(self, text: str) -> Reading:
        """What has been taken, with phrases as one word and a language's own small words recognised."""
        if self._currency:
            self._put(self._currency, Kind.UNIT)
        signs = _CALL.sub("", "".join(self._signs))
        if not (set(signs) & _SIGNS):
            signs = ""
        language = self._language()
        if language != "english":
            own = self._lexicon.harmless[language]
            for at, word in enumerate(self._words):
                if word in own:
                    self._kinds[at] = Kind.HARMLESS
                elif self._kinds[at] in (Kind.HARMLESS, Kind.WORD):
                    self._kinds[at] = Kind.UNFAMILIAR
        elif not self._lexicon.phrases.keys().isdisjoint(self._words):
            self._phrase()
        if self._words and self._words[0] == "no" and 1 in self._breaks:
            self._kinds[0] = Kind.HARMLESS  # an answer's first word, which the rest says again
        asks = "?" in text or not text.rstrip().endswith(".")
        return Reading(
            text, tuple(self._words), tuple(self._kinds), frozenset(self._breaks), signs, "", language, asks
        )

    def _language(self) -> str:
        """That which has the most of the small words; English where none has more than it."""
        if Kind.UNFAMILIAR not in self._kinds and Kind.NAME not in self._kinds:
            return "english"
        said = set(self._words)
        found = {language: len(own & said) for language, own in self._lexicon.harmless.items()}
        best = max(found, key=found.__getitem__)
        return best if found[best] > found["english"] else "english"

    def _phrase(self) -> None:
        """Have one word stand for each phrase."""
        words, kinds, breaks = self._words, self._kinds, self._breaks
        found = self._phrases_in(words)
        if not found:
            return
        self._words, self._kinds, self._breaks = [], [], set()
        done = 0
        for at, length, meant in [*found, (len(words), 0, ())]:
            moved = len(self._words) - done
            self._breaks.update(place + moved for place in breaks if done <= place <= at)
            self._words += words[done:at]
            self._kinds += kinds[done:at]
            self._put_all(meant)
            done = at + length

    def _phrases_in(self, words: list[str]) -> list[tuple[int, int, tuple[str, ...]]]:
        """Where each begins, how long it is, and what it stands for."""
        found: list[tuple[int, int, tuple[str, ...]]] = []
        known_of, done = self._lexicon.phrases.get, 0
        for at, word in enumerate(words):
            known = known_of(word)
            if known is None or at < done:
                continue
            for phrase, meant in known:
                if words[at : at + len(phrase)] == phrase:
                    done = at + len(phrase)
                    found.append((at, len(phrase), meant))
                    break
        return found
