"""What a prompt looks like, whatever its language: code, formulas, options, numbers, questions, length."""

import re
from collections.abc import Iterator

from baton.gateway.routing.tasks.words import Passage

_FORMULA = re.compile(r"\d(?: ?[+*/^=×÷] ?[\d(a-z]|[xyn]\b)")
_CODE_STARTS = re.compile(
    r"(?:def|class|import|from|#include|public|private|static|function|const|let|var|return|if|for|while|else|elif|"
    r"print|using|package|select|insert|create|fn|func|struct|type|try|catch|except|with|void|int|string)\b"
)
_CODE_ENDS = (";", "{", "}", "):", ");", "],", "},", "/>", "*/", "->", '"""')
_CODE_SIGNS = (
    "()",
    "==",
    "!=",
    "&&",
    "||",
    "+=",
    "=>",
    "->",
    "::",
    "</",
    "[i]",
    "{{",
    "$_",
    "0x",
    ">>>",
    "];",
    "#!",
)
_OPTIONS = (
    "A. ",
    "B. ",
    "C. ",
    "D. ",
    "A) ",
    "B) ",
    "C) ",
    "D) ",
    "a) ",
    "b) ",
    "c) ",
    "d) ",
    "(a)",
    "(b)",
    "(c)",
)
_BULLETS = ("- ", "* ", "• ", "1.", "2.", "3.", "4.", "1)", "2)", "3)")
_MATHS = (
    "\\frac",
    "\\sqrt",
    "\\sum",
    "\\int",
    "\\begin",
    "\\(",
    "\\[",
    "$$",
    "√",
    "≤",
    "²",
    "^2",
    "^n",
    "x^",
    "mathbb",
    "\\le",
    "sqrt(",
)
_MATHS_BEGIN = ("\\", "^", "$$", "√", "≤", "²", "mathbb", "sqrt(")
"""Without one of these there is none of them: most prompts are done with fewer looks."""

_UNITS = (
    "%",
    "$",
    "€",
    "£",
    "¥",
    " km",
    " kg",
    " cm",
    " mph",
    " hours",
    " minutes",
    " miles",
    " dollars",
    " percent",
)
_FENCES = ("```", "~~~")
_QUOTES = ('"', "“", "„", "«", "「", ' "', " '")
_LINKS = ("http://", "https://", "www.")
_BLANKS = ("___", "[blank]", "[MASK]")
_FILES = (
    ".py",
    ".js",
    ".ts",
    ".java",
    ".cpp",
    ".csv",
    ".json",
    ".xml",
    ".html",
    ".css",
    ".sql",
    ".txt",
    ".sh",
    ".yml",
)

_STEPS = (1, 2, 4, 8, 16)
_MOST_LINES = 24
_LENGTHS = (4, 8, 15, 30, 60, 120, 200)
_FIELD_CHARS = 26
_FEW_WORDS = 12
_YOURS = frozenset(("you", "your", "you're"))
_MINE = frozenset(("i", "my", "me", "i'm", "i've", "i'd"))
_FOREIGN = re.compile("[\u0300-\u1fff\u2e80-\U0010ffff]")


def shapes_of(passage: Passage) -> Iterator[str]:
    """Names of what is there; counts come as the steps that they reach: `formula>=2`."""
    text, words = passage.text, passage.words
    yield from _lines(text.split("\n", _MOST_LINES)[:_MOST_LINES])
    yield from _steps("code sign", sum(map(text.count, _CODE_SIGNS)))
    yield from _steps("formula", len(_FORMULA.findall(text)))
    yield from _steps("snake", text.count("_") - 3 * text.count("___"))
    if any(map(text.__contains__, _MATHS_BEGIN)):
        yield from _steps("maths", sum(map(text.count, _MATHS)))
    for name, signs in (
        ("fence", _FENCES),
        ("quote", _QUOTES),
        ("link", _LINKS),
        ("blank", _BLANKS),
        ("file", _FILES),
    ):
        if any(map(text.__contains__, signs)):
            yield name
    numbers = words.count("0")
    yield from _steps("number", numbers)
    if numbers:
        yield from _steps("unit", sum(map(text.count, _UNITS)))
    if numbers * 8 >= len(words) > 0:
        yield "many numbers"
    for length in _LENGTHS:
        if len(words) < length:
            break
        yield f"words>={length}"
    yield from _manner(passage)


def _lines(lines: list[str]) -> Iterator[str]:
    options = bullets = fields = code = 0
    for line in lines:
        bare = line.strip()
        options += bare.startswith(_OPTIONS)
        bullets += bare.startswith(_BULLETS)
        name, colon, _ = bare.partition(":")
        fields += bool(colon) and len(name) <= _FIELD_CHARS and name[:1].isupper()
        code += bare.endswith(_CODE_ENDS) or (len(lines) > 1 and bool(_CODE_STARTS.match(bare)))
    if options >= 3:
        yield "options"
    yield from _steps("bullet", bullets)
    yield from _steps("field", fields)
    yield from _steps("code line", code)
    yield from _steps("line", len(lines) - 1)


def _manner(passage: Passage) -> Iterator[str]:
    text, words = passage.text, passage.words
    end = text[-1:]
    if end in "?？؟":
        yield "ends ?"
    elif end in ".。।":
        yield "ends ."
    elif end == ":":
        yield "ends :"
    elif end.isalnum():
        yield "ends bare"
    if "?" in text or "？" in text or "؟" in text:
        yield "asks"
    if "\n\n" in text:
        yield "paragraphs"
    if text[:1].isupper():
        yield "begins upper"
    if text.islower():
        yield "no upper"
    if not text.isascii() and len(_FOREIGN.findall(passage.asked)) * 3 > len(passage.asked):
        yield "foreign script"
    distinct = passage.distinct
    if not distinct.isdisjoint(_MINE):
        yield "first person"
        if len(words) <= _FEW_WORDS:
            yield "first person, short"
    if not distinct.isdisjoint(_YOURS):
        yield "second person"


def _steps(name: str, count: int) -> Iterator[str]:
    for step in _STEPS:
        if count < step:
            break
        yield f"{name}>={step}"
