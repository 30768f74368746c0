"""Documents, read by a child process."""

import asyncio
import os
import signal
import socket
import subprocess
import sys

import pytest

from baton.core.errors import Refused, Unavailable
from baton.pipelines.documents.document import Kind
from baton.pipelines.documents.limits import Limits
from baton.pipelines.documents.reader import Reader
from tests.chaos.conftest import soon
from tests.pipelines.documents import hostile
from tests.pipelines.documents.pdf import BOLD, Line, Pdf, brief, heading, paragraph, pdf_of, texts

SLEEPING = ("-c", "import sys, time; sys.stdin.buffer.read(); time.sleep(600)")


async def test_a_brief_of_twenty_pages_is_read_as_it_was_written(reader: Reader) -> None:
    """Every heading and every paragraph, on its page and in its order, lines joined again."""
    document = await reader.read("brief.pdf", brief(20))
    assert (document.kind, document.page_count, document.title) == (Kind.PDF, 20, "Brief: Harbour Oats")
    assert [page.number for page in document.pages] == list(range(1, 21))
    for page in document.pages:
        title = f"{page.number}. {heading(page.number)}"
        assert page.headings[-1] == title
        above = ["Brief: Harbour Oats"] if page.number == 1 else []
        said = [*above, title, *(paragraph(page.number, at) for at in range(5))]
        assert page.text.split("\n\n") == said
    assert document.characters == sum(len(page.text) for page in document.pages)
    assert (document.notes, document.left_out) == ((), ())


async def test_words_parted_at_a_line_s_end_are_whole_again(reader: Reader) -> None:
    """A hyphen for the line's end goes; one before a capital letter or a figure is the word's own."""
    lines = [
        "A morning is a neighbour-",
        "hood of its own, and Anglo-",
        "Saxon towns of 1990-",
        "1995 knew it.",
    ]
    document = await reader.read("a.pdf", pdf_of([[Line(line) for line in lines]]))
    assert document.text == (
        "A morning is a neighbourhood of its own, and Anglo-Saxon towns of 1990-1995 knew it."
    )


async def test_a_parted_word_does_not_part_the_paragraph(reader: Reader) -> None:
    """The next line follows the word's end, which is a line below its beginning."""
    lines = [
        "People who leave home before six have given up breakfast, and they miss it.",
        "They told us so in their own words, all of them, in the kitchens and canteens.",
        "What they miss most is neither the porridge nor the coffee but the quarter-",
        "hour that belonged to them alone, before anybody else in the house was up,",
        "and that they would gladly have again wherever it might happen to fall now.",
    ]
    document = await reader.read("a.pdf", pdf_of([[Line(line) for line in lines]]))
    assert document.text == " ".join(lines).replace("quarter- hour", "quarterhour")


async def test_characters_that_become_several_are_counted_as_several() -> None:
    """A limit is of what is handed on, not of what stands on the page."""
    async with Reader(Limits(characters=11)) as reader:
        document = await reader.read("a.pdf", hostile.divided_letters())
        assert (document.text, document.characters) == ("S\u0915\u093cme w\u0915\u093crd", 11)
        assert document.left_out == ("The end of page 1: at most 11 characters are read.",)


async def test_a_bold_line_is_a_heading_and_a_list_stays_one(reader: Reader) -> None:
    """Also where its letters are no larger; what follows a bullet is an item of its own."""
    body = [Line("Why now", font=BOLD), Line("Because mornings have become shorter for everyone we asked.")]
    items = [
        Line("• nurses", gap=20),
        Line("• bakers who are up before everyone else in the town and"),
        Line("their apprentices", indent=10),
    ]
    document = await reader.read("a.pdf", pdf_of([[*body, *items]]))
    assert document.pages[0].headings == ("Why now",)
    assert document.text.split("\n\n")[2:] == [
        "• nurses",
        "• bakers who are up before everyone else in the town and their apprentices",
    ]


