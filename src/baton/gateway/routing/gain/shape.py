"""What a prompt looks like besides its words: lengths, numbers, signs, the options of a multiple choice."""

import re
from math import log

_OPTION = re.compile(r" {0,3}\(?[A-Ja-j][.):] *(?=\S)")
_DIGITS = frozenset("0123456789")
_SIGNS = frozenset("=+*/^<>\\(|")
_LONG_WORD = 8
_SHORT_OPTION = 2
_MANY_OPTIONS = 10


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COMMON = _words("the of a an in and to is that for it as with by on at from are be was")
_PERSONS = _words("he she his her him they their them i my me you your we our us")
_NEGATIONS = _words("not except least false incorrect never no without")
_RELATIONS = _words("each every per twice double half times more less fewer than")
_SUPERLATIVES = _words("best most primary primarily main mainly likely")

NAMES = (
    "characters",
    "stem_characters",
    "stem_words",
    "long_words",
    "digits",
    "digit_count",
    "capitals",
    "signs",
    "beyond_ascii",
    "sentences",
    "asks",
    "negated",
    "negated_loudly",
    "two_statements",
    "blank",
    "stem_lines",
    "option_mean",
    "option_longest",
    "option_spread",
    "options",
    "numeric_options",
    "short_options",
    "shared_options",
    "of_the_above",
    "roman",
    "quoted",
    "superlative",
    "which_of",
    "ends_in_colon",
    "ends_in_question",
    "ends_in_letter",
    "common_words",
    "persons",
    "commas",
    "money",
    "percent",
    "decimals",
    "relations",
)
"""The measures, in the order in which `shape` gives them."""


def shape(prompt: str, kinds: frozenset[str]) -> list[float]:
    """The measures of a prompt and its different words; shares are 0-1, counts and lengths are logarithms
    of one more than them, the rest is 1 where it holds."""
    stem, options = _parted(prompt)
    spoken = stem.split()
    count = len(spoken) or 1
    kinds_of_digits = _DIGITS & kinds
    digits = sum(map(prompt.count, kinds_of_digits))
    option_lengths = list(map(len, options)) or [0]
    several = len(options) or 1
    end = stem.rstrip()[-1:]
    total = len(prompt) or 1
    return [
        log(1 + len(prompt)),
        log(1 + len(stem)),
        log(1 + len(spoken)),
        sum(map(_LONG_WORD.__lt__, map(len, spoken))) / count,
        digits / total,
        log(1 + digits),
        sum(map(str.istitle, spoken)) / count,
        sum(map(prompt.count, _SIGNS & kinds)) / total,
        0.0 if prompt.isascii() else (len(prompt.encode("utf-8", "replace")) - len(prompt)) / total,
        log(1 + stem.count(". ") + stem.count("? ") + stem.count(".\n")),
        float("?" in stem),
        float(not _NEGATIONS.isdisjoint(kinds)),
        float("NOT" in stem or "EXCEPT" in stem or "LEAST" in stem),
        float("Statement 1" in stem),
        float("__" in stem),
        log(1 + stem.count("\n")),
        log(1 + sum(option_lengths) / several),
        log(1 + max(option_lengths)),
        log(1 + max(option_lengths) - min(option_lengths)),
        float(len(options)),
        sum(map(_numeric, options)) / several,
        sum(option.count(" ") < _SHORT_OPTION for option in options) / several,
        _shared(options),
        float("of the above" in prompt or "of these" in prompt),
        float(" II" in prompt),
        float('"' in prompt or "“" in prompt),
        float(not _SUPERLATIVES.isdisjoint(kinds)),
        float("hich of the following" in stem),
        float(end == ":"),
        float(end == "?"),
        float(end.isalpha()),
        len(_COMMON & kinds) / (len(kinds) or 1),
        len(_PERSONS & kinds) / (len(kinds) or 1),
        log(1 + stem.count(",")),
        float("$" in stem),
        float("%" in stem),
        float(any(f".{digit}" in stem for digit in kinds_of_digits)),
        log(1 + len(_RELATIONS & kinds)),
    ]


def _parted(prompt: str) -> tuple[str, list[str]]:
    """What comes before the first lettered line, and the lettered lines without their letters."""
    lines = prompt.split("\n")
    marks = [(at, mark.end()) for at, line in enumerate(lines) if (mark := _OPTION.match(line))][
        :_MANY_OPTIONS
    ]
    if len(marks) < 2:
        return prompt, []
    return "\n".join(lines[: marks[0][0]]), [lines[at][end:] for at, end in marks]


def _numeric(option: str) -> bool:
    return option.lstrip("$-−–+(.√ ")[:1].isdigit()


def _shared(options: list[str]) -> float:
    """The share of the options' words that all of them have."""
    if not options:
        return 0.0
    kinds = [frozenset(option.split()) for option in options]
    every = frozenset[str]().union(*kinds)
    return len(kinds[0].intersection(*kinds[1:])) / (len(every) or 1)
