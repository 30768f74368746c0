"""Files that were made to do harm, children that do harm, and the good documents beside them."""

import asyncio
import gc
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

import msgspec
import pytest
import uvloop

from baton.core.errors import Refused
from baton.core.frames import framed
from baton.pipelines.documents.document import Document, Kind, Page
from baton.pipelines.documents.limits import Limits
from baton.pipelines.documents.reader import Reader
from baton.pipelines.documents.words import Leaf, Whole
from tests.chaos.conftest import soon
from tests.pipelines.documents import hostile
from tests.pipelines.documents.pdf import Line, brief, pdf_of

GRACE_S = 2.0
MOST_GROWTH_BYTES = 64 * 2**20
"""Of the serving process, besides the file that it holds."""

GOOD = brief(3)
LIMITS = Limits()


@pytest.fixture
async def reader() -> AsyncGenerator[Reader]:
    async with Reader(LIMITS) as opened:
        yield opened


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


async def both(reader: Reader, name: str, data: bytes) -> Document | Refused:
    """What becomes of a hostile file, after a good one that was read at the same time came out right."""
    before_bytes, began_s = resident_bytes(), time.monotonic()
    good = asyncio.create_task(reader.read("good.pdf", GOOD))
    try:
        found: Document | Refused = await reader.read(name, data)
    except Refused as error:
        found = error
    took_s = time.monotonic() - began_s
    assert len((await good).pages) == 3
    assert (await good).text.count("Harbour Oats") >= 3
    assert took_s < LIMITS.seconds + GRACE_S
    assert resident_bytes() - before_bytes < MOST_GROWTH_BYTES
    assert reader.pids == ()
    return found


READ = [
    hostile.lost_table,
    hostile.wrong_table,
    hostile.looped_tables,
    hostile.own_parent,
    hostile.two_billion_pages,
    hostile.negative_pages,
    hostile.thirty_filters,
    hostile.object_stream_in_itself,
    hostile.enormous_page,
    hostile.broken_unicode,
    hostile.huge_unicode,
    hostile.fifty_million_operators,
    hostile.nested_arrays,
    hostile.nested_dictionaries,
    hostile.own_length,
    hostile.active,
]


@pytest.mark.parametrize("make", READ, ids=lambda make: make.__name__)
async def test_a_trick_that_does_no_harm_costs_nobody_the_text(
    reader: Reader, make: Callable[[], bytes]
) -> None:
    """What the file says is read; what it wants to run, fetch or repeat is not."""
    found = await both(reader, "trick.pdf", make())
    assert isinstance(found, Document), found
    assert found.text == hostile.SAID


TOO_MUCH = "takes more than 512 MiB of memory"

REFUSED = [
    (lambda: b"", "document_empty", "there is no text in it"),
    (lambda: b" \n\t\r\n" * 1000, "document_empty", "there is no text in it"),
    (lambda: pdf_of([[], []]), "document_empty", "there is no text in it"),
    (lambda: pdf_of([]), "document_empty", "there is no text in it"),
    (hostile.noise, "document_unreadable", "damaged"),
    (hostile.truncated, "document_unreadable", "damaged"),
    (hostile.bomb, "document_too_large", TOO_MUCH),
    (hostile.forms_in_themselves, "document_too_large", TOO_MUCH),
    (hostile.forms_by_the_billion, "document_too_large", TOO_MUCH),
    (hostile.twenty_million_letters, "document_too_large", TOO_MUCH),
    (hostile.one_stream_a_million_times, "document_too_large", TOO_MUCH),
    (lambda: b"a" * 30_000_000, "document_too_large", "28.6 MiB; at most 20 MiB"),
    (lambda: pdf_of([[Line("x")]], password="s3"), "document_encrypted", "locked by a password"),
    (lambda: b"PK\x03\x04" + bytes(99), "document_kind_unknown", "a ZIP archive, as Word"),
    (lambda: b"\x89PNG\r\n\x1a\n" + bytes(99), "document_kind_unknown", "a PNG image"),
    (lambda: b"\n<!DOCTYPE html><p>%PDF-", "document_kind_unknown", "an HTML page"),
    (lambda: bytes(range(256)) * 99, "document_kind_unknown", "PDF, Markdown and plain text can be read"),
]


@pytest.mark.parametrize(
    ("make", "code", "words"),
    REFUSED,
    ids=[
        "nothing", "blanks", "empty pages", "no pages", "noise", "truncated", "bomb", "forms in themselves",
        "forms by the billion", "twenty million letters", "one stream a million times", "30 MB of text",
        "password", "zip", "png", "html", "binary",
    ],
)  # fmt: skip
async def test_what_cannot_be_read_is_refused_alone(
    reader: Reader, make: Callable[[], bytes], code: str, words: str
) -> None:
    """In time, with a code and a sentence that names the file and says why, and nothing of how it is read."""
    found = await both(reader, "plan.pdf", make())
    assert isinstance(found, Refused), found
    assert found.code == code
    assert found.message.startswith("plan.pdf ")
    assert words in found.message
    assert not {"Traceback", "pdfium", "signal", "worker"} & set(found.message.replace(".", " ").split())
    assert found.status in (400, 413)


