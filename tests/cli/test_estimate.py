"""`baton estimate`: the figures of the route, without a server."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def figures(printed: str) -> dict[str, object]:
    return json.loads(printed)["estimate"]


def test_a_prompt_from_anywhere_costs_the_same(run: Run, tmp_path: Path) -> None:
    """As an argument, from a file and piped in: the same figures, in a sentence or as JSON."""
    run("keys", "create", "x")
    prompt = "Why is the sky blue?\n"
    file = tmp_path / "prompt.txt"
    file.write_text(prompt)
    asked = ("estimate", "--model", "gpt-4o", "--length", "short", "--json")
    said = run(*asked, prompt).out
    assert run(*asked, "--file", str(file)).out == run(*asked, stdin=prompt).out == said
    found = figures(said)
    assert (found["modelId"], found["estimatedTokensOutput"]) == ("openai/gpt-4o", 200)
    assert (found["costOutput"], found["pricing"]) == ("0.002", "priced")
    assert f"about {found['costTotal']} USD" in run(*asked[:-1], prompt).out


def test_auto_names_the_model_and_says_why(run: Run) -> None:
    """The router's own decision, over the catalog as it stands."""
    run("keys", "create", "x")
    told = json.loads(run("estimate", "hi", "--model", "auto", "--json").out)
    assert told["estimate"]["modelId"] in told["reasoning"]
    assert told["estimate"]["outputSource"] == "assumed"
    assert told["reasoning"] in run("estimate", "hi", "--model", "auto").out


def test_a_model_without_a_price_says_so(run: Run) -> None:
    """What is paid by the second has no estimate; an unknown name has the nearest ones beside it."""
    run("keys", "create", "x")
    ran = run("estimate", "hi", "--model", "openai/whisper-1")
    assert (ran.code, "cannot be told from a prompt" in ran.err) == (1, True)
    ran = run("estimate", "hi", "--model", "openai/gpt-4oo")
    assert (ran.code, "Did you mean openai/gpt-4o" in ran.err) == (1, True)


def test_a_model_that_only_the_price_package_knows_has_an_estimate(run: Run) -> None:
    """It is in no row of the catalog, and can be called by its name."""
    run("keys", "create", "x")
    ran = run("estimate", "hi", "--model", "anthropic/claude-sonnet-4-5-20250929", "--json")
    assert ran.code == 0
    assert figures(ran.out)["pricing"] == "priced"


@pytest.mark.parametrize(
    "words", [(), ("hi", "--file", "x"), ("--file", "nowhere.txt"), ("--length", "endless")]
)
def test_nothing_to_estimate_is_told(run: Run, words: tuple[str, ...]) -> None:
    """No prompt, two of them, a file that is not there, a length that is none: one sentence, no figures."""
    run("keys", "create", "x")
    ran = run("estimate", *words)
    assert (ran.code in (1, 2), ran.out) == (True, "")
    assert ran.err
