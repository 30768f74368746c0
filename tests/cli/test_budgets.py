"""`baton budgets`: against a running Baton."""

import json
from collections.abc import Callable

import pytest

from tests.cli.conftest import Ran, Run, Start

Budgets = Callable[..., Ran]


@pytest.fixture
def budgets(run: Run, start: Start) -> Budgets:
    """`baton budgets …`, asking a Baton that was started for the test."""
    url = start("serve", "--port", "0").wait_for(r"listens at (\S+)")[1]
    return lambda *words: run("budgets", *words, env={"BATON_URL": url})


def test_a_budget_is_made_shown_changed_and_taken_away(budgets: Budgets) -> None:
    """What is not named stays as it is; what cannot be done is one sentence."""
    names = [line.split()[0] for line in budgets("list").out.splitlines()[1:]]
    assert names == ["everybody", "projects", "users"]
    new = ("--scope", "tier", "--subject", "premium", "--period", "day", "--limit", "2.50")
    made = json.loads(budgets("set", "mine", *new, "--zone", "Europe/Berlin", "--json").out)
    assert (made["subject"], made["limitUsd"], made["warnAt"]) == ("expert", "2.50", 0.8)
    changed = json.loads(budgets("set", "mine", "--warn-at", "0.5", "--json").out)
    assert changed == {**made, "warnAt": 0.5, "revision": 2}
    shown = budgets("show", "mine").out.splitlines()[1].split()
    assert shown == ["mine", "expert", "day", "2.50", "0", "0", "2.50"]
    assert budgets("delete", "mine").out == "mine is no budget any more.\n"
    for words, code, sentence in (
        (("show", "mine"), 1, "mine"),
        (("set", "users"), 2, "say what to set"),
        (("set", "mine", "--limit", "1"), 2, "a new budget needs"),
        (("set", "users", "--limit", "lots"), 1, "USD"),
    ):
        ran = budgets(*words)
        assert (ran.code, ran.out, sentence in ran.err) == (code, "", True), ran.err
