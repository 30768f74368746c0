"""Writes PDFs by hand, good ones and those that no program would write (ISO 32000-1)."""

import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap

REGULAR, BOLD, SERIF, MONO = "F1", "F2", "F3", "F4"
FONTS = {REGULAR: "Helvetica", BOLD: "Helvetica-Bold", SERIF: "Times-Roman", MONO: "Courier"}
WIDTH, HEIGHT, MARGIN = 595, 842, 72
"""Of a page, in points: A4, with an inch around the text."""

_PADDING = bytes.fromhex("28BF4E5E4E758A4164004E56FFFA01082E2E00B6D0683E802F0CA9FE6453697A")
"""Of passwords (7.6.3.3)."""


@dataclass(frozen=True)
class Line:
    """One line of text, in Windows-1252; `gap`: how far below the one before, in points."""

    text: str
    size: float = 11
    font: str = REGULAR
    gap: float = 14
    indent: float = 0


class Pdf:
    """Objects, then the file that holds them."""

    def __init__(self, password: str | None = None) -> None:
        """`password`: the user's, of a file that is encrypted (RC4, 40 bits); may be empty."""
        self._bodies: list[bytes] = []
        self.id = hashlib.md5(b"a file").digest()
        self._key = None if password is None else _key(password, self.id)
        self._encrypt: int | None = None
        if self._key is not None:
            owner, user = _owner(), _rc4(self._key, _PADDING)
            self._encrypt = self.add(
                b"<< /Filter /Standard /V 1 /R 2 /P -4 /O <%s> /U <%s> >>"
                % (owner.hex().encode(), user.hex().encode())
            )

    def reserve(self) -> int:
        """The number of an object that is told later."""
        self._bodies.append(b"null")
        return len(self._bodies)

    def tell(self, number: int, body: bytes) -> int:
        """What a reserved object is."""
        self._bodies[number - 1] = body
        return number

    def add(self, body: bytes) -> int:
        """One more object; its number."""
        return self.tell(self.reserve(), body)

    def stream(self, data: bytes, head: bytes = b"", *, deflated: int = 1) -> int:
        """A stream, `deflated` so many times; `head`: more entries of its dictionary."""
        for _ in range(deflated):
            data = zlib.compress(data, 9)
        number = self.reserve()
        if self._key is not None:
            salted = hashlib.md5(self._key + number.to_bytes(3, "little") + bytes(2)).digest()
            data = _rc4(salted[:10], data)
        filters = b"/Filter [%s]" % b" ".join([b"/FlateDecode"] * deflated) if deflated else b""
        body = b"<< /Length %d %s %s >>\nstream\n%s\nendstream" % (len(data), filters, head, data)
        return self.tell(number, body)

    def fonts(self) -> bytes:
        """A resource dictionary with all of `FONTS`."""
        named = (
            b"/%s << /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>"
            % (name.encode(), font.encode())
            for name, font in FONTS.items()
        )
        return b"/Font << %s >>" % b" ".join(named)

    def page(self, parent: int, contents: int, extra: bytes = b"", box: bytes | None = None) -> int:
        """A page with the usual fonts; `extra`: more of its resources."""
        box = box or b"0 0 %d %d" % (WIDTH, HEIGHT)
        return self.add(
            b"<< /Type /Page /Parent %d 0 R /MediaBox [%s] /Contents %d 0 R /Resources << %s %s >> >>"
            % (parent, box, contents, self.fonts(), extra)
        )

    def tree(self, node: int, pages: Sequence[int], count: int | None = None, extra: bytes = b"") -> int:
        """The page tree's root and the catalog; the catalog's number. `extra`: more of the catalog."""
        kids = b" ".join(b"%d 0 R" % page for page in pages)
        told = len(pages) if count is None else count
        self.tell(node, b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, told))
        return self.add(b"<< /Type /Catalog /Pages %d 0 R %s >>" % (node, extra))

    def file(self, root: int, info: int | None = None, trailer: bytes = b"") -> bytes:
        """All of it, with a table of where each object is."""
        out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        places: list[int] = []
        for number, body in enumerate(self._bodies, 1):
            places.append(len(out))
            out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
        start = len(out)
        out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
        out += b"".join(b"%010d 00000 n \n" % place for place in places)
        out += b"trailer\n<< /Size %d /Root %d 0 R " % (len(places) + 1, root)
        if info is not None:
            out += b"/Info %d 0 R " % info
        if self._encrypt is not None:
            out += b"/Encrypt %d 0 R " % self._encrypt
        out += b"/ID [<%s> <%s>] %s >>\n" % (self.id.hex().encode(), self.id.hex().encode(), trailer)
        return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def content(lines: Sequence[Line], top: float = HEIGHT - MARGIN) -> bytes:
    """The operators that set lines below each other."""
    out = [b"BT"]
    for line in lines:
        top -= line.gap
        text = line.text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
        out.append(
            b"/%s %g Tf 1 0 0 1 %g %g Tm (%s) Tj"
            % (line.font.encode(), line.size, MARGIN + line.indent, top, text)
        )
    return b"\n".join([*out, b"ET"])


