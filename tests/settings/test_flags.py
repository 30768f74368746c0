"""Feature flags by their customary names."""

from pathlib import Path

import pytest

from baton.access.flags.held import HeldFlags
from baton.settings import Misconfigured, load
from baton.upstream.directory import declared


def test_unset_says_nothing() -> None:
    """Neither does an empty variable."""
    assert load({}, declared()).flags == HeldFlags()
    assert load({"ENABLE_MULTI_LLM": "", "LLM_ROUTER_VERSION": " "}, declared()).flags == HeldFlags()


def test_each_name_means_what_it_says() -> None:
    """Any word for yes or no; a tier by any of its names, and either of two names switches it off."""
    said = {
        "ENABLE_MULTI_LLM": "No",
        "MULTI_LLM_FREE_TIER": "false",
        "MULTI_LLM_PREMIUM_TIER": "0",
        "MULTI_LLM_EXPERT_TIER": "true",
        "MULTI_LLM_ENTERPRISE_TIER": "on",
        "LLM_ROUTER_VERSION": "V1",
    }
    tiers = {"free": False, "expert": False, "master": True}
    assert load(said, declared()).flags == HeldFlags(multi_llm=False, multi_llm_tiers=tiers, router_v2=False)


def test_every_mistake_is_named(tmp_path: Path) -> None:
    """With what would have been right."""
    config = tmp_path / "baton.toml"
    config.write_text("[flags]\nmulti_llm = false\n")
    said = {"ENABLE_MULTI_LLM": "maybe", "MULTI_LLM_FRE_TIER": "no", "LLM_ROUTER_VERSION": "3"}
    with pytest.raises(Misconfigured) as raised:
        load(said, declared(), config)
    assert {problem.name: problem.what for problem in raised.value.problems} == {
        "ENABLE_MULTI_LLM": "must be true or false",
        "MULTI_LLM_FRE_TIER": "names no tier of Baton; did you mean MULTI_LLM_FREE_TIER?",
        "LLM_ROUTER_VERSION": "must be v1 or v2",
        "flags": "stand in the environment, or are set while Baton runs: `baton flags`",
    }