async def test_a_hundred_thousand_pages_are_cut(reader: Reader) -> None:
    """The first five hundred are read, and the rest is named."""
    found = await both(reader, "endless.pdf", hostile.many_pages())
    assert isinstance(found, Document), found
    assert (len(found.pages), found.page_count) == (500, 100_000)
    assert found.left_out == ("Pages 501-100000: at most 500 pages are read.",)


DAMAGED = ("document_unreadable", "document_empty", "document_encrypted", "document_kind_unknown")


async def test_files_damaged_by_chance_are_read_or_refused() -> None:
    """Nothing else comes of them: no other error, no process left, and the good one among them is read."""
    async with Reader() as reader:

        async def outcome(seed: int) -> str:
            try:
                return (await reader.read("a.pdf", hostile.damaged(seed))).kind
            except Refused as refused:
                return str(refused.code)

        good = asyncio.create_task(reader.read("good.pdf", GOOD))
        # No more at once than may wait.
        found: set[str] = set()
        for first in range(0, 48, 12):
            found |= set(await asyncio.gather(*map(outcome, range(first, first + 12))))
        assert len((await good).pages) == 3
    assert {Kind.PDF} < found <= {Kind.PDF, *DAMAGED}


async def test_letters_that_nobody_could_see_do_no_harm(reader: Reader) -> None:
    """Numbers that are none, or infinite, leave the words beside them whole."""
    found = await both(reader, "far.pdf", hostile.letters_beyond_all())
    assert isinstance(found, Document), found
    assert hostile.SAID in found.text


async def test_a_scan_is_said_to_be_one(reader: Reader) -> None:
    """Which pages hold no text but pictures, and which nothing at all, stands in the notes."""
    found = await both(reader, "scan.pdf", hostile.scan())
    assert isinstance(found, Document), found
    assert found.text == hostile.SAID
    assert found.notes == (
        "Pages 1, 3-4: no text, only pictures or drawings. Scans are not read.",
        "Page 5: empty.",
    )


async def test_a_file_that_wants_no_password_of_its_reader_is_read(reader: Reader) -> None:
    """Encrypted with the empty password, as many are that may be read and not changed."""
    found = await both(reader, "a.pdf", pdf_of([[Line(hostile.SAID)]], password=""))
    assert isinstance(found, Document), found
    assert found.text == hostile.SAID


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (
            b"A caf\xc3\xa9 for people who leave home early: \xed\xa0\x80 and \xc0\xaf.",
            "A café for people who leave home early: \ufffd\ufffd\ufffd and \ufffd\ufffd.",
        ),
        (b"\xff\xfea\0\x00\xd8b\0c", "a\ufffdb\ufffd"),
        ("nul \0 bell \a ligature \ufb01 \ufffe".encode(), "nul  bell  ligature fi"),
    ],
    ids=["overlong and half UTF-8", "half UTF-16", "control characters"],
)
async def test_text_is_fit_for_json_and_databases(reader: Reader, data: bytes, text: str) -> None:
    """What are no characters is marked or gone; it can be written as UTF-8 and holds no NUL."""
    found = await both(reader, "a.txt", data)
    assert isinstance(found, Document), found
    assert found.text == text
    assert msgspec.json.decode(msgspec.json.encode(found), type=Document) == found


async def test_half_characters_of_a_pdf_are_marked(reader: Reader) -> None:
    """In its text and in its title."""
    found = await both(reader, "a.pdf", hostile.half_characters())
    assert isinstance(found, Document), found
    assert set(found.text) == {"\ufffd"}
    assert set(found.title) == {"\ufffd"}


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("../../etc/passwd\0.pdf", "passwd.pdf"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/", "document"),
        ("a" * 1_000_000, "a" * 200),
        ("x\ud800\r\nSet-Cookie: a.pdf", "x\ufffd Set-Cookie: a.pdf"),
    ],
    ids=["traversal and NUL", "another system's", "none", "a megabyte", "half a character, two lines"],
)
async def test_a_name_is_a_name_and_nothing_else(reader: Reader, name: str, told: str) -> None:
    """No folders, no control characters, no line breaks, of bounded length."""
    found = await both(reader, name, b"text")
    assert isinstance(found, Document), found
    assert found.name == told


def spoken(*words: bytes) -> str:
    """A child that says so, whatever it is asked."""
    return f"import sys\nsys.stdin.buffer.read()\nsys.stdout.buffer.write({b''.join(words)!r})\n"


def no_group(pid: int) -> bool:
    """Whether no process is left of it; who began them may not have looked yet at those that are dead."""
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return True
    return False