def pdf_of(
    pages: Sequence[Sequence[Line]],
    *,
    title: str | None = None,
    password: str | None = None,
    deflated: int = 1,
) -> bytes:
    """A whole file of such pages."""
    pdf = Pdf(password)
    node = pdf.reserve()
    made = [pdf.page(node, pdf.stream(content(lines), deflated=deflated)) for lines in pages]
    info = None
    if title is not None:
        info = pdf.add(b"<< /Title <%s> >>" % ("\ufeff" + title).encode("utf-16-be").hex().encode())
    return pdf.file(pdf.tree(node, made), info)


def texts(*pages: str) -> bytes:
    """A file of pages with one line each."""
    return pdf_of([[Line(text)] for text in pages])


def _rc4(key: bytes, data: bytes) -> bytes:
    state, at = list(range(256)), 0
    for index in range(256):
        at = (at + state[index] + key[index % len(key)]) % 256
        state[index], state[at] = state[at], state[index]
    out, left, right = bytearray(), 0, 0
    for byte in data:
        left = (left + 1) % 256
        right = (right + state[left]) % 256
        state[left], state[right] = state[right], state[left]
        out.append(byte ^ state[(state[left] + state[right]) % 256])
    return bytes(out)


def _padded(password: str) -> bytes:
    return (password.encode("latin-1") + _PADDING)[:32]


def _owner() -> bytes:
    """What stands for the owner's password (algorithm 3), which is the user's padding here."""
    return _rc4(hashlib.md5(_padded("owner")).digest()[:5], _padded(""))


def _key(password: str, file_id: bytes) -> bytes:
    """Of the file (algorithm 2)."""
    allowed = (-4).to_bytes(4, "little", signed=True)
    return hashlib.md5(_padded(password) + _owner() + allowed + file_id).digest()[:5]


SENTENCES = (
    "Harbour Oats makes porridge for people who leave home before six.",
    "Nurses, bakers and bus drivers told us that breakfast is the meal they give up first.",
    "They do not miss the food so much as the quarter of an hour that belonged to them.",
    "The brand should give that quarter of an hour back, wherever it happens to fall.",
    "Competitors speak of fibre, of champions and of mornings that nobody here has ever seen.",
    "Our advantage is a pot that can be eaten with one hand, and a tone that does not shout.",
)
"""Of a brief, for as many pages as are wanted."""


def brief(pages: int = 20, paragraphs: int = 5) -> bytes:
    """A brief with a title and, on each page, a heading and paragraphs of several lines each."""
    made: list[list[Line]] = []
    for number in range(1, pages + 1):
        lines = [Line("Brief: Harbour Oats", 24, BOLD, gap=20)] if number == 1 else []
        lines.append(Line(f"{number}. {heading(number)}", 16, BOLD, gap=34))
        for at in range(paragraphs):
            wrapped = wrap(paragraph(number, at), 88)
            lines += [Line(text, gap=26 if first else 14) for first, text in _firsts(wrapped)]
        made.append(lines)
    return pdf_of(made, title="Brief: Harbour Oats")


def heading(number: int) -> str:
    """Of a page of the brief."""
    return ("Who it is for", "What they say", "What we offer", "How we speak")[number % 4]


def paragraph(number: int, at: int) -> str:
    """One of a page of the brief, as a reader should have it."""
    said = [SENTENCES[(number + at + step) % len(SENTENCES)] for step in range(4)]
    return f"Point {number}.{at}: {' '.join(said)}"


def _firsts(lines: Sequence[str]) -> list[tuple[bool, str]]:
    return [(index == 0, line) for index, line in enumerate(lines)]
