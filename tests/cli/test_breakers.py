"""`baton breakers`: against a running Baton."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.conftest import Ran, Run, Start

Breakers = Callable[..., Ran]


@pytest.fixture
def breakers(run: Run, start: Start) -> Breakers:
    """`baton breakers …`, asking a Baton that was started for the test."""
    url = start("serve", "--port", "0").wait_for(r"listens at (\S+)")[1]
    return lambda *words: run("breakers", *words, env={"BATON_URL": url})


def listed(breakers: Breakers) -> dict[str, dict[str, Any]]:
    found = json.loads(breakers("list", "--json").out)
    return {
        f"{each['provider']}/{each['model']}" if each["model"] else each["provider"]: each for each in found
    }


def test_a_provider_is_closed_off_by_hand_and_given_back(breakers: Breakers) -> None:
    """Each step says what is so now; the reason is there for whoever finds it so."""
    assert listed(breakers)["simulated"]["state"] == "closed"
    said = breakers("open", "simulated", "--reason", "it says nonsense", "--until", "2h")
    assert (said.code, said.out.startswith("simulated is held open until 20")) == (0, True)
    held = listed(breakers)["simulated"]
    assert (held["state"], held["forced"]["reason"]) == ("open", "it says nonsense")
    assert "it says nonsense" in breakers("list").out
    again = json.loads(breakers("close", "simulated", "--reason", "well again", "--json").out)
    assert (again["state"], again["forced"]["revision"]) == ("closed", 2)
    said = breakers("release", "simulated")
    assert said.out == "simulated is left to its calls again; it is closed.\n"
    assert listed(breakers)["simulated"]["forced"] is None
    refused = breakers("release", "simulated")
    assert (refused.code, "nobody holds 'simulated'" in refused.err) == (1, True)


def test_a_model_is_named_with_its_provider(breakers: Breakers) -> None:
    """Its provider stays closed; a model held closed is listed too."""
    assert breakers("open", "simulated/echo", "--reason", "why").out == "simulated/echo is held open: why.\n"
    found = listed(breakers)
    assert (found["simulated"]["state"], found["simulated/echo"]["state"]) == ("closed", "open")
    told = json.loads(breakers("release", "simulated/echo", "--json").out)
    assert (told["model"], told["state"], told["forced"]) == ("echo", "closed", None)


def test_what_cannot_be_done_is_one_sentence(breakers: Breakers) -> None:
    """Unknown names and wrong times are said in the words of who refuses."""
    for words, code, sentence in (
        (("open", "nobody", "--reason", "why"), 1, "There is no provider 'nobody'."),
        (("open", "simulated/nothing", "--reason", "why"), 1, "simulated has no model 'nothing'"),
        (("open", "simulated", "--reason", "why", "--until", "soon"), 2, "'soon' is no time"),
        (("open", "simulated", "--reason", "why", "--until", "2001-01-01"), 1, "ended already"),
        (("open", "simulated"), 2, "--reason"),
    ):
        ran = breakers(*words)
        assert (ran.code, ran.out, sentence in ran.err) == (code, "", True), ran.err
