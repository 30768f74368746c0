"""PDFs that were made to do harm, each by one trick."""

import random
import zlib

from tests.pipelines.documents.pdf import HEIGHT, WIDTH, Line, Pdf, brief, content, texts

SAID = "Some words."
_SAYING = b"BT /F1 12 Tf 72 700 Td (Some words.) Tj ET\n"


def _one(stream: bytes, extra: bytes = b"", box: bytes | None = None, deflated: int = 1) -> bytes:
    """A page with such contents; `extra`: of its resources."""
    pdf = Pdf()
    return _with(pdf, stream, extra, box, deflated)


def _with(pdf: Pdf, stream: bytes, extra: bytes = b"", box: bytes | None = None, deflated: int = 1) -> bytes:
    node = pdf.reserve()
    page = pdf.page(node, pdf.stream(stream, deflated=deflated), extra, box)
    return pdf.file(pdf.tree(node, [page]))


def noise() -> bytes:
    """The right beginning, then chance."""
    return b"%PDF-1.7\n" + random.Random(7).randbytes(100_000)


def damaged(seed: int) -> bytes:
    """A good file of which some bytes are others, missing or twice there, as chance has it."""
    chance = random.Random(seed)
    data = bytearray(brief(2))
    for _ in range(chance.choice((1, 3, 10, 100))):
        at = chance.randrange(len(data))
        match chance.randrange(4):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randrange(50)]
            case 2:
                data[at:at] = data[at : at + chance.randrange(500)]
            case _:
                data[at : at + 1] = chance.choice((b"99999999999", b"-1", b"<<", b"]", b" 1 0 R ", b"stream"))
    return bytes(data)


