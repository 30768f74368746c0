"""Variables that are set in vain."""

import pytest

from baton.cli.oversights import oversights
from baton.upstream.directory import declared

MODELS = ("acme/rocket-9", "zenith/star-9-pro", "openai/gpt-9")


def told(**environment: str) -> dict[str, str]:
    return {each.name: each.what for each in oversights(environment, declared(), MODELS)}


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("OPENAI_KEY", "OPENAI_API_KEY"),
        ("OPENAI_APIKEY", "OPENAI_API_KEY"),
        ("OPENAI_API_KEYS", "OPENAI_API_KEY"),
        ("OPNAI_API_KEY", "OPENAI_API_KEY"),
        ("openai_api_key", "OPENAI_API_KEY"),
        ("OPENAI_BASEURL", "OPENAI_BASE_URL"),
        ("OPENAI_API_BASE", "OPENAI_BASE_URL"),
        ("VLLM_URL", "VLLM_BASE_URL"),
        ("XAI_KEY", "XAI_API_KEY"),
        ("GROQ_FREETIER", "GROQ_FREE_TIER"),
        ("OPNAI_DIALECT", "OPENAI_DIALECT"),
    ],
)
def test_a_misspelt_variable_is_shown_with_what_was_meant(name: str, meant: str) -> None:
    """Another word for the field, a forgotten underscore, a slip in the provider's name."""
    assert told(**{name: "x"}) == {name: f"means nothing to Baton; did you mean {meant}?"}


@pytest.mark.parametrize("name", ["ACME_API_KEY", "ZENITH_API_KEY", "STAR_API_KEY"])
def test_a_key_for_nobody_is_told(name: str) -> None:
    """A provider that the catalog knows and this version does not: by its name, or that of its models."""
    assert "does not speak to" in told(**{name: "x"})[name]


def test_what_is_right_or_none_of_our_business_is_left_alone() -> None:
    """Every name that Baton reads, empty ones, and those of other programs."""
    for spec in declared():
        assert told(**dict.fromkeys(spec.key_names, "x")) == {}
        assert told(**{f"{spec.name.upper()}_{field}": "x" for field in ("API_KEY", "BASE_URL")}) == {}
    others = ("EXA_API_KEY", "OPENAI_ORG_ID", "OLLAMA_HOST", "BRAVE_API_KEY", "API_KEY", "URL", "SSH_KEY")
    assert told(OPENAI_KEY=" ", **dict.fromkeys(others, "x")) == {}