@pytest.mark.parametrize(
    ("name", "data", "kind", "text"),
    [
        ("a.txt", "Grüße,\r\nBaton\x00".encode(), Kind.TEXT, "Grüße,\nBaton"),
        ("a.md", b"\xef\xbb\xbf# Plan\n\n*Go*", Kind.MARKDOWN, "# Plan\n\n*Go*"),
        ("a", "Tee für 2 €".encode("cp1252"), Kind.TEXT, "Tee für 2 €"),
        ("a.pdf", "kein PDF, 𝄞".encode("utf-16"), Kind.TEXT, "kein PDF, 𝄞"),
        ("a.txt", texts("in truth a PDF"), Kind.PDF, "in truth a PDF"),
        ("a", b"\r\n\r\n" + texts("after two lines"), Kind.PDF, "after two lines"),
    ],
    ids=["utf-8", "markdown", "cp1252", "utf-16", "pdf named txt", "pdf after blank lines"],
)
async def test_the_bytes_say_what_a_file_is(
    reader: Reader, name: str, data: bytes, kind: Kind, text: str
) -> None:
    """Whatever its name says; only whether a text is Markdown nobody can tell but the name."""
    document = await reader.read(name, data)
    assert (document.kind, document.text, document.page_count) == (kind, text, 1)


@pytest.mark.parametrize(
    ("name", "data", "title"),
    [
        ("C:\\briefs\\oats.v2.pdf", texts("x"), "oats.v2"),
        ("oats.pdf", pdf_of([[Line("x")]], title="Oats – a \x00 plan\u202e"), "Oats – a plan\u202e"),
        ("oats.md", b"text\n\n## Oats, again ##\n", "Oats, again"),
    ],
    ids=["name", "metadata", "heading"],
)
async def test_a_title_is_the_document_s_own_or_its_name(
    reader: Reader, name: str, data: bytes, title: str
) -> None:
    """Metadata, then the first heading of Markdown, then the file's name."""
    assert (await reader.read(name, data)).title == title


async def test_what_the_limits_cut_off_is_said() -> None:
    """Pages and characters beyond them are left out, and named; what is read is right and no longer."""
    async with Reader(Limits(pages=3, characters=10)) as reader:
        pages = await reader.read("a.pdf", texts("a", "b", "c", "d", "e"))
        assert (pages.text, pages.page_count) == ("a\n\nb\n\nc", 5)
        assert pages.left_out == ("Pages 4-5: at most 3 pages are read.",)
        both = await reader.read("a.pdf", texts("123456", "7890123", "4", "5"))
        assert [page.text for page in both.pages] == ["123456", "7890"]
        assert both.left_out == ("The end of page 2, and pages 3-4: at most 10 characters are read.",)
        text = await reader.read("a.txt", b"12345678901234")
        assert (text.text, text.left_out) == (
            "1234567890",
            ("The last 4 characters: at most 10 characters are read.",),
        )
        exact = await reader.read("a.pdf", texts("12345", "67890"))
        assert (exact.characters, exact.left_out) == (10, ())
        more = await reader.read("a.pdf", texts("12345", "67890", "1"))
        assert more.left_out == ("Page 3: at most 10 characters are read.",)
        blank = await reader.read("a.pdf", pdf_of([[], [], [], [Line("d")]]))
        assert (blank.text, blank.notes) == ("", ("Pages 1-3: empty.",))
        assert blank.left_out == ("Page 4: at most 3 pages are read.",)


