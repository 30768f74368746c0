"""Text and Markdown: which characters the bytes are."""

import codecs
import re

from baton.pipelines.documents.characters import safe

_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_WRONG = "\ufffd"
_LONELY = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
_TOGETHER = re.compile(rb"[\x80-\xff]{2,}")
"""Bytes beyond ASCII: in UTF-8 none stands alone, in the Windows-1252 of most languages nearly all do."""
_MOST_WRONG = 0.1
"""Of all characters; where more are wrong it was never UTF-8."""
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MOST_CONTROLS = 0.01
"""Of all characters; a text has stray ones, anything else has many."""
_STRAY = 2
"""So many are let pass however short the text is."""

_FENCE = re.compile(r" {0,3}(```|~~~)")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t](.*)")


class NotText(Exception):
    """The bytes are something else."""


def decoded(data: bytes) -> tuple[str, str | None]:
    """The text, and what is to be said of its encoding; UTF-8, UTF-16 with its mark, else Windows-1252.

    Raises:
        NotText: too much of it is control characters, or wrong.
    """
    text, note = _characters(data)
    if len(_CONTROL.findall(text)) > max(_STRAY, _MOST_CONTROLS * len(text)):
        raise NotText
    return safe(text), note


def headings(text: str) -> tuple[str, ...]:
    """Those of Markdown that are marked by `#`, outside of fenced code."""
    found: list[str] = []
    fence: str | None = None
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark is not None:
            fence = mark[1] if fence is None else None if mark[1] == fence else fence
        elif fence is None and (heading := _HEADING.match(line)) is not None:
            found.append(_without_end(heading[1].strip()))
    return tuple(filter(None, found))


def _without_end(heading: str) -> str:
    """Marks behind a heading are not of it, where a space is between them."""
    said = heading.rstrip("#")
    return said.rstrip() if not said or said[-1] in " \t" else heading


def _characters(data: bytes) -> tuple[str, str | None]:
    encoding = _UTF16.get(data[:2])
    if encoding is not None:
        try:
            return data[2:].decode(encoding), None
        except UnicodeDecodeError:
            text = data[2:].decode(encoding, "replace")
        return text, _damage(text, "UTF-16")
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        return data.decode("utf-8"), None
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    if len(_LONELY.findall(data)) > len(_TOGETHER.findall(data)):
        return data.decode("cp1252", "replace"), "It does not say its encoding; it was read as Windows-1252."
    if text.count(_WRONG) > _MOST_WRONG * len(text):
        raise NotText
    return text, _damage(text, "UTF-8")


def _damage(text: str, encoding: str) -> str:
    places = len(re.findall(f"{_WRONG}+", text))
    return f"It is damaged {encoding}: at {places} place(s) characters are lost, each is marked by {_WRONG}."
