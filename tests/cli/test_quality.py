"""`baton quality`: against a running Baton."""

import json
import time
from collections.abc import Callable

import pytest

from tests.cli.conftest import Ran, Run, Start

Baton = Callable[..., Ran]


@pytest.fixture
def baton(run: Run, start: Start) -> Baton:
    """`baton …`, asking a Baton that was started for the test."""
    url = start("serve", "--port", "0").wait_for(r"listens at (\S+)")[1]
    return lambda *words, **more: run(*words, env={"BATON_URL": url}, **more)


def test_answers_are_judged_listed_and_reviewed(baton: Baton) -> None:
    """From a share that is set to a review of what was drawn; `--json` tells each step to a program."""
    assert "Nothing is judged" in baton("quality", "sampling").err
    assert "Nothing was assessed" in baton("quality", "list").err
    said = baton("quality", "sampling", "default", "--share", "1", "--judge", "echo")
    assert said.out == "default: 100.00% of the answers are judged, by simulated/echo.\n"
    kept = json.loads(baton("quality", "sampling", "default", "--share", "0.5", "--json").out)
    assert (kept["share"], kept["judge"]) == (0.5, "simulated/echo")
    baton("quality", "sampling", "default", "--share", "1")
    assert baton("chat", "Which bird sings?", "--model", "simulated/echo").code == 0
    found: list[dict[str, object]] = []
    until_s = time.monotonic() + 30
    while not found and time.monotonic() < until_s:
        found = json.loads(baton("quality", "list", "--json").out)
    [item] = found
    assert (item["verdict"], item["judge"]) == ("unscored", "simulated/echo")  # echo is no judge
    assert str(item["id"]) in baton("quality", "list", "--verdict", "unscored").out
    assert json.loads(baton("quality", "list", "--verdict", "accepted", "--json").out) == []
    assert "unscored, no score" in baton("quality", "show", str(item["id"])).out
    words = ("quality", "review", str(item["id"]))
    reviewed = baton(*words, "accept", "--score", "80", "--notes", "It says enough.").out
    assert "says accept, 80. It says enough." in reviewed
    detail = json.loads(baton(*words, "reject", "--json").out)
    assert (detail["state"], [each["verdict"] for each in detail["reviews"]]) == ("reviewed", ["reject"])
    assert baton("quality", "agreement").out == "Nothing was both scored and reviewed.\n"
    assert json.loads(baton("quality", "agreement", "--json").out)["pairs"] == 0
    told = baton("quality", "sampling").out
    assert "all others: 100.00% of the answers are judged" in told
    assert "1 assessed, 0 scored" in told


def test_what_cannot_be_done_is_one_sentence(baton: Baton) -> None:
    """An assessment that is not there, a score that says the other thing, a rule without a share."""
    for words, code in (
        (("show", "nothing"), 1),
        (("review", "nothing", "accept"), 1),
        (("review", "nothing", "accept", "--score", "10"), 1),
        (("sampling", "--share", "0.5"), 2),
        (("sampling", "chat", "--judge", "echo"), 2),
        (("sampling", "chat", "--share", "0.5", "--judge", "no-such-model"), 1),
    ):
        ran = baton("quality", *words)
        assert (ran.code, ran.out, len(ran.err.splitlines())) == (code, "", 1), words
