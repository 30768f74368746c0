"""`baton audit`: what it finds, prints and gives out."""

import csv
import io
import json
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

from tests.cli.conftest import Run, Start


def run_sql(data_dir: Path, statement: str) -> None:
    """What somebody does in the database."""
    with closing(sqlite3.connect(data_dir / "baton.db")) as connection, connection:
        connection.execute(statement)


def test_an_audit_that_holds_is_told_with_its_anchor(run: Run, tmp_path: Path) -> None:
    """Exit code 0; the anchor is taken as a text or from a file, also after further changes."""
    run("keys", "create", "first")
    done = run("audit", "verify")
    assert done.code == 0
    said, anchor = done.out.splitlines()
    assert "rows hold; the chain began 20" in said
    assert anchor.startswith("anchor: ")
    kept = tmp_path / "anchor.txt"
    kept.write_text(anchor.removeprefix("anchor: ") + "\n")
    run("keys", "create", "second")
    for given in (kept.read_text().strip(), str(kept)):
        view = json.loads(run("audit", "verify", "--anchor", given, "--json").out)
        assert view == view | {"holds": True, "breaks": [], "more": 0, "olderRows": 0}
    assert run("audit", "verify", "--anchor", "nonsense").code == 2


def test_a_broken_audit_is_exit_code_1_and_an_alert(run: Run, data_dir: Path) -> None:
    """With the row where it broke; the alert ends once it holds again."""
    run("keys", "create", "first")
    run_sql(data_dir, "UPDATE audit_entries SET action = 'nothing' WHERE id = 2")
    broken = run("audit", "verify")
    assert (broken.code, broken.err) == (1, "baton: the audit does not verify: 1 break.\n")
    assert broken.out.split() == ["what", "row", "person", "changed", "2"]
    told = json.loads(run("audit", "verify", "--json").out)
    assert (told["holds"], told["breaks"]) == (False, [{"flaw": "changed", "row": 2, "person": None}])
    [alert] = json.loads(run("alerts", "--kind", "audit_broken", "--json").out)
    assert (alert["subject"], alert["timesSeen"]) == ("audit", 2)
    run_sql(data_dir, "UPDATE audit_entries SET action = 'create' WHERE id = 2")
    assert run("audit", "verify").code == 0
    assert run("alerts").err == "Nothing is open.\n"


def test_a_chain_that_was_reset_is_not_begun_anew(run: Run, data_dir: Path) -> None:
    """The data folder remembers that there was one, so nothing forged gets a signature."""
    run("keys", "create", "first")
    run_sql(data_dir, "UPDATE audit_entries SET digest = NULL, actor_id = 'somebody-else'")
    run_sql(data_dir, 'UPDATE audit_head SET "rows" = 0, last_id = 0, seal = NULL')
    assert run("audit", "verify").code == 1
    flaws = {each["flaw"] for each in json.loads(run("audit", "verify", "--json").out)["breaks"]}
    assert flaws == {"unchained", "not_begun", "rolled_back"}


def test_an_export_is_narrowed_and_noted(run: Run) -> None:
    """JSON Lines or CSV; each export stands in the next one."""
    run("keys", "create", "first")
    lines = [json.loads(line) for line in run("audit", "export", "--kind", "api_key").out.splitlines()]
    assert [each["after"]["name"] for each in lines] == ["first admin key", "first"]
    done = run("audit", "export", "--format", "csv", "--action", "export", "--since", "1h")
    [row, _] = csv.DictReader(io.StringIO(done.out))
    assert (row["actorId"], row["source"], json.loads(row["after"])) == (
        "operator",
        "cli",
        {"kind": "api_key"},
    )
    assert done.err == "2 entries exported.\n"
    assert run("audit", "export", "--since", "soon").code == 2


def test_a_server_that_starts_on_a_broken_end_alerts(run: Run, start: Start, data_dir: Path) -> None:
    """Before anybody has examined it."""
    run("keys", "create", "first")
    run_sql(data_dir, "UPDATE audit_head SET last_id = 1")
    server = start("serve", "--port", "0")
    server.wait_for("http://")
    server.end(signal.SIGTERM)
    [alert] = json.loads(run("alerts", "--kind", "audit_broken", "--json").out)
    assert "baton audit verify" in alert["detail"]
