"""A supervisor, over workers that do as a test has it."""

import asyncio
import os
import pty
import subprocess
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from baton.cli.listener import listen
from baton.cli.stop import DONE, FAILED, INTERRUPTED
from baton.cli.workers.meeting import Meeting, ask, meeting_place, supervised
from baton.cli.workers.supervisor import Patience, Supervisor
from baton.cli.workers.words import OUTCOMES, RELOAD, Charge, Options, Outcome
from tests.crash.serving import PATIENCE_S, until

_WORKER = """
import json, os, pathlib, socket, sys
folder, post = pathlib.Path(sys.argv[1]), json.loads(sys.argv[2])
line = socket.socket(fileno=post["control"])
def note(word):
    (folder / f"{post['number']} {word}").touch()
def say(**word):
    line.send(json.dumps(word).encode() + b"\\n")
def obey():
    for said in line.makefile():
        note(json.loads(said))
        return
    note("alone")
note(f"pid {os.getpid()}")
exec((folder / "act").read_text())
"""
SERVE = "say(type='Ready', workers=2); note('ready'); obey()"
QUICK = Patience(start_s=5.0, settled_s=60.0, waits_s=(0.0, 0.01))


@dataclass
class Crew:
    """A supervisor, and what its workers note."""

    folder: Path
    supervisor: Supervisor
    meeting: Meeting

    def act(self, how: str) -> None:
        """What workers do that are started from now on."""
        (self.folder / "act").write_text(how)

    def noted(self, word: str) -> set[int]:
        """The numbers of those that have noted it."""
        return {int(each.name.split()[0]) for each in self.folder.glob(f"* {word}")}

    async def noting(self, word: str, *numbers: int) -> None:
        await until(lambda: self.noted(word) == set(numbers), PATIENCE_S)

    def pid(self, number: int) -> int:
        found = next(self.folder.glob(f"{number} pid *"))
        return int(found.name.split()[-1])


@asynccontextmanager
async def crew(
    tmp_path: Path, how: str = SERVE, patience: Patience = QUICK
) -> AsyncGenerator[tuple[Crew, asyncio.Task[int]]]:
    """One that runs; told to end at the end, if it has not ended yet."""
    notes = tmp_path / "notes"
    notes.mkdir()
    (notes / "act").write_text(how)
    with listen("127.0.0.1", 0) as listening, meeting_place(tmp_path / "data") as meeting:
        charge = Charge(
            listening=listening.fileno(),
            workers=2,
            data_dir=str(tmp_path / "data"),
            log_level="info",
            called="baton",
            options=Options(host=None, port=None, workers=None, data_dir=None, config=None),
        )
        one = Crew(
            notes,
            Supervisor(charge, listening, meeting, patience, ("-S", "-c", _WORKER, str(notes))),
            meeting,
        )
        running = asyncio.create_task(one.supervisor.run())
        try:
            yield one, running
        finally:
            if not running.done():
                one.supervisor.end()
            async with asyncio.timeout(PATIENCE_S):
                await running


async def test_the_first_one_starts_alone(tmp_path: Path) -> None:
    """What a first start makes, tables and an admin, is made by one of them."""
    slow = (
        "note('began'); next(line.makefile()) if post['number'] == 1 else (" + SERVE.replace(";", ",") + ")"
    )
    async with crew(tmp_path, slow) as (one, running):
        await one.noting("began", 1)
        one.supervisor.end()
        assert await running == DONE
    assert one.noted("began") == {1}


async def test_a_first_one_that_fails_ends_it(tmp_path: Path) -> None:
    """With its exit code, and without a second try: whoever started it is there to read why."""
    async with crew(tmp_path, "say(type='Failed', why='No.', code=2); sys.exit(2)") as (one, running):
        assert await running == 2
    assert len(list(one.folder.glob("* pid *"))) == 1


async def test_who_dies_is_replaced(tmp_path: Path) -> None:
    """By one with a number of its own, while the others go on."""
    async with crew(tmp_path) as (one, _):
        await one.noting("ready", 1, 2)
        os.kill(one.pid(2), 9)
        await one.noting("ready", 1, 2, 3)
    assert one.noted("end") == {1, 3}


async def test_it_gives_up_where_nobody_stays_alive(tmp_path: Path) -> None:
    """After a few rounds, with an exit code that makes whoever watches it notice."""
    async with crew(tmp_path) as (one, running):
        await one.noting("ready", 1, 2)
        one.act("sys.exit(3)")
        for number in (1, 2):
            os.kill(one.pid(number), 9)
        assert await running == FAILED
    assert 4 <= len(list(one.folder.glob("* pid *"))) <= 8


async def test_it_does_not_give_up_while_one_serves(tmp_path: Path) -> None:
    """It goes on trying for the other one, and succeeds once that can be had."""
    async with crew(tmp_path) as (one, running):
        await one.noting("ready", 1, 2)
        one.act("note('failed'); sys.exit(3)")
        os.kill(one.pid(1), 9)
        await until(lambda: len(one.noted("failed")) > 8, PATIENCE_S)
        one.act(SERVE)
        await until(lambda: len(one.noted("ready")) == 3, PATIENCE_S)
        assert not running.done()


