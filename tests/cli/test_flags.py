"""`baton flags`: against a running Baton."""

import json
from collections.abc import Callable

import pytest

from tests.cli.conftest import Ran, Run, Start

Flags = Callable[..., Ran]


@pytest.fixture
def flags(run: Run, start: Start) -> Flags:
    """`baton flags …`, asking a Baton that was started for the test."""
    url = start("serve", "--port", "0").wait_for(r"listens at (\S+)")[1]
    return lambda *words: run("flags", *words, env={"BATON_URL": url})


def test_a_flag_is_set_told_and_undone(flags: Flags) -> None:
    """Each step says for whom it is on now."""
    listed = {each["name"]: each for each in json.loads(flags("list", "--json").out)}
    assert set(listed) == {"multi_llm", "router_v2"}
    assert "everybody" in flags("list").out
    said = flags("set", "multi_llm", "--percentage", "25", "--off-for", "premium", "--off-for", "free")
    assert (said.code, said.out) == (0, "multi_llm is on for 25 % of users but expert, free.\n")
    assert flags("set", "multi_llm", "--all-tiers").out == "multi_llm is on for 25 % of users.\n"
    assert flags("set", "multi_llm", "--off").out == "multi_llm is on for nobody.\n"
    undone = json.loads(flags("undo", "multi_llm", "--json").out)
    assert (undone["enabled"], undone["percentage"], undone["revision"]) == (True, 25, 5)


def test_what_cannot_be_done_is_one_sentence(flags: Flags) -> None:
    """A flag or a tier that is not there, nothing to change, a contradiction."""
    for words, code, sentence in (
        (("set", "nothing", "--on"), 1, "there is no flag nothing"),
        (("set", "multi_llm", "--off-for", "gold"), 1, "There is no tier 'gold'"),
        (("set", "multi_llm"), 2, "say what shall change"),
        (("set", "multi_llm", "--all-tiers", "--off-for", "free"), 2, "contradict"),
        (("undo", "multi_llm"), 1, "nothing to undo"),
    ):
        ran = flags(*words)
        assert (ran.code, ran.out, sentence in ran.err) == (code, "", True), ran.err
