"""`baton penalties`: against a running Baton."""

import json
from collections.abc import Callable

import pytest

from tests.cli.conftest import Ran, Run, Start

Penalties = Callable[..., Ran]


@pytest.fixture
def penalties(run: Run, start: Start) -> Penalties:
    """`baton penalties …`, asking a Baton that was started for the test."""
    url = start("serve", "--port", "0").wait_for(r"listens at (\S+)")[1]
    return lambda *words: run("penalties", *words, env={"BATON_URL": url})


def test_where_everybody_behaves_there_is_nothing_to_forgive(penalties: Penalties) -> None:
    """An empty list; and who is not there is said in one sentence."""
    assert json.loads(penalties("list", "--json").out) == []
    ran = penalties("lift", "key", "nobody's")
    assert (ran.code, ran.out, "There is no penalty of the key" in ran.err) == (1, "", True)
    assert penalties("lift", "robot", "1").code == 2
