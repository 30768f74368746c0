"""A text apart from its code, and what of it stands between quotation marks."""

import re
import unicodedata

from msgspec import Struct

_FENCE = re.compile(r"[>\s]*(`{3,}|~{3,})\s*(.*?)\s*\Z")
_INLINE = re.compile(r"(?<!`)(`{1,3})(?!`)[^`\n]{1,400}\1(?!`)")
_QUOTED = re.compile(
    r"[“„‟«][^“”„«»\n]{1,400}[”“»]|\"[^\"\n]{1,400}\"|「[^「」\n]{1,400}」|『[^『』\n]{1,400}』"
    r"|(?<!\w)[‘'](?=\S)[^\n\"]{1,400}?(?<=\S)[’'](?!\w)"
)
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\b[\w.+-]{1,64}@[\w.-]{1,255}")
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]"
)
_TAGS = {0xE0000 + code: chr(code) for code in range(0x20, 0x7F)}
"""Letters that nobody sees and models read (Unicode's block of tags)."""
_STRAIGHT = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "＇": "'", "`": "'"})


class Prose(Struct, frozen=True, kw_only=True):
    """A text without its code blocks."""

    text: str
    code: str
    """The lines of its code blocks."""
    is_open: bool
    """Whether it ends within a code block that was never closed."""


def prose_of(text: str) -> Prose:
    """A text apart from its code blocks (CommonMark's, and blocks within blocks as models write them)."""
    prose: list[str] = []
    code: list[str] = []
    marks: list[str] = []
    behind = False  # whether anything stands behind the last fence that was opened
    before = ""
    for line in text.splitlines():
        fence = _FENCE.match(line)
        if fence and fence[1][0] == "~" and not marks and before.strip():
            fence = None  # it underlines a heading, as reStructuredText does
        before = line
        mark, about = (fence[1], fence[2]) if fence else ("", "")
        if not mark or "`" in about:
            (code if marks else prose).append(line)
            behind = behind or bool(line.strip())
        elif marks and not about and mark[0] == marks[-1][0] and len(mark) >= len(marks[-1]):
            marks.pop()
        else:
            marks.append(mark)
            behind = False
    return Prose(text="\n".join(prose), code="\n".join(code), is_open=bool(marks) and behind)


def without_inline_code(prose: str) -> str:
    """Prose without what stands between backticks."""
    return _INLINE.sub(" ", prose)


def without_addresses(prose: str) -> str:
    """Prose without addresses of pages and of people, each of which becomes a dash."""
    return _ADDRESS.sub("-", prose)


def without_quotes(prose: str) -> str:
    """Prose without what stands between quotation marks, and without quoted lines."""
    lines = [line for line in prose.splitlines() if not line.lstrip().startswith(">")]
    return _QUOTED.sub(" ", "\n".join(lines))


def plain(text: str) -> str:
    """A text as patterns are looked for in it: one form of each letter, nothing unseen, in lower case."""
    seen = unicodedata.normalize("NFKC", _UNSEEN.sub("", text.translate(_TAGS)))
    return seen.translate(_STRAIGHT).casefold()
