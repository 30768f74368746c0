"""`baton prompts` and `baton personas`: against a running Baton."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran, Run, Start

Baton = Callable[..., Ran]


@pytest.fixture
def baton(run: Run, start: Start) -> Baton:
    """`baton …`, asking a Baton that was started for the test."""
    url = start("serve", "--port", "0").wait_for(r"listens at (\S+)")[1]
    return lambda *words: run(*words, env={"BATON_URL": url})


def written(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_prompt_is_made_served_compared_and_rolled_back(baton: Baton, tmp_path: Path) -> None:
    """From an empty name to a label that is moved back."""
    assert "research" in baton("prompts", "list").out
    assert baton("prompts", "set", "short", "--description", "In short.").code == 0
    one = written(
        tmp_path, "one.toml", 'system = "Speak {{tone}}."\n[[variables]]\nname = "tone"\nsample = "kindly"\n'
    )
    two = written(tmp_path, "two.json", '{"system": "Speak.\\nAlways.", "maxTokens": 9, "notes": "No tone."}')
    assert "short@1 is made" in baton("prompts", "new", "short", one).out
    assert json.loads(baton("prompts", "new", "short", two, "--json").out)["version"] == 2
    assert "production of short is version 1" in baton("prompts", "label", "short", "production", "1").out
    assert "Speak kindly." in baton("prompts", "render", "short").out
    assert "Speak slowly." in baton("prompts", "render", "short@1", "--var", "tone=slowly").out
    tried = baton("prompts", "test", "short", "--input", "ping pong")
    assert "ping pong" in tried.out
    changed = baton("prompts", "diff", "short", "1", "2").out
    assert ("+Always." in changed, "maxTokens: none → 9" in changed) == (True, True)
    baton("prompts", "label", "short", "production", "2")
    assert json.loads(baton("prompts", "undo", "short", "--json").out)["labels"] == {"production": 1}
    shown = baton("prompts", "show", "short").out
    assert ("No tone." in shown, "production" in shown) == (True, True)
    assert "Speak {{tone}}." in baton("prompts", "show", "short@production").out
    refused = baton("prompts", "set", "short", "--use-case", "mail")
    assert (refused.code, "tone" in refused.err) == (1, True)
    baton("prompts", "label", "short", "production", "2")
    bound = json.loads(baton("prompts", "set", "short", "--use-case", "mail", "--json").out)
    assert (bound["useCases"], bound["description"]) == (["mail"], "In short.")


def test_a_persona_is_set_shown_and_taken_away(baton: Baton, tmp_path: Path) -> None:
    """From a file, and back."""
    assert "Always:" in baton("personas", "show", "mira").out
    file = written(
        tmp_path,
        "otto.toml",
        'title = "Otto"\nvoice = "You are Otto."\ndoes = ["Cite."]\nuseCases = ["library_*"]\n',
    )
    assert "Otto answers library_*." in baton("personas", "set", "otto", file).out
    assert [each["name"] for each in json.loads(baton("personas", "list", "--json").out)] == ["mira", "otto"]
    assert baton("personas", "remove", "otto").code == 0
    assert "otto" not in baton("personas", "list").out
    assert json.loads(baton("personas", "undo", "otto", "--json").out)["title"] == "Otto"


def test_what_cannot_be_done_is_one_sentence(baton: Baton, tmp_path: Path) -> None:
    """No such prompt or label, a file that is none, a value that is none."""
    rubbish = written(tmp_path, "rubbish", "system: x")
    for words, code, sentence in (
        (("prompts", "show", "nothing"), 1, "nothing"),
        (("prompts", "show", "research@old"), 1, "'old'"),
        (("prompts", "label", "research", "production", "9"), 1, "no version 9"),
        (("prompts", "new", "research", rubbish), 1, "in TOML"),
        (("prompts", "new", "research", str(tmp_path / "away")), 1, "cannot be read"),
        (("prompts", "render", "research", "--var", "brief"), 2, "name=value"),
        (("prompts", "render", "research", "--var", "tone=x"), 1, "'tone'"),
        (("prompts", "test", "research", "--model", "simulated/nobody"), 1, "nobody"),
        (("personas", "show", "otto"), 1, "otto"),
        (("personas", "set", "otto", rubbish), 1, "in TOML"),
    ):
        ran = baton(*words)
        assert (ran.code, ran.out, sentence in ran.err) == (code, "", True), (words, ran.err)
