"""Words and phrases that say what is wanted, in many languages: `data/cues.json`, by what they stand for."""

import re
from importlib.resources import files

import msgspec
from msgspec import Struct

from baton.gateway.routing.tasks.words import Passage, words_of

_STEM_KEY = 3
"""Stems are looked up by so many of their characters; none is shorter."""

_OPENING_WORDS = 3
"""A cue that begins within so many words of its sentence opens it: "could you please translate"."""

_UNSPACED = ("zh", "ja", "ko", "ar", "hi")
"""Languages whose cues are looked for inside of words: written without blanks, or clinging to others."""

_LATIN_END = 0x590
"""Scripts from here on are those of `_UNSPACED` languages, and a few more."""


class Cue(Struct, frozen=True):
    """One that was found."""

    sense: str
    """What it stands for: a key of `data/cues.json`."""
    phrase: str
    opens: bool
    """Whether its sentence begins with it."""


class Cues:
    """Finds them."""

    __slots__ = ("_beginnings", "_firsts", "_phrases", "_stems", "_unspaced", "_within")

    def __init__(self, senses: dict[str, dict[str, list[str]]]) -> None:
        """`senses`: phrases by sense and language; one that ends in `*` may go on."""
        self._phrases: dict[str, tuple[str, ...]] = {}
        self._beginnings: set[str] = set()
        self._stems: dict[str, list[tuple[str, str]]] = {}
        self._within: dict[str, tuple[str, ...]] = {}
        for sense, languages in senses.items():
            for language, phrases in languages.items():
                for phrase in phrases:
                    self._place(sense, language, phrase)
        self._firsts = frozenset(phrase.partition(" ")[0] for phrase in self._phrases)
        longest_first = sorted(self._within, key=len, reverse=True)
        self._unspaced = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")

    def _place(self, sense: str, language: str, phrase: str) -> None:
        if phrase.endswith("*"):
            self._stems.setdefault(phrase[:_STEM_KEY], []).append((phrase[:-1], sense))
            return
        unspaced = language in _UNSPACED
        table = self._within if unspaced else self._phrases
        words = [phrase] if unspaced else words_of(phrase)
        key = " ".join(words)
        table[key] = (*(known for known in table.get(key, ()) if known != sense), sense)
        self._beginnings.update(" ".join(words[:count]) for count in range(1, len(words)))

    def found(self, passage: Passage) -> list[Cue]:
        """In what is asked, in their order."""
        found: list[Cue] = []
        for words in passage.sentences:
            self._look_through(words, found)
        if not passage.asked.isascii() and max(passage.asked) >= chr(_LATIN_END):
            for match in self._unspaced.finditer(passage.asked):
                phrase = match[0]
                found.extend(Cue(sense=sense, phrase=phrase, opens=False) for sense in self._within[phrase])
        return found

    def _look_through(self, words: list[str], found: list[Cue]) -> None:
        phrases, stems, beginnings, firsts = self._phrases, self._stems, self._beginnings, self._firsts
        for at in [at for at, word in enumerate(words) if word in firsts or word[:_STEM_KEY] in stems]:
            word = words[at]
            opens = at < _OPENING_WORDS
            phrase, more = word, at + 1
            while True:
                for sense in phrases.get(phrase, ()):
                    found.append(Cue(sense=sense, phrase=phrase, opens=opens))
                if phrase not in beginnings or more >= len(words):
                    break
                phrase = f"{phrase} {words[more]}"
                more += 1
            for stem, sense in stems.get(word[:_STEM_KEY], ()):
                if word.startswith(stem):
                    found.append(Cue(sense=sense, phrase=word, opens=opens))


def packaged_cues() -> Cues:
    """Those that are shipped; reads one file, so call it once."""
    data = files("baton.gateway.routing.tasks").joinpath("data/cues.json").read_bytes()
    return Cues(msgspec.json.decode(data, type=dict[str, dict[str, list[str]]]))
