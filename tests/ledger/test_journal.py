"""The journal: one write per record, files made ahead and removed in time, refusal where it cannot write."""

import asyncio
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from baton.core.errors import TooLarge, Unavailable
from baton.core.ids import UuidV7
from baton.ledger.folder import Folder
from baton.ledger.framing import framed, payloads, unframed
from baton.ledger.journal import Journal
from baton.ledger.rows import Record
from baton.ledger.segment import Segment
from baton.ledger.settings import LedgerSettings
from tests.ledger.conftest import eventually, files
from tests.ledger.samples import a_settled, an_opened


def on_disk(root: Path) -> list[Record]:
    """What another process would find."""
    return [
        unframed(payload)
        for path in files(root, "*/*.segment")
        for _, payload in payloads(path.read_bytes(), 8)
    ]


def fill_up(journal: Journal, new_id: UuidV7, held: list[Segment]) -> None:
    """Never ends but by an error."""
    while True:
        held.append(journal.opened(an_opened(new_id())))


def fill(journal: Journal, new_id: UuidV7, count: int) -> list[Segment]:
    return [journal.opened(an_opened(new_id())) for _ in range(count)]


@pytest.fixture
def soft_file_limit() -> Iterator[None]:
    """Gives files their unlimited size back."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_record_is_with_the_kernel_when_append_returns(
    root: Path, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """Another reader of the file sees each record at once: nothing is held back in the process."""
    async with Journal(root, "one", limits) as journal:
        written: list[Record] = []
        for _ in range(20):
            opened = an_opened(new_id())
            settled = a_settled(opened.id)
            journal.opened(opened)
            journal.settled(settled)
            written += [opened, settled]
            assert on_disk(root) == written


async def test_files_are_allocated_whole(root: Path, limits: LedgerSettings) -> None:
    """The disk has set every block aside before a record is written: no holes that could fail later."""
    async with Journal(root, "one", limits) as journal:
        await eventually(lambda: len(files(root, "*/*.segment")) == 2)
        for path in files(root, "*/*.segment"):
            assert path.stat().st_size == limits.segment_bytes
            assert path.stat().st_blocks * 512 >= limits.segment_bytes
        assert journal.trouble is None


async def test_a_file_goes_when_all_of_it_is_in_the_database(
    root: Path, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """Filled files stay while one record in them is wanted, whatever became of those around them."""
    async with Journal(root, "one", limits) as journal:
        held = fill(journal, new_id, 1000)
        paths = {segment.path for segment in held}
        assert len(paths) > 3
        last = journal.segments[-1]
        kept = held[400]
        for n, segment in enumerate(held):
            if n != 400:
                segment.pins -= 1
        journal.trim()
        await eventually(lambda: {path for path in paths if path.exists()} == {kept.path, last.path})
        kept.pins -= 1
        journal.trim()
        await eventually(lambda: not kept.path.exists())
    assert files(root) == []


async def test_a_folder_stays_for_the_next_start_while_it_is_wanted(
    root: Path, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """Closing with records that are not in the database leaves them, to be claimed by anyone."""
    async with Journal(root, "one", limits) as journal:
        fill(journal, new_id, 3)
        assert Folder.claim_abandoned(root) == []
    [folder] = Folder.claim_abandoned(root)
    assert folder.path == root / "one"
    assert len(on_disk(root)) == 3
    assert Folder.claim_abandoned(root) == [], "claimed once"
    folder.remove()
    assert files(root) == []


async def test_the_journal_grows_to_its_limit_and_no_further(
    root: Path, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """At the limit beginnings are refused, ends still find room; once rows are drained all goes on."""
    async with Journal(root, "one", limits) as journal:
        held: list[Segment] = []
        with capture_logs() as logs, pytest.raises(Unavailable) as refused:
            fill_up(journal, new_id, held)
        assert refused.value.code == "ledger_full"
        assert refused.value.status == 503
        assert journal.trouble is not None
        assert [line["event"] for line in logs if line["log_level"] == "error"] == ["journal_full"]
        used = sum(path.stat().st_size for path in files(root, "*/*.segment"))
        assert limits.journal_bytes - limits.segment_bytes <= used <= limits.journal_bytes
        for _ in range(10):
            held.append(journal.settled(a_settled(new_id())))
        with pytest.raises(Unavailable):
            fill(journal, new_id, 1)
        for segment in held:
            segment.pins -= 1
        journal.trim()
        await eventually(lambda: journal.trouble is None)
        fill(journal, new_id, 1)[0].pins -= 1


@pytest.mark.usefixtures("soft_file_limit")
async def test_a_short_write_is_no_record(root: Path, new_id: UuidV7, limits: LedgerSettings) -> None:
    """A record of which the disk took only a part is refused and never read; the next takes its place."""
    async with Journal(root, "one", limits) as journal:
        await eventually(lambda: len(files(root, "*/*.segment")) == 2)
        first = an_opened(new_id())
        end = journal.opened(first).end
        torn = an_opened(new_id())
        resource.setrlimit(resource.RLIMIT_FSIZE, (end + len(framed(torn)) // 2, resource.RLIM_INFINITY))
        with capture_logs() as logs:
            for record in (torn, an_opened(new_id())):
                with pytest.raises(Unavailable) as refused:
                    journal.opened(record)
                assert refused.value.code == "ledger_full"
                assert str(root) not in refused.value.message
        assert [line["event"] for line in logs] == ["journal_write_failed"], "loud, and once"
        assert journal.trouble is not None
        assert on_disk(root) == [first]
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        after = a_settled(first.id)
        journal.settled(after)
        assert on_disk(root) == [first, after]
        assert journal.trouble is None


@pytest.mark.usefixtures("soft_file_limit")
async def test_a_full_disk_is_noticed_while_there_is_still_room(
    root: Path, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """When the next file cannot be had, requests are served to the end of this one, and then refused."""
    async with Journal(root, "one", limits) as journal:
        await eventually(lambda: len(files(root, "*/*.segment")) == 2)
        fill(journal, new_id, 1)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limits.segment_bytes - 1, resource.RLIM_INFINITY))
        held: list[Segment] = []
        with pytest.raises(Unavailable, match="too large"):
            fill_up(journal, new_id, held)
        served = 1 + len(held)
        assert served > limits.segment_bytes // 400
        assert journal.trouble is not None
        journal.settled(a_settled(new_id()))
        assert len(on_disk(root)) == served + 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        await eventually(lambda: journal.trouble is None)
        fill(journal, new_id, 1)


async def test_what_does_not_fit_a_file_is_refused(root: Path, limits: LedgerSettings) -> None:
    """Metadata of any size makes a clear error, not a stuck journal."""
    async with Journal(root, "one", limits) as journal:
        with pytest.raises(TooLarge):
            journal.opened(an_opened("x", context="x" * (limits.segment_bytes + 1)))
        assert journal.trouble is None
        assert len(journal.segments) == 1


async def test_a_journal_that_cannot_be_kept_says_so(tmp_path: Path, limits: LedgerSettings) -> None:
    """A folder that cannot be made ends the start with an error that names it."""
    (tmp_path / "file").write_text("")
    with pytest.raises(Unavailable) as refused:
        async with Journal(tmp_path / "file" / "journal", "one", limits):
            pass
    assert refused.value.code == "journal_unusable"
    assert str(tmp_path / "file") in refused.value.message


async def test_a_journal_without_room_for_two_files_says_so(root: Path, limits: LedgerSettings) -> None:
    """A limit below two files ends the start, and leaves nothing behind."""
    with pytest.raises(Unavailable):
        async with Journal(root, "one", LedgerSettings(segment_bytes=64 << 10, journal_bytes=100 << 10)):
            pass
    assert files(root) == []


def test_a_read_only_folder_refuses_and_recovers() -> None:
    """Without the right to write, a start fails and a running journal refuses; with it, it goes on.

    In a process of its own, which gives up being root: nothing is read-only for root.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.ledger.unprivileged"],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["kept its promises"]), done.stderr


async def test_requests_that_outrun_the_keeper_do_not_wait(
    root: Path, new_id: UuidV7, limits: LedgerSettings
) -> None:
    """A burst makes its next files itself, and a file that came too late is not used: order is order."""
    async with Journal(root, "one", limits) as journal:
        await asyncio.sleep(0)  # the keeper has sent for the second file
        for _ in range(3):
            fill(journal, new_id, 1000)
            await eventually(lambda: files(root, "*/*.segment")[-1] > journal.segments[-1].path)
    ids = [record.id for record in on_disk(root)]
    assert len(ids) == 3000
    assert ids == sorted(ids)


async def test_two_journals_share_a_root(root: Path, new_id: UuidV7, limits: LedgerSettings) -> None:
    """Each process has its own folder; neither takes the other's for abandoned."""
    async with Journal(root, "one", limits) as one, Journal(root, "two", limits) as two:
        for journal in (one, two):
            fill(journal, new_id, 5)
        assert Folder.claim_abandoned(root) == []
        assert len(on_disk(root)) == 10