def truncated() -> bytes:
    """Half of a good file."""
    whole = brief(20)
    return whole[: len(whole) // 2]


def lost_table() -> bytes:
    """Its table of objects is said to be behind its end."""
    head, _, _ = texts(SAID).rpartition(b"startxref")
    return head + b"startxref\n999999999\n%%EOF\n"


def wrong_table() -> bytes:
    """Its table says of every object that it is somewhere else."""
    return texts(SAID).replace(b" 00000 n ", b" 00009 n ").replace(b"00000000", b"00000099")


def looped_tables() -> bytes:
    """Each table says that the one before it is itself."""
    data = texts(SAID)
    place = data.rindex(b"xref\n0")
    return data.replace(b"/Root", b"/Prev %010d /Root" % place)


def own_parent() -> bytes:
    """A node of the page tree that has itself among its pages."""
    pdf = Pdf()
    node = pdf.reserve()
    page = pdf.page(node, pdf.stream(_SAYING))
    return pdf.file(pdf.tree(node, [page, node, node], count=1000))


def two_billion_pages() -> bytes:
    """One page that is said to be 2 147 483 647."""
    pdf = Pdf()
    node = pdf.reserve()
    return pdf.file(pdf.tree(node, [pdf.page(node, pdf.stream(_SAYING))], count=2**31 - 1))


def negative_pages() -> bytes:
    """One page, said to be less than none."""
    pdf = Pdf()
    node = pdf.reserve()
    return pdf.file(pdf.tree(node, [pdf.page(node, pdf.stream(_SAYING))], count=-(2**31)))


def many_pages() -> bytes:
    """A hundred thousand of them, all there."""
    pdf = Pdf()
    node = pdf.reserve()
    stream = pdf.stream(_SAYING)
    fonts = pdf.add(b"<< %s >>" % pdf.fonts())
    made = [
        pdf.add(
            b"<< /Type /Page /Parent %d 0 R /Contents %d 0 R /Resources %d 0 R >>" % (node, stream, fonts)
        )
        for _ in range(100_000)
    ]
    return pdf.file(pdf.tree(node, made))


def bomb() -> bytes:
    """A gigabyte of blanks, deflated twice to a hundred kilobytes."""
    once = zlib.compressobj(1)
    piece = b" " * 2**20
    packed = b"".join(once.compress(piece) for _ in range(1024)) + once.flush()
    pdf = Pdf()
    node = pdf.reserve()
    stream = pdf.stream(zlib.compress(packed, 9), b"/Filter [/FlateDecode /FlateDecode]", deflated=0)
    return pdf.file(pdf.tree(node, [pdf.page(node, stream)]))


def thirty_filters() -> bytes:
    """A hundred megabytes of blanks behind thirty filters."""
    return _one(_SAYING + b" " * 10**8, deflated=30)


def object_stream_in_itself() -> bytes:
    """A stream of objects that says it is inside itself, goes on with itself, and has the catalog."""
    pdf = Pdf()
    node = pdf.reserve()
    page = pdf.page(node, pdf.stream(_SAYING))
    catalog = pdf.tree(node, [page])
    own = catalog + 1
    inner = b"<< /Type /ObjStm /N 1 /First 5 /Extends %d 0 R >>" % own
    stream = pdf.stream(
        b"%d 0  %s" % (own, inner), b"/Type /ObjStm /N 1 /First 5 /Extends %d 0 R" % own, deflated=0
    )
    table = b"".join(
        (2).to_bytes(1, "big") + own.to_bytes(4, "big") + (0).to_bytes(2, "big") for _ in range(stream + 2)
    )
    data = pdf.file(catalog)
    head = data[: data.rindex(b"xref\n0")]
    body = zlib.compress(table)
    place = len(head)
    return head + (
        b"%d 0 obj\n<< /Type /XRef /Size %d /W [1 4 2] /Root %d 0 R /Length %d /Filter /FlateDecode >>\n"
        b"stream\n%s\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n"
        % (stream + 1, stream + 2, catalog, len(body), body, place)
    )


def forms_in_themselves() -> bytes:
    """A drawing that draws itself, twice."""
    pdf = Pdf()
    form = pdf.reserve()
    body = b"/X Do /X Do"
    pdf.tell(
        form,
        b"<< /Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X %d 0 R >> >> "
        b"/Length %d >>\nstream\n%s\nendstream" % (form, len(body), body),
    )
    return _with(pdf, _SAYING + b"/X Do", b"/XObject << /X %d 0 R >>" % form)


def forms_by_the_billion() -> bytes:
    """Drawings that draw the next ten times each, twelve of them: a million million at the end."""
    pdf = Pdf()
    below = pdf.stream(
        _SAYING, b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << %s >>" % pdf.fonts()
    )
    for _ in range(12):
        resources = b"/Resources << /XObject << /X %d 0 R >> >>" % below
        below = pdf.stream(b"/X Do " * 10, b"/Type /XObject /Subtype /Form /BBox [0 0 9 9] " + resources)
    return _with(pdf, _SAYING + b"/X Do", b"/XObject << /X %d 0 R >>" % below)


def enormous_page() -> bytes:
    """A thousand million points wide and high."""
    return _one(_SAYING, box=b"-1000000000 -1000000000 1e38 1000000000")


def letters_beyond_all() -> bytes:
    """As large and as far away as numbers go, the same backwards, and of no size at all."""
    far = b"BT /F1 1 Tf 3e38 0 0 3e38 3e38 3e38 Tm (far) Tj -3e38 0 0 -3e38 -3e38 3e38 Tm (back) Tj ET\n"
    none = b"BT /F1 0 Tf (none) Tj 0 0 0 0 0 0 Tm /F1 9 Tf (flat) Tj ET\n"
    return _one(far + none + _SAYING)


def _with_unicode(told: bytes) -> bytes:
    """Its font says by `told` which characters its codes are."""
    pdf = Pdf()
    table = pdf.stream(told)
    font = pdf.add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /ToUnicode %d 0 R >>" % table)
    node = pdf.reserve()
    stream = pdf.stream(_SAYING.replace(b"/F1", b"/U"))
    page = pdf.add(
        b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %d %d] /Contents %d 0 R "
        b"/Resources << /Font << /U %d 0 R >> >> >>" % (node, WIDTH, HEIGHT, stream, font)
    )
    return pdf.file(pdf.tree(node, [page]))


def broken_unicode() -> bytes:
    """Ranges that end before they begin, and no end of brackets."""
    return _with_unicode(b"1 beginbfrange <ff> <00> <ffff> <00> <ffffffffff> [[[[ <zz> endbfrange " * 1000)


def divided_letters() -> bytes:
    """Eleven letters, two of which are written as two characters each (Devanagari's qa, in NFC)."""
    return _with_unicode(b"1 beginbfchar <6f> <0958> endbfchar")


def huge_unicode() -> bytes:
    """A million ranges of all codes."""
    return _with_unicode(b"100 beginbfrange " + b"<0000> <ffff> <0041>\n" * 1_000_000 + b"endbfrange")


