"""`baton export interactions`."""

import asyncio
import csv
import io
import json
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from baton.cli.part import Part, Position
from baton.core.ids import UuidV7
from baton.ledger.ledger import open_ledger
from baton.ledger.rows import Cost
from baton.ledger.stored import FeedbackRow
from baton.ledger.tables import INTERACTIONS
from baton.storage import schema
from baton.storage.database import Database
from baton.storage.settings import StorageSettings
from tests.cli.conftest import Run, Start
from tests.databases import OnServer, Place
from tests.ledger.samples import a_settled, an_attempt, an_opened
from tests.postgres import Postgres

HOSTILE = '=HYPERLINK("http://x","y")\n,;"'
DEAR = Cost(input_nanos=1_234_567_891, output_nanos=10)


@pytest.fixture
def url(place: Place, data_dir: Path, tmp_path: Path) -> str:
    """A database of either kind, with two interactions of an installation that has been started."""
    data_dir.mkdir(exist_ok=True)
    asyncio.run(_two(place.settings, tmp_path / "journal"))
    return place.settings.url


@pytest.fixture
def file(data_dir: Path, tmp_path: Path) -> Path:
    """The database in the data folder, with two interactions."""
    data_dir.mkdir()
    path = data_dir / "baton.db"
    asyncio.run(_two(StorageSettings(url=f"sqlite:///{path}"), tmp_path / "journal"))
    return path


async def _two(settings: StorageSettings, root: Path) -> None:
    async with Database(settings) as database:
        await schema.upgrade(database)
        new_id = UuidV7()
        async with open_ledger(root, database, new_id) as ledger:
            one, two = new_id(), new_id()
            ledger.book.opened(an_opened(one, agent=HOSTILE, tags={"a": "b"}, context='{\n "x": 1\n}'))
            ledger.book.settled(a_settled(one, attempts=(an_attempt(cost=DEAR), an_attempt(cost=None))))
            ledger.book.opened(an_opened(two, stream=True, session="-1+1", project="ü"))
            ledger.book.settled(a_settled(two, status="timeout", attempts=()))
            row = FeedbackRow(interaction_id=two, user_id="u", at_ms=1, score=4, comment="@SUM(A1)")
            await ledger.feedback.give(row)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_table_for_spreadsheets(run: Run, url: str) -> None:
    """A header and a line per interaction, in the API's words; what looks like a formula is text."""
    ran = run("export", "interactions", env={"DATABASE_URL": url})
    assert (ran.code, ran.err) == (0, "2 interactions exported.\n")
    one, two = table(ran.out)
    assert (one["costUsd"], one["outputCostUsd"]) == ("1.234567901", "0.00000001")
    assert (one["price.inputUsd"], one["usage.promptTokens"]) == ("0.15", "118")
    assert (one["repriced.costUsd"], one["scores.final"]) == ("", "")
    assert (one["agent"], one["tags"], one["contextMetadata"]) == (f"'{HOSTILE}", '{"a":"b"}', '{"x":1}')
    assert (one["unpriced"], one["stream"], two["stream"]) == ("true", "false", "true")
    assert one["createdAt"].endswith("Z")
    assert (two["session"], two["project"], two["agent"]) == ("'-1+1", "ü", "")
    assert (two["feedback.score"], two["feedback.comment"]) == ("4", "'@SUM(A1)")


def test_lines_for_programs(run: Run, url: str) -> None:
    """One JSON object per interaction, as the API tells it; with its attempts where they are asked for."""
    ran = run("export", "interactions", "--format", "jsonl", "--attempts", env={"DATABASE_URL": url})
    one, two = lines(ran.out)
    assert (one["costUsd"], one["usage"]["promptTokens"], one["unpriced"]) == ("1.234567901", 118, True)
    assert (one["agent"], one["tags"], one["contextMetadata"]) == (HOSTILE, {"a": "b"}, {"x": 1})
    assert [attempt["costUsd"] for attempt in one["attempts"]] == ["1.234567901", None]
    assert (two["attempts"], two["feedback"]["score"], one["feedback"]) == ([], 4, None)
    bare = lines(run("export", "interactions", "--format", "jsonl", env={"DATABASE_URL": url}).out)
    assert "attempts" not in bare[0]
    assert (bare[0]["attemptCount"], bare[0]["responseTimeMs"]) == (2, 643)


def test_attempts_in_a_table(run: Run, file: Path) -> None:
    """A line per attempt: what was paid stands once."""
    rows = table(run("export", "interactions", "--attempts").out)
    assert [(row["n"], row["usage.promptTokens"], row["costUsd"]) for row in rows] == [
        ("1", "118", "1.234567901"),
        ("2", "118", ""),
    ]
    assert rows[0]["interactionId"] == rows[1]["interactionId"]


def test_filters(run: Run, file: Path) -> None:
    """Only what fits; a user by name must exist."""

    def count(*words: str) -> int:
        ran = run("export", "interactions", *words)
        assert ran.code == 0, ran.err
        return len(table(ran.out))

    assert count("--status", "timeout") == 1
    assert count("--tag", "a=b") == count("--tag", "a") == count("--project", "ü") == 1
    assert count("--since", "1h") == count("--provider", "openai", "--model", "gpt-4o-mini") == 2
    assert count("--until", "1h") == count("--agent", "nobody") == 0
    ran = run("export", "interactions", "--user", "nobody")
    assert (ran.code, ran.out) == (1, "")
    assert "no user is called 'nobody'" in ran.err
    assert run("export", "interactions", "--since", "never").code == 2


