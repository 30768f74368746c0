"""`baton policies`: against a running Baton."""

import json
from collections.abc import Callable

import pytest

from tests.cli.conftest import Ran, Run, Start

Policies = Callable[..., Ran]


@pytest.fixture
def baton(run: Run, start: Start) -> Policies:
    """`baton …`, asking a Baton that was started for the test."""
    url = start("serve", "--port", "0").wait_for(r"listens at (\S+)")[1]
    return lambda *words: run(*words, env={"BATON_URL": url})


def test_a_policy_is_stated_listed_and_taken_back(baton: Policies) -> None:
    """What is not named stays as it is; `none` says that it is not known any more."""
    assert [line.split()[0] for line in baton("policies", "list").out.splitlines()] == [
        "provider",
        "simulated",
    ]
    done = json.loads(baton("policies", "set", "mistral", "--no-training", "--region", "EU", "--json").out)
    assert (done["trainsOnData"], done["region"], done["retentionDays"]) == (False, "eu", None)
    done = json.loads(
        baton("policies", "set", "mistral", "--retention-days", "30", "--agreement", "--json").out
    )
    assert (done["trainsOnData"], done["retentionDays"], done["agreementSigned"]) == (False, 30, True)
    row = next(line for line in baton("policies", "list").out.splitlines() if "mistral" in line)
    assert [word for word in ("30 days", "signed", "eu", "you") if word in row] == [
        "30 days",
        "signed",
        "eu",
        "you",
    ]
    assert json.loads(baton("policies", "set", "mistral", "--region", "none", "--json").out)["region"] is None
    assert json.loads(baton("policies", "undo", "mistral", "--json").out)["region"] == "eu"
    assert "Nothing is stated of mistral" in baton("policies", "remove", "mistral").out
    assert len(json.loads(baton("policies", "list", "--all", "--json").out)) > 10


def test_a_route_can_be_asked_for_with_it(baton: Policies) -> None:
    """Where nobody states what is required, each reason is told."""
    assert "simulated" in baton("route", "hello", "--data-needs", "local").out
    ran = baton("route", "hello", "--data-needs", "local", "--data-needs", "region:eu")
    assert (ran.code, "stays in eu" in ran.err) == (1, True)


def test_what_cannot_be_done_is_one_sentence(baton: Policies) -> None:
    """No such provider, nothing to state, nothing stated, days that are none."""
    for words, code, sentence in (
        (("set", "nobody", "--local"), 1, "no provider 'nobody'"),
        (("set", "openai"), 2, "say what to state"),
        (("set", "openai", "--retention-days", "long"), 2, "'long'"),
        (("set", "openai", "--region", "E U"), 1, "region"),
        (("remove", "openai"), 1, "nothing is stated of openai"),
        (("undo", "openai"), 1, "openai"),
    ):
        ran = baton("policies", *words)
        assert (ran.code, ran.out, sentence in ran.err) == (code, "", True), ran.err