def half_characters() -> bytes:
    """Every letter is half a character, and the title is, too."""
    data = _with_unicode(b"1 beginbfrange <00> <ff> <d800> endbfrange")
    pdf_end = data.rindex(b"trailer")
    title = b"99 0 obj\n<< /Title <feffd800dc> >>\nendobj\n"
    return data[:pdf_end] + title + data[pdf_end:].replace(b"/Root", b"/Info 99 0 R /Root")


def fifty_million_operators() -> bytes:
    """In a hundred kilobytes."""
    return _one(_SAYING + b"q\nQ\n" * 25_000_000)


def twenty_million_letters() -> bytes:
    """On one page."""
    return _one(b"BT /F1 1 Tf " + b"(%s) Tj " % (b"lorem ipsum " * 100) * 16_000 + b"ET")


def one_stream_a_million_times() -> bytes:
    """A page whose contents are the same hundred kilobytes again and again."""
    pdf = Pdf()
    node = pdf.reserve()
    stream = pdf.stream(_SAYING * 2500)
    page = pdf.add(
        b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %d %d] /Contents [%s] /Resources << %s >> >>"
        % (node, WIDTH, HEIGHT, b"%d 0 R " % stream * 1_000_000, pdf.fonts())
    )
    return pdf.file(pdf.tree(node, [page]))


def nested_arrays() -> bytes:
    """A hundred thousand brackets, in the catalog and on the page."""
    deep = b"[" * 100_000 + b"]" * 100_000
    pdf = Pdf()
    node = pdf.reserve()
    page = pdf.page(node, pdf.stream(deep + b" TJ\n" + _SAYING), b"/Deep %s" % deep)
    return pdf.file(pdf.tree(node, [page], extra=b"/Deep " + deep))


def nested_dictionaries() -> bytes:
    """A hundred thousand of them, one in the other."""
    deep = b"<< /A " * 100_000 + b"null" + b" >>" * 100_000
    pdf = Pdf()
    node = pdf.reserve()
    page = pdf.page(node, pdf.stream(_SAYING))
    return pdf.file(pdf.tree(node, [page], extra=b"/Deep " + deep))


def own_length() -> bytes:
    """A stream whose length is said by a stream whose length is said by the first."""
    pdf = Pdf()
    first, second = pdf.reserve(), pdf.reserve()
    pdf.tell(first, b"<< /Length %d 0 R >>\nstream\n%s\nendstream" % (second, _SAYING))
    pdf.tell(second, b"<< /Length %d 0 R >>\nstream\n%s\nendstream" % (first, _SAYING))
    node = pdf.reserve()
    return pdf.file(pdf.tree(node, [pdf.page(node, first)]))


def active() -> bytes:
    """It wants to run a script, start a program, open an address and send a form when it is opened."""
    pdf = Pdf()
    script = pdf.add(b"<< /S /JavaScript /JS (app.launchURL\\('http://127.0.0.1:9/'\\); while\\(1\\){}) >>")
    launch = pdf.add(b"<< /S /Launch /F (/bin/sh) /Next %d 0 R >>" % script)
    address = pdf.add(b"<< /S /URI /URI (http://127.0.0.1:9/) /Next %d 0 R >>" % launch)
    node = pdf.reserve()
    page = pdf.page(node, pdf.stream(_SAYING))
    extra = b"/OpenAction %d 0 R /AA << /WC %d 0 R >> /Names << /JavaScript << /Names [(a) %d 0 R] >> >>"
    return pdf.file(pdf.tree(node, [page], extra=extra % (address, launch, script)))


def scan(pages: int = 3) -> bytes:
    """Pages of one picture each."""
    pdf = Pdf()
    image = pdf.stream(
        bytes(100 * 100),
        b"/Type /XObject /Subtype /Image /Width 100 /Height 100 /BitsPerComponent 8 /ColorSpace /DeviceGray",
    )
    node = pdf.reserve()
    stream = pdf.stream(b"q 400 0 0 400 72 200 cm /I Do Q")
    made = [pdf.page(node, stream, b"/XObject << /I %d 0 R >>" % image) for _ in range(pages)]
    made.insert(1, pdf.page(node, pdf.stream(content([Line(SAID)]))))
    made.append(pdf.page(node, pdf.stream(b"")))
    return pdf.file(pdf.tree(node, made))
