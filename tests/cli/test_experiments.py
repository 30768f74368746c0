"""`baton experiments`: against a running Baton."""

import json
from collections.abc import Callable

import pytest

from tests.cli.conftest import Ran, Run, Start

Baton = Callable[..., Ran]
TRY = json.dumps(
    {
        "description": "Whether echo is enough.",
        "arms": [
            {"name": "usual", "share": 90},
            {"name": "echo", "share": 10, "models": ["echo"]},
        ],
        "scope": {"useCases": ["ode"]},
    }
)


@pytest.fixture
def baton(run: Run, start: Start) -> Baton:
    """`baton …`, asking a Baton that was started for the test."""
    url = start("serve", "--port", "0").wait_for(r"listens at (\S+)")[1]
    return lambda *words, **more: run(*words, env={"BATON_URL": url}, **more)


def test_an_experiment_is_set_started_rolled_out_stopped_and_promoted(baton: Baton) -> None:
    """Each step says what is so now; `--json` tells it to a program."""
    assert "Nothing is tried" in baton("experiments", "list").err
    said = baton("experiments", "set", "try", "-", stdin=TRY)
    assert (said.code, said.out) == (
        0,
        "try is set (draft): usual 90 % (the usual way); echo 10 % (simulated/echo).\n",
    )
    assert baton("experiments", "start", "try").out == "try runs.\n"
    assert "echo 50 % (simulated/echo)" in baton("experiments", "rollout", "try", "50").out
    [listed] = json.loads(baton("experiments", "list", "--json").out)
    assert (listed["status"], [each["share"] for each in listed["arms"]]) == ("running", [50, 50])
    assert "running" in baton("experiments", "list").out
    told = baton("experiments", "show", "try").out
    assert told.startswith("try, running. Whether echo is enough.")
    assert "cost: too few users or requests" in told
    shown = json.loads(baton("experiments", "show", "try", "--json").out)
    assert shown["experiment"] == listed
    assert [each["requests"] for each in shown["results"]["arms"]] == [0, 0]
    assert "is stopped" in baton("experiments", "stop", "try").out
    assert "is undone (running)" in baton("experiments", "undo", "try").out
    nobody = baton("experiments", "promote", "try")
    assert (nobody.code, nobody.out) == (1, "")
    promoted = json.loads(baton("experiments", "promote", "try", "--arm", "echo", "--json").out)
    assert promoted["rules"] == [{"useCase": "ode", "revision": 1}]
    assert promoted["experiment"]["status"] == "stopped"
    again = baton("experiments", "promote", "try", "--arm", "echo", "--use-case", "sonnet")
    assert again.out == "try is stopped, and what was tried is the rule for sonnet.\n"


def test_what_cannot_be_done_is_one_sentence(baton: Baton) -> None:
    """A file that is none, an experiment that is not there, a share that is too large."""
    for words in (
        ("set", "try", "nowhere.json"),
        ("show", "try"),
        ("start", "try"),
        ("rollout", "try", "101"),
    ):
        ran = baton("experiments", *words)
        assert (ran.code, ran.out, len(ran.err.splitlines())) == (1, "", 1), words
