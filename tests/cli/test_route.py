"""`baton route`, `baton explain` and `baton rules`: against a running Baton."""

import json
from collections.abc import Callable

import pytest

from tests.cli.conftest import Ran, Run, Start

Baton = Callable[..., Ran]


@pytest.fixture
def baton(run: Run, start: Start) -> Baton:
    """`baton …`, asking a Baton that was started for the test."""
    url = start("serve", "--port", "0").wait_for(r"listens at (\S+)")[1]
    return lambda *words, **more: run(*words, env={"BATON_URL": url}, **more)


def test_a_prompt_is_routed_and_the_decision_told(baton: Baton) -> None:
    """A sentence, an estimate, the ranking; with --all everybody else."""
    told = baton("route", "Why is the sky blue?")
    assert told.code == 0, told.err
    lines = told.out.splitlines()
    assert "scores" in lines[0]
    assert any(line.startswith("Estimated: ") for line in lines)
    assert any(line.startswith("best of ") for line in lines)
    assert "is not configured" not in told.out
    assert "is not configured" in baton("route", "Why is the sky blue?", "--all").out
    found = json.loads(baton("route", "hi", "--tier", "pro", "--json").out)
    assert found["ranked"][0]["model"] == found["model"]
    assert baton("route", "hi", "--model", "ecko").code == 1


def test_an_interaction_is_explained(baton: Baton) -> None:
    """By its id; one that there is not is one sentence."""
    chat = baton("chat", "hello", "--model", "auto", "--json")
    assert chat.code == 0, chat.err
    interaction = json.loads(chat.out)["interaction"]
    told = baton("explain", interaction)
    assert told.code == 0, told.err
    assert "asked for auto, served by simulated/" in told.out
    assert "counted against" in told.out
    assert json.loads(baton("explain", interaction, "--json").out)["id"] == interaction
    assert "left out" in baton("explain", interaction, "--all").out
    missing = baton("explain", "nothing")
    assert (missing.code, missing.out) == (1, "")


def test_rules_are_set_undone_exported_and_imported(baton: Baton) -> None:
    """Each step says what is so now."""
    said = baton("rules", "set", "ode", "echo", "--then", "lorem", "--aim", "cost")
    assert (said.code, said.out) == (0, "ode is served by simulated/echo, simulated/lorem.\n")
    assert "switched off" in baton("rules", "set", "ode", "lorem", "--off").out
    undone = json.loads(baton("rules", "undo", "ode", "--json").out)
    assert (undone["preferred"], undone["isEnabled"]) == (["simulated/echo"], True)
    listed = {each["useCase"]: each for each in json.loads(baton("rules", "list", "--json").out)}
    assert listed["ode"] == undone
    assert "innovation" in baton("rules", "list").out
    exported = baton("rules", "export").out
    assert baton("rules", "remove", "ode").out == "ode has no rule any more.\n"
    tried = baton("rules", "import", "-", "--dry-run", stdin=exported)
    assert "would be made: ode" in tried.out
    assert "made: ode" in baton("rules", "import", "-", stdin=exported).out
    assert baton("rules", "import", "-", stdin="[]").code == 1
    assert baton("rules", "remove", "sonnet").code == 1
