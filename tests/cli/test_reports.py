"""`baton models`, `baton usage`, `baton config check`: what they print, for people and for programs."""

import json
import signal
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Start
from tests.cli.test_serve import ask, said


def test_models_that_can_be_asked(run: Run) -> None:
    """Without a provider there are the simulated ones; a key brings its provider's; `--all` brings all."""
    run("keys", "create", "x")
    alone = json.loads(run("models", "--json").out)
    assert {model["id"].partition("/")[0] for model in alone} == {"simulated"}
    keyed = json.loads(run("models", "--json", env={"OPENAI_API_KEY": "sk-test-0123456789"}).out)
    mini = next(model for model in keyed if model["id"] == "openai/gpt-4o-mini")
    assert (mini["inputUsd"], mini["outputUsd"], mini["contextWindow"]) == ("0.15", "0.6", 128000)
    assert mini["configured"] is True
    everything = json.loads(run("models", "--all", "--json").out)
    assert len(everything) > len(keyed) > len(alone)
    assert all(model["supported"] for model in everything)
    strange = next(model for model in everything if model["id"].startswith("google/"))
    assert strange["configured"] is False
    assert "not in this version" not in run("models", "--all").out


def test_models_in_a_table(run: Run) -> None:
    """The table has the ids in full, and what was left out is told beside it, on stderr."""
    run("keys", "create", "x")
    ran = run("models", "--provider", "gpt", "--search", "4o-mini")
    assert (ran.code, "there is no provider" in ran.err) == (1, True)
    ran = run("models", "--provider", "openai", "--search", "4o-mini")
    assert "openai/gpt-4o-mini" in ran.out
    assert "\x1b" not in ran.out
    assert "--all" in run("models").err
    line = next(
        line for line in run("models", "--provider", "openai").out.splitlines() if "openai/whisper-1" in line
    )
    assert line.split()[1:5] == ["by", "piece", "by", "piece"]


def test_usage_adds_up_by_model_day_and_user(run: Run, start: Start) -> None:
    """After two requests every view of the ledger says two, with the same tokens."""
    serving = start("serve", "--port", "0")
    url = serving.wait_for(r"listens at (\S+)")[1]
    key = serving.wait_for(r"Admin key\s+(bk-\S+)")[1]
    tokens = sum(
        ask(url, key, {**said(text), "model": "simulated/echo"})[0]["usage"]["total_tokens"]
        for text in ("one", "two three")
    )
    serving.end(signal.SIGTERM)
    for by, name in (("model", "simulated/echo"), ("day", "20"), ("user", "admin")):
        report = json.loads(run("usage", "--by", by, "--json").out)
        assert (report["by"], report["total"]["requests"], report["total"]["failed"]) == (by, 2, 0)
        (row,) = report["rows"]
        assert row["name"].startswith(name)
        assert row["used"]["promptTokens"] + row["used"]["completionTokens"] == tokens
        assert row["used"]["costUsd"] == "0"
    assert "simulated/echo" in run("usage").out
    assert "failed" in run("usage", "--by", "day").out.splitlines()[0]
    assert run("usage", "--since", "2099-01-01").out.startswith("0 requests since 2099")  # no bare heading
    assert json.loads(run("usage", "--since", "2099-01-01", "--json").out)["rows"] == []
    assert run("usage", "--since", "never").code == 2


def test_config_check_names_every_problem(run: Run, tmp_path: Path) -> None:
    """Good settings: exit code 0. Bad ones: all problems, for people on stderr or as JSON, exit code 2."""
    assert run("config", "check").code == 0
    assert json.loads(run("config", "check", "--json").out) == {
        "ok": True,
        "problems": [],
        "warnings": [],
    }
    fixed = {"OPENAI_DIALECT": "openai-responses"}
    assert "openai is asked in the dialect openai-responses only." in run("config", "check", env=fixed).out
    said = json.loads(run("config", "check", "--json", env=fixed).out)
    assert said["dialects"] == {"openai": "openai-responses"}
    misspelt = run("config", "check", env={"OPENAI_KEY": "sk-test-0123456789"})
    assert misspelt.code == 0
    assert misspelt.err == "warning: OPENAI_KEY means nothing to Baton; did you mean OPENAI_API_KEY?\n"
    file = tmp_path / "baton.toml"
    file.write_text("port = 99999\n[providers.nobody]\napi_key = 'x'\n")
    plain = run("config", "check", env={"BATON_CONFIG": str(file)})
    assert plain.code == 2
    assert f"port in {file}: must be a whole number" in plain.err
    assert "providers.nobody" in plain.err
    told = run("config", "check", "--config", str(file), "--json")
    assert told.code == 2
    assert {problem["name"] for problem in json.loads(told.out)["problems"]} == {
        "port",
        "providers.nobody",
    }


@pytest.mark.parametrize(
    "words",
    [("keys", "list"), ("keys", "revoke", "0"), ("usage",), ("alerts",), ("models",), ("estimate", "hi")],
    ids=" ".join,
)
def test_looking_makes_nothing(run: Run, data_dir: Path, words: tuple[str, ...]) -> None:
    """Where nothing was started yet that is said in a sentence, and no folder is made."""
    ran = run(*words)
    assert (ran.code, ran.out) == (1, "")
    assert ran.err == f"baton: there is no data folder {data_dir}; the first start makes it.\n"
    assert not data_dir.exists()