async def test_forms_and_files_inside_are_mentioned(reader: Reader) -> None:
    """What a reader of the PDF would see and Baton does not read is no secret."""
    pdf = Pdf()
    node = pdf.reserve()
    page = pdf.page(node, pdf.stream(b"BT /F1 12 Tf 72 700 Td (Name:) Tj ET"))
    field = pdf.add(b"<< /FT /Tx /T (name) /V (Ada) /Subtype /Widget /Rect [0 0 9 9] >>")
    file = pdf.stream(b"secret", b"/Type /EmbeddedFile")
    spec = pdf.add(b"<< /Type /Filespec /F (a.exe) /EF << /F %d 0 R >> >>" % file)
    extra = b"/AcroForm << /Fields [%d 0 R] >> /Names << /EmbeddedFiles << /Names [(a.exe) %d 0 R] >> >>"
    document = await reader.read("a.pdf", pdf.file(pdf.tree(node, [page], extra=extra % (field, spec))))
    assert document.text == "Name:"
    assert document.notes == (
        "It is a form: what was filled in is not read.",
        "1 file(s) inside it are not read.",
    )


async def test_who_is_cancelled_leaves_no_process(reader: Reader) -> None:
    """The child is dead and gone when the cancellation is through, and the next document has its turn."""
    async with Reader(Limits(children=1), SLEEPING) as slow:
        reading = asyncio.create_task(slow.read("a.txt", b"text"))
        await soon(lambda: slow.pids != ())
        [pid] = slow.pids
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
        assert slow.pids == ()


async def test_who_stops_waiting_takes_nobody_s_turn() -> None:
    """Those behind go on; each turn is given once."""
    async with Reader(Limits(children=1, seconds=600), SLEEPING) as reader:
        reading = [asyncio.create_task(reader.read("a.txt", b"text")) for _ in range(4)]
        await soon(lambda: reader.pids != ())
        first = reader.pids
        reading[1].cancel()
        reading[0].cancel()
        await soon(lambda: reader.pids not in ((), first))
        assert len(reader.pids) == 1
        assert [task.done() for task in reading] == [True, True, False, False]
        for task in reading:
            task.cancel()
        await asyncio.gather(*reading, return_exceptions=True)
    assert reader.pids == ()


async def test_more_than_there_are_children_wait_their_turn() -> None:
    """Never more children than allowed; everybody is served; the loop goes on turning."""
    most = 0
    async with Reader(Limits(children=2)) as reader:
        reading = [asyncio.create_task(reader.read("a.txt", b"text %d" % n)) for n in range(6)]
        while not all(task.done() for task in reading):
            most = max(most, len(reader.pids))
            await asyncio.sleep(0.001)
        assert [(await task).text for task in reading] == [f"text {n}" for n in range(6)]
    assert most == 2


async def test_too_many_and_too_long_waits_are_refused() -> None:
    """With a code, and when to try again; whoever waits already keeps the place."""
    limits = Limits(children=1, waiting=1, wait_s=0.2, seconds=600)
    async with Reader(limits, SLEEPING) as reader:
        first = asyncio.create_task(reader.read("a.txt", b"text"))
        await soon(lambda: reader.pids != ())
        second = asyncio.create_task(reader.read("a.txt", b"text"))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable) as third:
            await reader.read("a.txt", b"text")
        assert not second.done()
        with pytest.raises(Unavailable):
            await second
        assert (third.value.code, third.value.retry_after_s) == ("documents_busy", 5.0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)


async def test_closing_ends_what_is_being_read() -> None:
    """Whoever reads or waits is told that Baton shuts down; no child is left."""
    async with Reader(Limits(children=2, seconds=600), SLEEPING) as reader:
        reading = [asyncio.create_task(reader.read("a.txt", b"text")) for _ in range(3)]
        await soon(lambda: len(reader.pids) == 2)
        pids = reader.pids
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
    for task in reading:
        with pytest.raises(Unavailable, match="shutting down"):
            await task


