"""`baton tiers`: against a running Baton."""

import json
from collections.abc import Callable

import pytest

from tests.cli.conftest import Ran, Run, Start

Tiers = Callable[..., Ran]


@pytest.fixture
def tiers(run: Run, start: Start) -> Tiers:
    """`baton tiers …`, asking a Baton that was started for the test."""
    url = start("serve", "--port", "0").wait_for(r"listens at (\S+)")[1]
    return lambda *words: run("tiers", *words, env={"BATON_URL": url})


def test_a_tier_is_shown_set_and_brought_back(tiers: Tiers) -> None:
    """What is not named stays as it is; `none` takes a limit away."""
    assert tiers("list").out.splitlines()[1].split() == ["free", "10", "–", "–", "–", "3", "2"]
    before = json.loads(tiers("show", "premium", "--json").out)
    assert (before["name"], before["requestsPerMinute"]) == ("expert", 200)
    done = json.loads(tiers("set", "expert", "--tokens-per-day", "5000", "--retries", "0", "--json").out)
    assert done == {**before, "tokensPerDay": 5000, "retries": 0, "revision": 2}
    assert tiers("set", "expert", "--requests-per-minute", "none").out.splitlines()[1].split() == [
        "expert",
        "–",
        "–",
        "–",
        "5000",
        "100",
        "0",
    ]
    assert json.loads(tiers("undo", "expert", "--json").out)["requestsPerMinute"] == 200


def test_what_cannot_be_done_is_one_sentence(tiers: Tiers) -> None:
    """A tier that is none, a limit that is none, nothing to set, nothing to undo."""
    for words, code, sentence in (
        (("show", "gold"), 1, "There is no tier 'gold'"),
        (("set", "pro"), 2, "say what to set"),
        (("set", "pro", "--tokens-per-day", "lots"), 2, "'lots'"),
        (("undo", "pro"), 1, "nothing to undo"),
    ):
        ran = tiers(*words)
        assert (ran.code, ran.out, sentence in ran.err) == (code, "", True), ran.err