def test_a_file_is_there_once_it_is_whole(run: Run, file: Path, tmp_path: Path) -> None:
    """It takes the place of an older one, for its owner only, and nothing else is left behind."""
    out = tmp_path / "out" / "all.csv"
    ran = run("export", "interactions", "--out", str(out))
    assert (ran.code, "cannot be written: no such file or directory" in ran.err) == (1, True)
    out.parent.mkdir()
    out.write_text("older")
    assert run("export", "interactions", "--out", str(out)).code == 0
    assert out.read_bytes().decode() == run("export", "interactions").out
    assert out.stat().st_mode & 0o777 == 0o600
    assert list(out.parent.iterdir()) == [out]


def test_after_ctrl_c_the_same_command_goes_on(
    run: Run, start: Start, file: Path, data_dir: Path, tmp_path: Path
) -> None:
    """What is there in the end has every row once, in order, as if it had never stopped."""
    _many(file, 20_000)
    out = tmp_path / "all.jsonl"
    words = ("export", "interactions", "--format", "jsonl", "--out", str(out))
    running = start(*words)
    note = tmp_path / "all.jsonl.part.json"
    while not note.exists() or not json.loads(note.read_bytes())["rows"]:
        assert running.process.poll() is None
        time.sleep(0.002)
    assert running.end(signal.SIGINT) == 130
    assert not out.exists()
    part = tmp_path / "all.jsonl.part"
    with part.open("ab") as half:
        half.write(b'{"half": ')
    ran = run(*words)
    assert (ran.code, ran.err.startswith("Going on behind ")) == (0, True), ran.err
    ids = [row["id"] for row in lines(out.read_text())]
    assert len(ids) == 20_002
    assert ids == sorted(set(ids))
    assert not part.exists()
    assert not note.exists()


def test_a_database_that_goes_away_leaves_nothing_that_looks_whole(
    run: Run, start: Start, postgres: Postgres, data_dir: Path, tmp_path: Path
) -> None:
    """Exit code 1 and no file of that name; once it is back, the same command brings the rest."""
    place = OnServer(postgres)
    data_dir.mkdir()
    asyncio.run(_two(place.settings, tmp_path / "journal"))
    named = ", ".join(INTERACTIONS.c.keys()[1:])
    place.execute(
        f"INSERT INTO interactions (id, {named})"
        f" SELECT '00000000-0000-7000-8000-' || lpad(to_hex(i), 12, '0'), {named}"
        " FROM generate_series(1, 20000) AS i, (SELECT * FROM interactions LIMIT 1) AS one;"
    )
    out = tmp_path / "all.csv"
    words, env = ("export", "interactions", "--out", str(out)), {"DATABASE_URL": place.settings.url}
    running = start(*words, env=env)
    note = tmp_path / "all.csv.part.json"
    while not note.exists() or not json.loads(note.read_bytes())["rows"]:
        assert running.process.poll() is None
        time.sleep(0.002)
    with place.away():
        assert running.end() == 1
    assert not out.exists()
    ran = run(*words, env=env)
    assert (ran.code, ran.err.startswith("Going on behind ")) == (0, True), ran.err
    ids = [row["id"] for row in table(out.read_bytes().decode())]
    assert len(ids) == 20_002
    assert ids == sorted(set(ids))


def test_another_wish_begins_anew(tmp_path: Path) -> None:
    """What was left by other words, or is shorter than its note says, is not gone on with."""
    out = tmp_path / "x.csv"
    begun = Position(words=("a",), since_ms=None, until_ms=1)
    with Part(out, begun) as part:
        part.add("first\r\n", after="1", rows=1)
    with Part(out, Position(words=("a",), since_ms=5, until_ms=9)) as part:
        assert (part.position.after, part.position.until_ms, part.position.rows) == ("1", 1, 1)
    with Part(out, Position(words=("b",), since_ms=None, until_ms=2)) as part:
        assert (part.position.after, part.position.until_ms) == (None, 2)
        part.add("second\r\n", after="2", rows=1)
    (tmp_path / "x.csv.part").write_bytes(b"")
    with Part(out, Position(words=("b",), since_ms=None, until_ms=3)) as part:
        assert part.position.after is None
        part.add("third\r\n", after="3", rows=1)
        part.finish()
    assert out.read_bytes() == b"third\r\n"


def _many(file: Path, count: int) -> None:
    """Copies of the first interaction, later ones."""
    with closing(sqlite3.connect(file)) as connection:
        columns = [row[1] for row in connection.execute("PRAGMA table_info(interactions)")][1:]
        named = ", ".join(columns)
        connection.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
            f" INSERT INTO interactions (id, {named})"
            f" SELECT printf('00000000-0000-7000-8000-%012x', i), {named} FROM n,"
            " (SELECT * FROM interactions LIMIT 1)"
        )
        connection.commit()