async def test_who_can_start_no_process_says_so(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is nobody's document that is to blame, and it may be tried again."""
    monkeypatch.setattr(sys, "executable", os.devnull)
    with pytest.raises(Unavailable) as refused:
        await reader.read("a.txt", b"text")
    assert refused.value.retryable


CONFINED = """
import json, os, resource, signal, sys
from baton.core.frames import framed
from baton.pipelines.documents import worker
from baton.pipelines.documents.confinement import confine, shut
from baton.pipelines.documents.document import Page
from baton.pipelines.documents.limits import Limits
from baton.pipelines.documents.words import Leaf, Whole
import msgspec, socket
sys.stdin.buffer.read()
inherited = sorted(os.listdir("/proc/self/fd"))
confine(msgspec.json.decode(sys.argv[1], type=Limits))
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
shut()
def fails(what):
    try:
        what()
    except OSError:
        return True
    return False
told = {
    "environment": sorted(os.environ),
    "descriptors": [name for name in inherited if int(name) > 3],
    "privileges": status["NoNewPrivs"].strip(),
    "group": os.getpgid(0) == os.getpid(),
    "files": fails(lambda: open("/etc/hostname")),
    "sockets": fails(lambda: socket.socket()),
    "memory": resource.getrlimit(resource.RLIMIT_AS),
    "cpu": resource.getrlimit(resource.RLIMIT_CPU),
    "writing": resource.getrlimit(resource.RLIMIT_FSIZE),
    "alarm": signal.getitimer(signal.ITIMER_REAL)[0] > 0,
}
for word in (Leaf(Page(1, json.dumps(told))), Whole("", 1, (), ())):
    sys.stdout.buffer.write(framed(msgspec.msgpack.encode(word)))
"""


async def test_a_child_has_given_up_what_it_does_not_need(monkeypatch: pytest.MonkeyPatch) -> None:
    """No secret of the environment, no descriptor of ours, no file, no socket, no more memory or time than
    it may have."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    limits = Limits(memory_bytes=2**28, seconds=7)
    with socket.socket() as ours:
        ours.set_inheritable(True)
        async with Reader(limits, ("-P", "-c", CONFINED)) as reader:
            told = (await reader.read("a.txt", b"text")).text
    assert told == (
        '{"environment": ["LC_CTYPE", "PYTHONPATH"], "descriptors": [], "privileges": "1", "group": true, '
        '"files": true, "sockets": true, "memory": [268435456, 268435456], "cpu": [8, 8], '
        '"writing": [0, 0], "alarm": true}'
    )


SHUT = """
import io, msgspec, socket, sys
from baton.core.frames import framed
from baton.pipelines.documents.limits import Limits
from baton.pipelines.documents.worker import serve
from baton.pipelines.documents.words import Task
asked = io.BytesIO(framed(msgspec.msgpack.encode(Task(sys.argv[1], "a"))) + sys.stdin.buffer.read())
answers = io.BytesIO()
serve(Limits(), asked, answers)
assert b"whole" in answers.getvalue()
try:
    socket.socket()
except OSError:
    sys.exit(7)
"""


@pytest.mark.parametrize(("kind", "data"), [("pdf", texts("a")), ("text", "ä".encode("cp1252"))])
def test_the_door_is_shut_while_a_document_is_read(kind: str, data: bytes) -> None:
    """Whatever its kind is, and it can be read all the same."""
    ended = subprocess.run([sys.executable, "-c", SHUT, kind], input=data, check=False)
    assert ended.returncode == 7


def test_the_serving_process_loads_no_pdf_library() -> None:
    """Importing the reader costs neither the library nor its start."""
    program = (
        "import sys, baton.pipelines.documents.reader\n"
        "assert not [name for name in sys.modules if 'pdfium' in name or name.endswith('worker')]"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


async def test_a_child_killed_from_outside_fails_its_own_document_only(reader: Reader) -> None:
    """The message says what happened, nothing of how it is made; the next one is read."""
    async with Reader(Limits(), SLEEPING) as slow:
        reading = asyncio.create_task(slow.read("a.txt", b"text"))
        await soon(lambda: slow.pids != ())
        os.kill(slow.pids[0], signal.SIGKILL)
        with pytest.raises(Refused, match="broke down") as refused:
            await reading
        assert refused.value.code == "document_unreadable"
    assert (await reader.read("a.txt", b"text")).text == "text"
