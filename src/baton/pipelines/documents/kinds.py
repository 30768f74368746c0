"""What kind a file is, told by its bytes."""

from baton.pipelines.documents.document import Kind

_HEAD_BYTES = 1024
"""Within which a PDF begins; readers take what stands before it for a mail's or a server's head."""
_TAIL_BYTES = 2048
"""Within which a PDF says where its table is."""
_BLANKS = b" \t\r\n\f\0\xef\xbb\xbf"

_MARKDOWN_ENDINGS = (".md", ".markdown", ".mdown", ".mkd")

_SIGNATURES = (
    (b"PK\x03\x04", "a ZIP archive, as Word, Excel and OpenDocument files are"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a file of an older Office"),
    (b"{\\rtf", "a file in Rich Text Format"),
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"%!PS", "a PostScript file"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x7fELF", "a program"),
)
"""How formats begin that cannot be read here, and what people call them."""

_HTML = (b"<!doctype html", b"<html")


def is_pdf(data: bytes) -> bool:
    """Whether it begins as a PDF does, or has such a beginning near its start and a PDF's end."""
    head = data[:_HEAD_BYTES]
    if head.lstrip(_BLANKS).startswith(b"%PDF-"):
        return True
    return b"%PDF-" in head and b"startxref" in data[-_TAIL_BYTES:]


def foreign(data: bytes) -> str | None:
    """What people call its format, where that is known and cannot be read."""
    for signature, name in _SIGNATURES:
        if data.startswith(signature):
            return name
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "a WebP image"
    if data[:_HEAD_BYTES].lstrip(_BLANKS).lower().startswith(_HTML):
        return "an HTML page"
    return None


def of_text(name: str) -> Kind:
    """Every text can be Markdown, so only a name tells whether it is meant as such."""
    return Kind.MARKDOWN if name.lower().endswith(_MARKDOWN_ENDINGS) else Kind.TEXT