PAGE = framed(msgspec.msgpack.encode(Leaf(Page(1, "x" * 60_000))))
LAST = framed(msgspec.msgpack.encode(Whole("", 1, (), ())))
NUL_LAST = framed(msgspec.msgpack.encode(Whole("", 1, ("a\0b",), ())))
NUL_PAGE = framed(msgspec.msgpack.encode(Leaf(Page(1, "a\0b"))))
HALF = framed(msgspec.msgpack.encode(Leaf(Page(1, "a~~~b"))).replace(b"~~~", b"\xed\xa0\x80"))
ENDLESS = "import sys\nsys.stdin.buffer.read()\nwhile True: sys.stdout.buffer.write({!r})\n"
FORKING = "import os, sys, time\nsys.stdin.buffer.read()\nos.fork()\ntime.sleep(600)\n"

BROKEN = "document_unreadable"
SLOW = "document_too_slow"


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("import time; time.sleep(600)", SLOW),
        ("while True: pass", SLOW),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", SLOW),
        ("import os, time; os.close(0); os.close(1); time.sleep(600)", SLOW),
        (FORKING, SLOW),
        (spoken(PAGE) + "import time; time.sleep(600)", SLOW),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", BROKEN),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", BROKEN),
        ("raise SystemExit(0)", BROKEN),
        ("1 / 0", BROKEN),
        (ENDLESS.format(b"\xff" * 1024), BROKEN),
        (ENDLESS.format(PAGE), BROKEN),
        (spoken(framed(b"\xc1 no sense")), BROKEN),
        (spoken(PAGE[:-1]), BROKEN),
        (spoken(NUL_PAGE, LAST), BROKEN),
        (spoken(PAGE, NUL_LAST), BROKEN),
        (spoken(HALF, LAST), BROKEN),
    ],
    ids=[
        "deaf", "busy", "stopped", "mute", "with a child", "half done", "crashed", "killed", "gone", "failed",
        "endless noise", "endless pages", "nonsense", "cut off", "NUL", "NUL at last", "half characters",
    ],
)  # fmt: skip
async def test_a_child_that_does_harm_is_ended(
    program: str, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It costs its own document, its time, and little memory; nothing of it is left, none of what it has
    started, and no exception that nobody took."""
    gc.collect()  # what others have left unsaid is not this child's
    caplog.clear()
    before_bytes, began_s = resident_bytes(), time.monotonic()
    limits = Limits(seconds=1.0 if code == SLOW else 20.0)  # long enough to start on a busy machine
    async with Reader(limits, ("-P", "-c", program)) as reader:
        reading = asyncio.create_task(reader.read("plan.txt", b"text " * 200_000))
        pids: set[int] = set()
        while not reading.done():
            pids.update(reader.pids)
            await asyncio.sleep(0.01)
        with pytest.raises(Refused) as refused:
            await reading
    assert refused.value.code == code
    assert time.monotonic() - began_s < limits.seconds + GRACE_S
    assert resident_bytes() - before_bytes < MOST_GROWTH_BYTES
    for pid in pids:
        await soon(lambda pid=pid: no_group(pid))
    gc.collect()
    assert caplog.messages == []


async def test_good_documents_are_read_while_others_hang(reader: Reader) -> None:
    """Those that hang are in the hands of other readers here; where all turns are theirs, one waits."""
    hanging = Limits(seconds=1.0, children=2)
    async with Reader(hanging, ("-c", "import time; time.sleep(600)")) as stuck:
        lost = [asyncio.create_task(stuck.read("a.txt", b"text")) for _ in range(4)]
        good = await asyncio.gather(*(reader.read("good.pdf", GOOD) for _ in range(4)))
        ended = await asyncio.gather(*lost, return_exceptions=True)
    assert len({document.text for document in good}) == 1
    assert [getattr(error, "code", None) for error in ended] == [SLOW] * 4


def test_a_child_whose_parent_is_gone_ends_by_itself() -> None:
    """A second after its time, however it is occupied."""
    program = (
        "import time\n"
        "from baton.pipelines.documents.confinement import confine\n"
        "from baton.pipelines.documents.limits import Limits\n"
        "confine(Limits(seconds=0.1))\n"
        "time.sleep(600)\n"
    )
    began_s = time.monotonic()
    ended = subprocess.run([sys.executable, "-c", program], check=False)
    assert ended.returncode == -signal.SIGALRM
    assert time.monotonic() - began_s < 1.1 + GRACE_S


def test_it_is_the_same_on_the_loop_that_serves() -> None:
    """A good file, one that is not read to its end, and one that hangs, on uvloop."""

    async def reads() -> None:
        async with Reader() as reader:
            assert len((await reader.read("good.pdf", GOOD)).pages) == 3
        async with Reader(Limits(seconds=0.5), ("-c", "import time; time.sleep(600)")) as reader:
            with pytest.raises(Refused, match=r"within 0\.5 seconds"):
                await reader.read("a.txt", b"text " * 1_000_000)
        async with Reader(program=("-c", "raise SystemExit")) as reader:
            with pytest.raises(Refused, match="broke down"):
                await reader.read("a.txt", b"text " * 1_000_000)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(reads())
