"""Forms with files (RFC 7578): taken apart, and written again with one value changed.

Nothing is copied but what is asked for: a form is mostly one long recording. Whatever two readers could
take apart in two ways is refused, so that no provider serves another model than was admitted and priced.
"""

import re
from urllib.parse import unquote

from msgspec import Struct

from baton.core.errors import Invalid

_MAX_PARTS = 64
_MAX_HEAD_BYTES = 8 * 1024
_MAX_TEXT_BYTES = 256 * 1024
_MAX_BOUNDARY_CHARS = 70  # RFC 2046, section 5.1.1
_PARAMETER = re.compile(r';\s*([\w*!#$%&\'+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))', re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_BLANK = b"\r\n\r\n"


class Part(Struct, frozen=True):
    """One part, as places in the body."""

    name: str
    filename: str | None
    begin: int
    """Of its delimiter."""
    value: int
    end: int
    """Of its value; the line end behind it belongs to the next delimiter."""


class Form:
    """A form that was taken apart."""

    def __init__(self, body: bytes, parts: tuple[Part, ...]) -> None:
        self._body = body
        self.parts = parts

    def text(self, name: str) -> str | None:
        """The value of a field; None where there is none.

        Raises:
            Invalid: it is no text, too long, or stands there twice.
        """
        part = self._only(name)
        if part is None:
            return None
        if part.filename is not None or part.end - part.value > _MAX_TEXT_BYTES:
            raise Invalid(
                f"The form's '{name}' must be a short text.", param=name, code="invalid_value"
            ) from None
        try:
            return self._body[part.value : part.end].decode()
        except UnicodeDecodeError:
            raise Invalid(f"The form's '{name}' is not UTF-8.", param=name, code="invalid_value") from None

    def file(self, name: str) -> Part | None:
        """The part that holds a file; None where there is none, or no file in it.

        Raises:
            Invalid: it stands there twice.
        """
        part = self._only(name)
        return None if part is None or part.filename is None else part

    def content(self, part: Part) -> bytes:
        """What a part holds."""
        return self._body[part.value : part.end]

    def beginning(self, part: Part, most_bytes: int) -> bytes:
        """What a part begins with."""
        return self._body[part.value : min(part.end, part.value + most_bytes)]

    def written(self, *, without: str, name: str, value: str) -> bytes:
        """The body with another value for the field `name`, and without the parts called `without`."""
        body = self._body
        kept: list[bytes | memoryview] = []
        view = memoryview(body)
        at = 0
        for part in self.parts:
            if part.name == without:
                kept.append(view[at : part.begin])
                at = part.end
            elif part.name == name:
                kept += [view[at : part.value], value.encode()]
                at = part.end
        kept.append(view[at:])
        return b"".join(kept)

    def _only(self, name: str) -> Part | None:
        found = [part for part in self.parts if part.name == name]
        if len(found) > 1:
            raise Invalid(f"The form has '{name}' more than once.", param=name, code="invalid_value")
        return found[0] if found else None


def read_form(body: bytes, content_type: str) -> Form:
    """Take a form apart.

    Raises:
        Invalid: it is none, is cut, or has more parts or longer heads than anybody needs.
    """
    delimiter = b"--" + _boundary(content_type)
    parts: list[Part] = []
    begin, behind = (0, len(delimiter)) if body.startswith(delimiter) else _delimiter(body, delimiter, 0)
    if begin != 0:
        raise _broken("something stands before its first boundary")
    while not body.startswith(b"--", behind):
        if len(parts) == _MAX_PARTS:
            raise _broken(f"it has more than {_MAX_PARTS} parts")
        if not body.startswith(b"\r\n", behind):
            raise _broken("something stands behind a boundary")
        head_end = body.find(_BLANK, behind, behind + _MAX_HEAD_BYTES)
        if head_end < 0:
            raise _broken("a part has no end of its headers")
        next_begin, next_behind = _delimiter(body, delimiter, head_end + 2)
        head = body[behind:head_end].decode("utf-8", "replace")
        parts.append(_part(head, begin, head_end + len(_BLANK), next_begin))
        begin, behind = next_begin, next_behind
    if body[behind + 2 :].strip():
        raise _broken("something stands behind its last boundary")
    return Form(body, tuple(parts))


def _part(head: str, begin: int, value: int, end: int) -> Part:
    if end < value:  # the blank line was the delimiter's
        raise _broken("a part has no value")
    lines = head.split("\r\n")[1:]
    dispositions = [line for line in lines if line.lower().startswith("content-disposition:")]
    if len(dispositions) != 1 or any(line[:1] in (" ", "\t") for line in lines):
        raise _broken("a part has no Content-Disposition, or several")
    said = _parameters(dispositions[0])
    name = said.get("name")
    if name is None or "name*" in said:
        raise _broken("a part has no name")
    filename = said.get("filename")
    if filename is None and "filename*" in said:
        filename = unquote(said["filename*"].rpartition("'")[2])
    return Part(name, filename, begin, value, end)


def _delimiter(body: bytes, delimiter: bytes, start: int) -> tuple[int, int]:
    """Where the next delimiter begins, its line end before it included, and what is behind it."""
    begin = body.find(b"\r\n" + delimiter, start)
    if begin < 0:
        raise _broken("it ends before its last boundary")
    return begin, begin + 2 + len(delimiter)


def _parameters(header: str) -> dict[str, str]:
    """A header's parameters; one that is given twice would mean another thing to another reader."""
    said: dict[str, str] = {}
    for found in _PARAMETER.finditer(header):
        if found[1].lower() in said:
            raise _broken("a part says one thing twice")
        quoted = found[2]
        said[found[1].lower()] = _ESCAPED.sub(r"\1", quoted) if quoted is not None else found[3].strip()
    return said


def _boundary(content_type: str) -> bytes:
    kind, _, _ = content_type.partition(";")
    if kind.strip().lower() != "multipart/form-data":
        raise Invalid("Send a form: `Content-Type: multipart/form-data` with a boundary.", param="file")
    boundary = _parameters(content_type).get("boundary", "")
    if not 0 < len(boundary) <= _MAX_BOUNDARY_CHARS or not boundary.isascii():
        raise Invalid("The form's Content-Type names no boundary.", param="file")
    return boundary.encode()


def _broken(why: str) -> Invalid:
    return Invalid(f"The body is not a valid form: {why}.")
