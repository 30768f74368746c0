"""`baton fallbacks`: against a running Baton."""

import json
from collections.abc import Callable

import pytest

from tests.cli.conftest import Ran, Run, Start

Fallbacks = Callable[..., Ran]


@pytest.fixture
def fallbacks(run: Run, start: Start) -> Fallbacks:
    """`baton fallbacks …`, asking a Baton that was started for the test."""
    url = start("serve", "--port", "0").wait_for(r"listens at (\S+)")[1]
    return lambda *words: run("fallbacks", *words, env={"BATON_URL": url})


def test_a_chain_is_set_shown_and_removed(fallbacks: Fallbacks) -> None:
    """Each step says what is so now; `show` tells the order, and why nobody else."""
    said = fallbacks("set", "simulated/echo", "lorem", "simulated/json")
    assert (said.code, said.out) == (
        0,
        "simulated/echo is followed by simulated/lorem, simulated/json.\n",
    )
    again = json.loads(fallbacks("set", "simulated/echo", "json", "lorem", "--json").out)
    assert (again["fallbacks"], again["revision"]) == (["simulated/json", "simulated/lorem"], 2)
    listed = {each["model"]: each for each in json.loads(fallbacks("list", "--json").out)}
    assert listed["simulated/echo"] == again
    assert "simulated/json, simulated/lorem" in fallbacks("list").out
    shown = fallbacks("show", "echo").out.splitlines()
    assert [line.split() for line in shown[:3]] == [
        ["after", "simulated/echo", "by"],
        ["1", "simulated/json", "chain"],
        ["2", "simulated/lorem", "chain"],
    ]
    told = json.loads(fallbacks("show", "echo", "--tier", "pro", "--json").out)
    assert (told["tier"], told["next"][0]["model"]) == ("pro", "simulated/json")
    assert all(each["reason"] for each in told["leftOut"])
    removed = fallbacks("remove", "simulated/echo")
    assert (removed.code, removed.out) == (0, "simulated/echo has no chain any more.\n")
    alone = fallbacks("show", "echo")
    assert (alone.code, alone.err) == (0, "Nobody would be asked after simulated/echo.\n")


def test_what_cannot_be_done_is_one_sentence(fallbacks: Fallbacks) -> None:
    """Unknown names are said in the words of who refuses."""
    for words, code, sentence in (
        (("set", "simulated/ecko", "lorem"), 1, "Did you mean simulated/echo"),
        (("set", "simulated/echo", "lorum"), 1, "Did you mean simulated/lorem"),
        (("set", "simulated/echo"), 2, "fallback"),
        (("remove", "simulated/echo"), 1, "has no chain"),
        (("show", "nothing"), 1, "There is no model 'nothing'"),
    ):
        ran = fallbacks(*words)
        assert (ran.code, ran.out, sentence in ran.err) == (code, "", True), ran.err
