"""Which language a text is in, by its script and its small words; where that is unsure, nobody says."""

import re
import tomllib
from collections.abc import Callable, Mapping
from importlib.resources import files

from msgspec import Struct

from baton.quality.checks.scripts import DENSE, Script, scripts_in

LEAST_LETTERS = 40
"""Below them nothing is said of a text in an alphabet …"""

LEAST_DENSE = 20
"""… and of one that says more in a letter."""

_LEAST_HITS = 6
"""Small words of a language, …"""

_LEAST_SHARE = 0.18
"""… their share of all words, …"""

_MARGIN = 1.5
"""… and how many times as many as of the next language: then it is that one."""

_MAIN = 0.7
"""Share of the letters that makes a script a text's own."""

_KANA = 0.2
"""Share of the letters from which on a text is Japanese …"""

_NO_KANA = 0.02
"""… and up to which it is Chinese, which may quote some."""

_WORD = re.compile(r"[^\W\d_]+")

_CLOSE = (frozenset({"da", "no", "sv"}), frozenset({"id", "ms"}))
"""Languages that share too many small words to be told apart in a short text."""


class Tongue(Struct, frozen=True):
    """A language, as texts in it are known."""

    words: frozenset[str]
    never_last: frozenset[str]
    names: frozenset[str]


class Tongues:
    """Tells languages apart."""

    def __init__(self, known: Mapping[str, Tongue]) -> None:
        """`known`: by tag."""
        self._known = known

    def of(self, text: str) -> str | None:
        """The tag of the language that a text is surely in; None: it cannot be told."""
        counts = scripts_in(text)
        letters = sum(counts.values())
        dense = sum(counts[script] for script in DENSE)
        if letters < (LEAST_DENSE if dense > letters / 2 else LEAST_LETTERS):
            return None
        if counts[Script.LATIN] >= _MAIN * letters:
            return self._by_words(text)
        if counts[Script.HAN] + counts[Script.KANA] >= _MAIN * letters:
            if counts[Script.KANA] >= _KANA * letters:
                return "ja"
            return "zh" if counts[Script.KANA] <= _NO_KANA * letters else None
        for script, tell in _TELLS.items():
            if counts[script] >= _MAIN * letters:
                return tell(text.casefold())
        return None

    def differ(self, found: str, wanted: str) -> bool:
        """Whether a text found to be in one language is surely not in the one wanted; both as tags."""
        wanted = primary(wanted)
        if found == wanted or _are_close(found, wanted):
            return False
        return wanted in self._known  # of one that is not, nothing is known

    def never_last(self, tag: str) -> frozenset[str]:
        """Words that no sentence of a language ends with."""
        known = self._known.get(tag)
        return frozenset() if known is None else known.never_last

    def named_in(self, text: str) -> frozenset[str]:
        """Tags of the languages that a text speaks of."""
        lower = text.casefold()
        words = set(_WORD.findall(lower))
        return frozenset(
            tag
            for tag, tongue in self._known.items()
            if tongue.names & words or any(not name.isascii() and name in lower for name in tongue.names)
        )

    def _by_words(self, text: str) -> str | None:
        words = _WORD.findall(text.casefold())
        if not words:
            return None
        hits = {tag: sum(word in tongue.words for word in words) for tag, tongue in self._known.items()}
        best = max(hits, key=lambda tag: hits[tag])
        rivals = [count for tag, count in hits.items() if tag != best and not _are_close(tag, best)]
        enough = hits[best] >= _LEAST_HITS and hits[best] >= _LEAST_SHARE * len(words)
        return best if enough and hits[best] >= _MARGIN * max(rivals) else None


def primary(tag: str) -> str:
    """The language of a tag such as `pt-BR` or `zh_Hant` (RFC 5646)."""
    main = re.split(r"[-_]", tag.strip().casefold())[0]
    return "no" if main in ("nb", "nn") else main


def packaged_tongues() -> Tongues:
    """Those that are shipped; reads one file."""
    data = files("baton.quality").joinpath("data/languages.toml").read_text(encoding="utf-8")
    return Tongues(
        {
            tag: Tongue(
                words=frozenset(said["words"].split()),
                never_last=frozenset(said["never_last"].split()),
                names=frozenset(said["names"].split()),
            )
            for tag, said in tomllib.loads(data).items()
        }
    )


def _are_close(one: str, other: str) -> bool:
    return any({one, other} <= group for group in _CLOSE)


def _cyrillic(text: str) -> str | None:
    """Letters that only one of the languages has."""
    if any(letter in text for letter in "ђћџљњјѓќѕў"):
        return None
    if any(letter in text for letter in "іїєґ"):
        return "uk"
    return "ru" if any(letter in text for letter in "ыэё") else None


def _arabic(text: str) -> str | None:
    if any(letter in text for letter in "ٹڈڑےں"):
        return "ur"
    if any(letter in text for letter in "پچژگ"):
        return "fa"
    return "ar" if any(letter in text for letter in "ةىك") else None


_TELLS: Mapping[Script, Callable[[str], str | None]] = {
    Script.CYRILLIC: _cyrillic,
    Script.ARABIC: _arabic,
    Script.GREEK: lambda _: "el",
    Script.HEBREW: lambda _: "he",
    Script.HANGUL: lambda _: "ko",
    Script.THAI: lambda _: "th",
    Script.DEVANAGARI: lambda _: "hi",
}
"""What a text in a script is in."""
