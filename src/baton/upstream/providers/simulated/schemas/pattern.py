"""Text that matches a regular expression of the plain sort that JSON Schemas use.

Known: literals, escapes, classes, groups, alternatives, quantifiers, and anchors around them. Look-arounds,
word borders and back-references are not, and a pattern that has them is refused rather than half obeyed. No
regular expression is ever run: one made by a stranger may take for ever.
"""

import re
from string import hexdigits

from baton.upstream.providers.simulated.dice import Dice

_PRINTABLE = "".join(chr(code) for code in range(0x20, 0x7F))
_DIGITS = "0123456789"
_WORD = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
_SPACE = " \t\n"
_CLASSES = {"d": _DIGITS, "w": _WORD, "s": _SPACE}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_MOST_EXTRA = 3  # repetitions beyond the fewest that an open quantifier asks for


_MOST_ATOMS = 10_000  # written or passed over; nested quantifiers multiply


class Unmatchable(Exception):
    """The pattern is not of the plain sort, or nothing matches it."""


def matching(pattern: str, dice: Dice) -> str:
    """A text that matches the pattern, as short as its quantifiers allow within a little chance.

    Raises:
        Unmatchable: the pattern is not of the plain sort.
    """
    return _Sampler(pattern, dice).sample()


class _Sampler:
    """Reads the pattern once from left to right and writes as it reads."""

    def __init__(self, pattern: str, dice: Dice) -> None:
        self._pattern = pattern
        self._at = 0
        self._dice = dice
        self._left = _MOST_ATOMS

    def sample(self) -> str:
        text = self._alternatives()
        if self._at < len(self._pattern):
            raise Unmatchable(self._pattern)
        return text

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        char = self._peek()
        if not char:
            raise Unmatchable(self._pattern)
        self._at += 1
        return char

    def _alternatives(self) -> str:
        branches = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            branches.append(self._sequence())
        return branches[self._dice.below(len(branches))]

    def _sequence(self) -> str:
        written: list[str] = []
        while (char := self._peek()) and char not in "|)":
            if char in "^$":
                self._anchor()
                continue
            start = self._at
            piece = self._atom()
            fewest, most = self._quantifier()
            after = self._at
            written.extend(self._again(start, piece, fewest + self._dice.below(most - fewest + 1)))
            self._at = after
        return "".join(written)

    def _again(self, start: int, first: str, count: int) -> list[str]:
        """The atom at `start`, `count` times, each thrown anew."""
        pieces = [first][:count]
        while len(pieces) < count:
            self._at = start
            pieces.append(self._atom())
        return pieces

    def _anchor(self) -> None:
        """Passes over an anchor at a border; elsewhere nothing could match it."""
        before, after = self._pattern[: self._at][-1:], self._pattern[self._at + 1 : self._at + 2]
        at_border = before in ("", "(", "|", ":") if self._take() == "^" else after in ("", ")", "|")
        if not at_border:
            raise Unmatchable(self._pattern)

    def _atom(self) -> str:
        self._left -= 1
        if self._left < 0:
            raise Unmatchable(self._pattern)
        char = self._take()
        if char == "(":
            return self._group()
        if char == "[":
            return self._pick(self._class())
        if char == "\\":
            return self._escape()
        if char == ".":
            return self._pick(_WORD)
        if char in "*+?{":
            raise Unmatchable(self._pattern)
        return char

    def _group(self) -> str:
        if self._pattern.startswith("?:", self._at):
            self._at += 2
        elif self._peek() == "?":
            raise Unmatchable(self._pattern)
        text = self._alternatives()
        if self._take() != ")":
            raise Unmatchable(self._pattern)
        return text

    def _escape(self) -> str:
        char = self._take()
        return self._pick(self._escaped(char))

    def _escaped(self, char: str) -> str:
        """The characters that an escape stands for."""
        if char.lower() in _CLASSES:
            chosen = _CLASSES[char.lower()]
            return chosen if char.islower() else _without(chosen)
        if char in _CONTROLS:
            return _CONTROLS[char]
        if char in "xu":
            return self._code_point(2 if char == "x" else 4)
        return self._refuse() if char.isalnum() else char

    def _code_point(self, digits: int) -> str:
        written = self._pattern[self._at : self._at + digits]
        if len(written) < digits or not set(written) <= set(hexdigits):
            return self._refuse()
        self._at += digits
        return chr(int(written, 16))

    def _class(self) -> str:
        negated = self._peek() == "^"
        self._at += negated
        chosen = ""
        first = True
        while first or self._peek() != "]":
            first = False
            low = self._member()
            if self._peek() == "-" and self._pattern[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                high = self._member()
                low = "".join(chr(code) for code in range(ord(low[-1]), ord(high[0]) + 1))
            chosen += low
        self._at += 1
        return _without(chosen) if negated else chosen

    def _member(self) -> str:
        char = self._take()
        return self._escaped(self._take()) if char == "\\" else char

    def _quantifier(self) -> tuple[int, int]:
        """How often the atom before it may stand, fewest and most."""
        char = self._peek()
        bounds = {"*": (0, _MOST_EXTRA), "+": (1, 1 + _MOST_EXTRA), "?": (0, 1)}.get(char)
        if bounds is not None:
            self._at += 1
        elif (counted := re.compile(r"\{(\d+)(,(\d*))?\}").match(self._pattern, self._at)) is not None:
            self._at = counted.end()
            fewest = int(counted[1])
            most = int(counted[3]) if counted[3] else fewest + (_MOST_EXTRA if counted[2] else 0)
            if most < fewest:
                raise Unmatchable(self._pattern)
            bounds = fewest, min(most, fewest + _MOST_EXTRA)
        else:
            return 1, 1
        if self._peek() in ("?", "+"):  # lazy and possessive match the same texts, or fewer
            self._at += 1
        return bounds

    def _pick(self, chosen: str) -> str:
        return chosen[self._dice.below(len(chosen))] if chosen else self._refuse()

    def _refuse(self) -> str:
        raise Unmatchable(self._pattern)


def _without(chosen: str) -> str:
    return "".join(char for char in _PRINTABLE if char not in chosen)
