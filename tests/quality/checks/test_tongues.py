"""Which language a text is in."""

import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.quality.checks.tongues import packaged_tongues, primary

TONGUES = packaged_tongues()
LISTED = tomllib.loads(files("baton.quality").joinpath("data/languages.toml").read_text(encoding="utf-8"))

_LINES = Path(__file__).with_name("tongues.txt").read_text(encoding="utf-8").splitlines()
SAMPLES = dict(line.split(": ", 1) for line in _LINES)
"""Two lines of a story, by language."""


@pytest.mark.parametrize("tag", SAMPLES)
def test_a_text_is_in_its_language(tag: str) -> None:
    """Two lines of a story are told apart from all the other languages."""
    assert TONGUES.of(SAMPLES[tag]) == tag
    assert not TONGUES.differ(tag, tag)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Paris",
        "OK, 42!",
        "Kubernetes Docker Terraform Prometheus Grafana PostgreSQL Redis Kafka Nginx Ansible Vault Consul",
        "x = 1; y = 2; z = x + y; print(z); return z; import sys; sys.exit(0); raise ValueError(x)",
        "https://example.org/a/b/c?d=e&f=g",
        "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor.",
    ],
)
def test_what_cannot_be_told_is_not_said(text: str) -> None:
    """Names, numbers, code and a dead language are in none."""
    assert TONGUES.of(text) is None


def test_a_text_in_two_languages_is_in_neither() -> None:
    """A line of each leaves it open."""
    assert TONGUES.of(f"{SAMPLES['en']}\n{SAMPLES['de']}") is None
    assert TONGUES.of(f"{SAMPLES['en']}\n{SAMPLES['ja']}\n{SAMPLES['ja']}") is None


@given(st.text())
def test_any_text_is_in_a_known_language_or_none(text: str) -> None:
    """Nothing raises, whatever the signs."""
    assert TONGUES.of(text) in {None, "ur", *LISTED}


@pytest.mark.parametrize(
    ("tag", "main"), [("de", "de"), ("pt-BR", "pt"), ("zh_Hant_TW", "zh"), ("nb", "no"), (" EN-us", "en")]
)
def test_a_tag_is_read_by_its_language(tag: str, main: str) -> None:
    """Regions and scripts are no difference."""
    assert primary(tag) == main


def test_a_language_that_nobody_knows_is_never_missed() -> None:
    """Where the wanted one is not listed, or a neighbour, nothing is held against a text."""
    assert not TONGUES.differ("en", "tlh")
    assert not TONGUES.differ("da", "nb-NO")
    assert TONGUES.differ("en", "de")


def test_every_language_is_spoken_of() -> None:
    """Each has names, and its own name for itself names it."""
    for tag, said in LISTED.items():
        assert tag in TONGUES.named_in(f"in {said['names'].split()[0]} bitte")
