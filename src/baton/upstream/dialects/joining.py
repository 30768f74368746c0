"""Where one provider's text goes on in another's: what of it is new for who has read the first.

Both ways are asked alike: `hear` gives what of more text is new, `end` what was held back to the last.
`joined`: from here on all is new. `diverged`: the two texts are not one answer.
"""

from enum import StrEnum
from typing import Protocol

_MOST_REPEATED = 240
"""Characters before the seam that a model may say again: some sentences."""

_CLEAR = 12
"""Characters from a word's beginning on that nobody repeats without meaning the same place."""

_CLEAR_WITHIN = 3
"""The same where text would run on without a space between: there a word was begun, and is begun again."""

_ANEW = 24
"""Characters of the whole answer's beginning that tell that it is being given again."""


class Resumption(StrEnum):
    """How another provider is asked to go on."""

    SPLICE = "splice"
    """It is asked the same; as far as it says the same, nothing is passed on."""
    CONTINUE = "continue"
    """It is shown what was sent, and goes on behind it."""


class Join(Protocol):
    """Tells what is new."""

    joined: bool
    diverged: bool

    @property
    def ahead(self) -> int:
        """Characters that were sent and are not told again: places in its text count without them."""
        ...

    def hear(self, text: str) -> str:
        """What of more text is new."""
        ...

    def end(self) -> str:
        """What was held back; no more text comes."""
        ...


class Splice:
    """The same answer once more."""

    def __init__(self, sent: str) -> None:
        self._sent = sent
        self._at = 0
        self.joined = not sent
        self.diverged = False

    @property
    def ahead(self) -> int:
        """None: it tells the whole."""
        return 0

    def hear(self, text: str) -> str:
        """What of more text is new; nothing from where it departs."""
        if self.joined:
            return text
        if self.diverged:
            return ""
        known = text[: len(self._sent) - self._at]
        if not self._sent.startswith(known, self._at):
            self.diverged = True
            return ""
        self._at += len(known)
        self.joined = self._at == len(self._sent)
        return text[len(known) :]

    def end(self) -> str:
        """Nothing: an answer that ends before what was sent departs from it."""
        self.diverged = self.diverged or not self.joined
        return ""


class Continuation:
    """The rest alone, with what its model repeats of the beginning."""

    def __init__(self, sent: str) -> None:
        self._sent = sent
        self._held: list[str] = []
        self._chars = 0
        """Of what is held back."""
        self._anew = True
        """Whether all of that is the answer's beginning once more."""
        self._cut = 0
        self.joined = not sent
        self.diverged = False

    @property
    def ahead(self) -> int:
        """What was sent, less what was repeated."""
        return len(self._sent) - self._cut

    def hear(self, text: str) -> str:
        """What of more text is new; as long as it may be a repetition it is held back."""
        if self.joined:
            return text
        if self.diverged:
            return ""
        sent, before = self._sent, self._chars
        self._held.append(text)
        self._chars += len(text)
        self._anew = self._anew and sent.startswith(text[: len(sent) - before], before)
        if (self._anew and self._chars < len(sent)) or self._says_last_words():
            return ""
        return self._join()

    def end(self) -> str:
        """What was held back."""
        return "" if self.joined or self.diverged else self._join()

    def _says_last_words(self) -> bool:
        """Whether more of it could show that it repeats what was said last."""
        sent = self._sent
        if self._chars > _MOST_REPEATED:
            return False
        return sent.find("".join(self._held), max(0, len(sent) - _MOST_REPEATED), len(sent) - 1) >= 0

    def _join(self) -> str:
        sent, held = self._sent, "".join(self._held)
        cut = self._repeated(held)
        if not cut and _agreeing(sent, held) >= _ANEW:
            self.diverged = True
            return ""
        self.joined = True
        self._held.clear()
        self._cut = cut
        return held[cut:]

    def _repeated(self, held: str) -> int:
        """Characters at its beginning that were sent before."""
        sent = self._sent
        if held.startswith(sent) and self._is_clear(held, len(sent)):
            return len(sent)
        for chars in range(min(len(held), len(sent), _MOST_REPEATED), 0, -1):
            if sent.endswith(held[:chars]) and self._is_clear(held, chars):
                return chars
        blank = sent[len(sent.rstrip()) :]
        return _agreeing(blank, held)

    def _is_clear(self, held: str, chars: int) -> bool:
        """Whether so many characters that were sent, and come again, are a repetition."""
        sent = self._sent
        start = len(sent) - chars
        if not any(map(str.isalpha, held[:chars])):
            return False
        if not start:  # the whole
            return chars >= _CLEAR_WITHIN
        if sent[start - 1].isalnum() and sent[start].isalnum():  # within a word
            return False
        runs_on = sent[-1].isalnum() and held[0].isalnum()
        return chars >= (_CLEAR_WITHIN if runs_on else _CLEAR)


def _agreeing(one: str, other: str) -> int:
    """Characters until two texts differ."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (left, right) in pairs if left != right), min(len(one), len(other)))
