"""`baton runs`: against a running Baton."""

import json
import re
from collections.abc import Callable

import pytest

from tests.cli.conftest import Ran, Run, Start

Baton = Callable[..., Ran]
BRIEF = "A small roastery in Porto."


@pytest.fixture
def baton(run: Run, start: Start) -> Baton:
    """`baton …`, asking a Baton that was started for the test; only simulated models answer there."""
    url = start("serve", "--port", "0").wait_for(r"listens at (\S+)")[1]
    return lambda *words, **more: run(*words, env={"BATON_URL": url}, **more)


def project(baton: Baton) -> str:
    """The id of a new one, once the Baton that serves knows of it."""
    [owner] = json.loads(baton("users", "list", "--json").out)
    made = baton("projects", "create", "Roastery", "--owner", owner["id"], "--json")
    found = json.loads(made.out)["id"]
    while "no project" in baton("runs", "start", "brand-strategy", "--project", found).err:
        pass
    return found


def test_a_run_is_begun_watched_steered_and_approved(baton: Baton) -> None:
    """What happens is told line by line; each word to it says how it stands then."""
    assert "There are no runs" in baton("runs", "list").err
    words = ("runs", "start", "brand-strategy", "--project", project(baton), "--brief", "-")
    begun = baton(*words, "--budget", "2.50", stdin=BRIEF)
    found = re.match(r"Run (\S+) is \w+; `baton runs watch", begun.out)
    assert found, begun.err
    run_id = found[1]
    [listed] = json.loads(baton("runs", "list", "--json").out)
    assert (listed["id"], listed["recipe"], listed["budgetUsd"]) == (run_id, "brand-strategy", "2.5")
    gate = {"state": ""}
    while gate["state"] != "waiting":  # what a simulated model writes passes no judge
        gate = json.loads(baton("runs", "show", run_id, "--json").out)
    assert f"It waits at approval: `baton runs approve {run_id}`" in baton("runs", "show", run_id).out
    edited = baton("runs", "steer", run_id, "--edit", "strategy", "--file", "-", stdin="By hand.\n")
    assert edited.code == 0, edited.err
    while True:
        shown = json.loads(baton("runs", "show", run_id, "--json").out)
        steps = {step["name"]: step for step in shown["steps"]}
        if steps.get("approval", {}).get("state") == "waiting":
            break
    assert steps["strategy"]["edited"]["content"] == "By hand."
    assert steps["strategy"]["output"]["content"] != "By hand."
    said = baton("runs", "approve", run_id, "--comment", "Good.")
    assert said.code == 0, said.err
    told = baton("runs", "watch", run_id)
    assert told.code == 0, told.err
    assert re.search(r"^\d\d:\d\d:\d\d  research market: done$", told.out, re.MULTILINE), told.out
    assert "the run is completed" in told.out
    events = [json.loads(line) for line in baton("runs", "watch", run_id, "--json").out.splitlines()]
    assert [event["number"] for event in events] == [*range(1, len(events) + 1)]
    late = baton("runs", "watch", run_id, "--after", str(len(events) - 1)).out
    assert late.splitlines()[0].endswith("the run is completed")
    assert run_id in baton("runs", "list", "--state", "completed").out
    assert "There are no such runs" in baton("runs", "list", "--state", "failed").err


def test_a_run_is_cancelled_and_resumed(baton: Baton) -> None:
    """Both say how it stands; who watches a run that did not complete is told by the exit code."""
    words = ("runs", "start", "brand-strategy", "--project", project(baton), "--input", "-", "--json")
    given = json.dumps({"brief": BRIEF, "approve": "always"})
    run_id = json.loads(baton(*words, stdin=given).out)["id"]
    assert "cancelled" in baton("runs", "cancel", run_id).out
    watched = baton("runs", "watch", run_id)
    assert (watched.code, "the run is cancelled" in watched.out) == (1, True)
    assert baton("runs", "resume", run_id).code == 0


def test_what_cannot_be_done_is_one_sentence(baton: Baton) -> None:
    """And nothing on stdout."""
    nowhere = ("0197c6a0-0000-7000-8000-000000000000",)
    for words, code, said in (
        (("start", "unheard-of"), 1, "no recipe unheard-of"),
        (("start", "brand-strategy"), 1, "needs a brief"),
        (("start", "brand-strategy", "--input", "nowhere.json"), 1, "cannot be read"),
        (("show", *nowhere), 1, "no such run"),
        (("watch", *nowhere), 1, "no such run"),
        (("approve", *nowhere), 1, "no such run"),
        (("steer", *nowhere), 2, "say one thing"),
        (("steer", *nowhere, "--edit", "strategy"), 2, "--file"),
        (("steer", *nowhere, "--redo", "x", "--budget", "1"), 2, "say one thing"),
    ):
        ran = baton("runs", *words)
        assert (ran.code, ran.out) == (code, ""), (words, ran.err)
        assert said in ran.err, (words, ran.err)
