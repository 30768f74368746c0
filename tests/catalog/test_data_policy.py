"""What is stated of providers, against what is required."""

import pytest

from baton.catalog.data_policy import DataPolicies, DataPolicy, data_policies_kind, reason_against_policy
from baton.core.errors import Invalid

STATED = {
    each.provider: each
    for each in (
        DataPolicy(provider="home", local=True, trains_on_data=False),
        DataPolicy(provider="good", trains_on_data=False, region="eu-west-1", retention_days=0),
        DataPolicy(provider="greedy", trains_on_data=True, region="us"),
    )
}


@pytest.mark.parametrize(
    ("need", "able", "reasons"),
    [
        ("local", {"home"}, {"good": "good is not local", "silent": "silent is not local"}),
        (
            "no-training",
            {"home", "good"},
            {"greedy": "greedy trains", "silent": "nobody has stated that silent"},
        ),
        (
            "region:eu",
            {"good"},
            {"home": "nobody has stated that the data of home", "greedy": "stays in us, not in eu"},
        ),
        ("region:eu-west-1", {"good"}, {}),
        ("region:eu-west-2", set[str](), {"good": "stays in eu-west-1, not in eu-west-2"}),
        ("region:e", set[str](), {"good": "not in e,"}),
    ],
)
def test_only_what_is_stated_counts(need: str, able: set[str], reasons: dict[str, str]) -> None:
    """What nobody has stated is relied on by nobody; a region holds those within it, and no other."""
    found = {name: reason_against_policy(STATED, name, frozenset({need})) for name in (*STATED, "silent")}
    assert {name for name, reason in found.items() if reason is None} == able
    for name, reason in reasons.items():
        assert reason in (found[name] or "")


def test_all_that_is_required_is_required_at_once() -> None:
    """One of them is not enough, nothing is no hindrance."""
    assert reason_against_policy(STATED, "good", frozenset({"no-training", "region:eu"})) is None
    assert reason_against_policy(STATED, "good", frozenset({"no-training", "local"})) is not None
    assert reason_against_policy(STATED, "silent", frozenset()) is None


def test_an_admins_word_takes_the_place_of_what_is_known() -> None:
    """And is gone when it is taken back."""
    policies = DataPolicies(["inside"])
    assert (policies.of("inside").local, policies.of("openai").local) == (True, False)
    before = policies.current()
    policies.follow([DataPolicy(provider="inside", region="eu")])
    assert policies.current() is not before
    assert (policies.of("inside").local, policies.of("inside").region) == (False, "eu")
    policies.follow([])
    assert policies.of("inside").local


@pytest.mark.parametrize(
    "field", ['"region":"EU"', '"region":""', '"retentionDays":-1', '"retentionDays":36501', '"locl":true']
)
def test_a_row_holds_what_can_be_required(field: str) -> None:
    """A region in other letters would never be found."""
    with pytest.raises(Invalid):
        data_policies_kind().decode('{"provider":"openai",' + field + "}")