async def test_one_that_is_never_ready_is_killed(tmp_path: Path) -> None:
    """A reload does not wait for it forever, and leaves the old ones where they are."""
    async with crew(tmp_path, patience=Patience(start_s=1.0)) as (one, _):
        await one.noting("ready", 1, 2)
        one.act("note('waits'); next(line.makefile())")
        outcome = await one.supervisor.reload()
        assert outcome == Outcome(0, "it was not ready within 1 s")
        with pytest.raises(ProcessLookupError):
            await until(lambda: os.kill(one.pid(3), 0) is None and False, PATIENCE_S)
        assert one.noted("leave") == set()


async def test_new_ones_are_ready_before_old_ones_leave(tmp_path: Path) -> None:
    """One by one: never fewer accept than there shall be. Whoever asks hears what became of it."""
    async with crew(tmp_path) as (one, _):
        await one.noting("ready", 1, 2)
        one.act(f"note(f'begins, left: {{len(list(folder.glob(\"* leave\")))}}'); {SERVE}")
        (meeting,) = supervised(tmp_path / "data")
        assert OUTCOMES.decode(await ask(meeting, RELOAD)) == Outcome(2)
        await one.noting("leave", 1, 2)
        assert one.noted("begins, left: 0") == {3}
        await one.noting("ready", 1, 2, 3, 4)


async def test_a_reload_may_change_how_many_there_are(tmp_path: Path) -> None:
    """More are started, or the oldest leave, by what the new ones have read."""
    async with crew(tmp_path) as (one, _):
        await one.noting("ready", 1, 2)
        one.act(SERVE.replace("workers=2", "workers=3"))
        await one.supervisor.reload()
        await one.noting("ready", 1, 2, 3, 4, 5)
        one.act(SERVE.replace("workers=2", "workers=1"))
        await one.supervisor.reload()
        await until(lambda: len(one.noted("ready") - one.noted("leave")) == 1, PATIENCE_S)


async def test_one_that_was_told_to_end_is_replaced_first(tmp_path: Path) -> None:
    """Somebody's SIGTERM for a single worker costs no request."""
    asks = SERVE.replace("obey", "post['number'] == 1 and say(type='Replace'); obey")
    async with crew(tmp_path, asks) as (one, _):
        await one.noting("leave", 1)
        await one.noting("ready", 1, 2, 3)


async def test_the_second_time_it_does_not_wait(tmp_path: Path) -> None:
    """Those that finish what they have begun are told not to."""
    stubborn = "say(type='Ready', workers=2); note('ready'); obey(); obey()"
    async with crew(tmp_path, stubborn) as (one, running):
        await one.noting("ready", 1, 2)
        one.supervisor.end()
        await one.noting("end", 1, 2)
        one.supervisor.end()
        assert await running == INTERRUPTED
    assert one.noted("cut") == {1, 2}


async def test_a_terminal_that_was_closed_means_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGHUP reloads, unless it comes because the terminal has gone that all was started at."""
    ours, theirs = pty.openpty()
    real = os.isatty
    monkeypatch.setattr(os, "isatty", lambda fd: real(theirs if fd == 0 else fd))
    async with crew(tmp_path) as (one, running):
        await one.noting("ready", 1, 2)
        one.supervisor.hang_up()
        await one.noting("ready", 1, 2, 3, 4)
        os.close(ours)
        one.supervisor.hang_up()
        assert await running == DONE
    os.close(theirs)


async def test_what_dead_supervisors_left_is_tidied_up(tmp_path: Path) -> None:
    """A new one removes their folders, and none of those that live."""
    with meeting_place(tmp_path) as dead:
        (dead.folder.path / "1.shown").touch()
        dead.bridge.close()
        async with crew(tmp_path) as (one, _):
            await one.noting("ready", 1, 2)
            with meeting_place(tmp_path / "data") as other:
                found = {each.path for each in supervised(tmp_path / "data")}
                assert found == {one.meeting.folder.path, other.folder.path}
        with meeting_place(tmp_path):
            assert not dead.folder.path.exists()


def test_long_paths_are_met_elsewhere(tmp_path: Path) -> None:
    """Sockets have short names: where the data folder's is long, a link leads to another folder."""
    long = tmp_path / ("long" * 30)
    with meeting_place(long) as meeting:
        folder = meeting.folder
        assert len(str(folder.door(999_999))) < 100
        assert folder.path.stat().st_mode & 0o777 == 0o700
        assert (long / "run").stat().st_mode & 0o777 == 0o700
        (link,) = (long / "run").iterdir()
        assert link.resolve() == folder.path
    assert not folder.path.exists()
    assert not list((long / "run").iterdir())


def test_a_supervisor_is_small() -> None:
    """It holds nothing of what only a worker needs."""
    heavy = "baton.app baton.settings fastapi pydantic sqlalchemy uvicorn typer prometheus_client"
    loaded = f"import baton.cli.workers.supervisor, sys; print(*(set({heavy.split()}) & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
