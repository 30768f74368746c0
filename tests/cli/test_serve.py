"""`baton serve`: from nothing to an answer, and every way in which it cannot start."""

import json
import signal
import socket
import sqlite3
import subprocess
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run, Running, Start


def ask(url: str, key: str, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    request = urllib.request.Request(
        f"{url}/v1/chat/completions",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read()), dict(answer.headers)


def said(text: str) -> dict[str, Any]:
    return {"model": "auto", "messages": [{"role": "user", "content": text}]}


def url_of(serving: Running) -> str:
    return serving.wait_for(r"listens at (\S+)")[1]


def test_the_printed_request_is_answered(start: Start) -> None:
    """The request that a first start prints can be pasted into a shell as it stands, and is answered."""
    serving = start("serve", "--port", "0")
    url_of(serving)
    serving.wait_for(r"^curl ")
    serving.wait_for(r"Hello")
    printed = "".join(serving.out)
    command = printed[printed.index("curl ") :]
    answered = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=30, check=True)
    content = json.loads(answered.stdout)["choices"][0]["message"]["content"]
    assert "simulated" in content
    assert serving.end(signal.SIGTERM) == 0


def test_a_server_of_ones_own_is_asked_by_name(start: Start) -> None:
    """Where only a local server is configured the first request names it; `auto` is told what to name."""
    upstream = start("simulate", "--port", "0").wait_for(r"listens at (\S+)")[1]
    serving = start("serve", "--port", "0", env={"VLLM_BASE_URL": f"{upstream}/v1"})
    url = url_of(serving)
    key = serving.wait_for(r"Admin key\s+(bk-\S+)")[1]
    serving.wait_for(r"A first request, with one of vllm's own models for NAME")
    serving.wait_for(r'"model": "vllm/NAME"')
    answer, _ = ask(url, key, {**said("hi"), "model": "vllm/echo"})
    assert "hi" in answer["choices"][0]["message"]["content"]
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(url, key, said("hi"))
    with refused.value as told:
        message = json.loads(told.read())["error"]["message"]
    assert message == (
        "No model can serve this request: vllm is configured but has no models in the catalog;"
        " name one, e.g. vllm/NAME."
    )


def test_only_a_folder_out_of_the_ordinary_is_named(start: Start, tmp_path: Path) -> None:
    """The command that shows the key again has no more words than it needs."""
    usual = start("serve", "--port", "0", env={"BATON_DATA_DIR": ""})
    assert "--data-dir" not in usual.wait_for(r"Admin key.*").group()
    other = start("serve", "--port", "0", "--data-dir", "other")
    assert f"--data-dir {tmp_path / 'other'}" in other.wait_for(r"Admin key.*").group()


def test_a_second_start_keeps_the_key_to_itself(start: Start) -> None:
    """The key is printed by the start that made it; later ones print a request that looks it up."""
    first = start("serve", "--port", "0")
    key = first.wait_for(r"Admin key\s+(bk-\S+)")[1]
    assert first.end(signal.SIGTERM) == 0
    second = start("serve", "--port", "0")
    url = url_of(second)
    second.wait_for(r"Hello")
    assert key not in "".join(second.out)
    assert "keys show-first" in "".join(second.out)
    answer, _ = ask(url, key, said("again"))
    assert "again" in answer["choices"][0]["message"]["content"]


def test_a_clean_end_leaves_everything_in_the_database(start: Start, data_dir: Path) -> None:
    """After SIGTERM the ledger holds what was answered, and the journal nothing."""
    serving = start("serve", "--port", "0")
    url = url_of(serving)
    key = serving.wait_for(r"Admin key\s+(bk-\S+)")[1]
    ask(url, key, said("one"))
    ask(url, key, said("two"))
    assert serving.end(signal.SIGTERM) == 0
    with sqlite3.connect(data_dir / "baton.db") as database:
        rows = database.execute("SELECT status FROM interactions").fetchall()
    assert rows == [("ok",), ("ok",)]
    assert list((data_dir / "journal").iterdir()) == []
    assert [json.loads(line)["level"] for line in serving.err] == ["info", "info"]


def test_the_first_signal_waits_and_the_second_cuts_off(start: Start, data_dir: Path) -> None:
    """An open stream holds a first Ctrl-C up; a second one ends it, and it is in the ledger all the same."""
    serving = start("serve", "--port", "0")
    url = url_of(serving)
    key = serving.wait_for(r"Admin key\s+(bk-\S+)")[1]
    endless = {**said("tell me " * 500), "model": "simulated/echo;tps=5", "stream": True}
    request = urllib.request.Request(
        f"{url}/v1/chat/completions",
        data=json.dumps(endless).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert answer.readline().startswith(b"data:")
        serving.process.send_signal(signal.SIGINT)
        assert answer.readline() is not None
        assert answer.readline().startswith(b"data:")
        assert serving.process.poll() is None
        assert serving.end(signal.SIGINT) == 130
    with sqlite3.connect(data_dir / "baton.db") as database:
        rows = database.execute("SELECT status FROM interactions").fetchall()
    assert len(rows) == 1
    assert rows != [("ok",)]


def test_every_problem_of_the_settings_is_named_at_once(spawn: Run, tmp_path: Path) -> None:
    """Wrong settings from file and environment are listed together, with what to set; exit code 2."""
    file = tmp_path / "baton.toml"
    file.write_text('retries = "many"\ncolour = "red"\n')
    ran = spawn("serve", "--config", str(file), env={"BATON_PROT": "1", "OPENAI_BASE_URL": "nowhere"})
    assert ran.code == 2
    assert ran.out == ""
    for name in ("retries in ", "colour", "BATON_PROT", "OPENAI_BASE_URL"):
        assert name in ran.err
    assert "Traceback" not in ran.err


def test_a_provider_at_batons_own_address_is_refused(spawn: Run, data_dir: Path) -> None:
    """`ANTHROPIC_BASE_URL` set for an agent must not make Baton ask itself without end."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    env = {"ANTHROPIC_API_KEY": "bk-0123456789abcdef", "ANTHROPIC_BASE_URL": f"http://localhost:{port}"}
    ran = spawn("serve", "--port", port, env=env)
    assert ran.code == 2
    assert "unset ANTHROPIC_BASE_URL" in ran.err
    assert "Traceback" not in ran.err
    assert not data_dir.exists()


def test_a_port_in_use_is_one_clear_line(spawn: Run, data_dir: Path) -> None:
    """Nothing is made where the port cannot be had; the line names the port and what to set."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ran = spawn("serve", "--port", port)
    assert ran.code == 1
    assert port in ran.err
    assert "BATON_PORT" in ran.err
    assert ran.err.count("\n") == 1
    assert not data_dir.exists()


def test_an_unusable_data_folder_is_one_clear_line(spawn: Run, tmp_path: Path) -> None:
    """A data folder that cannot be made is told in one line."""
    (tmp_path / "file").write_text("")
    ran = spawn("serve", "--port", "0", "--data-dir", str(tmp_path / "file" / "data"))
    assert ran.code == 1
    assert str(tmp_path / "file" / "data") in ran.err
    assert ran.err.count("\n") == 1


def test_a_database_that_is_none_is_one_clear_line(spawn: Run, data_dir: Path) -> None:
    """A file that is no database is told in one line."""
    data_dir.mkdir()
    (data_dir / "baton.db").write_text("this is no database " * 100)
    ran = spawn("serve", "--port", "0")
    assert ran.code == 1
    assert "not a database" in ran.err
    assert ran.err.count("\n") == 1


def test_a_database_that_is_away_is_one_clear_line(spawn: Run) -> None:
    """A server that nobody runs, or whose driver is missing, is told in one line, without its password."""
    ran = spawn("serve", "--port", "0", env={"DATABASE_URL": "postgresql://baton:hunter22@127.0.0.1:9/baton"})
    assert ran.code == 1
    assert "atabase" in ran.err or "DATABASE_URL" in ran.err
    assert ran.err.count("\n") == 1
    assert "hunter22" not in ran.err


def test_a_locked_database_is_one_clear_line(spawn: Run, data_dir: Path) -> None:
    """A database that another process holds is told in one line, after some patience."""
    data_dir.mkdir()
    holder = sqlite3.connect(data_dir / "baton.db", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    ran = spawn("serve", "--port", "0")
    holder.close()
    assert ran.code == 1
    assert "locked" in ran.err
    assert ran.err.count("\n") == 1


def test_logs_are_json_and_hold_neither_keys_nor_prompts(start: Start) -> None:
    """Where stderr is no terminal each log line is JSON, also at the finest level."""
    serving = start(
        "serve", "--port", "0", env={"BATON_LOG_LEVEL": "debug", "BATON_SECRET_KEY": "s3cret" * 5}
    )
    url = url_of(serving)
    key = serving.wait_for(r"Admin key\s+(bk-\S+)")[1]
    ask(url, key, said("a very private question"))
    serving.end(signal.SIGTERM)
    assert [json.loads(line)["event"] for line in serving.err][:1] == ["listening"]
    logged = "".join(serving.err)
    assert key not in logged
    assert "private" not in logged
    assert "s3cret" not in logged


def test_a_variable_in_vain_is_a_warning(start: Start) -> None:
    """Misspelt names of keys are logged, and no hindrance."""
    env = {"OPENAI_KEY": "sk-private-0123", "ANTROPIC_API_KEY": "g-private-0123"}
    serving = start("serve", "--port", "0", env=env)
    url_of(serving)
    serving.end(signal.SIGTERM)
    warned = [told for line in serving.err if (told := json.loads(line))["level"] == "warning"]
    assert [told["name"] for told in warned] == ["ANTROPIC_API_KEY", "OPENAI_KEY"]
    assert "private" not in "".join(serving.err)


def test_several_workers_are_refused_without_what_they_share(run: Run) -> None:
    """Before anything is opened, with all that is to be set; a check of the settings says the same."""
    for arguments, env in ((("serve", "--workers", "2"), {}), (("config", "check"), {"BATON_WORKERS": "2"})):
        ran = run(*arguments, env=env)
        assert ran.code == 2
        assert "REDIS_URL" in ran.err
        assert "DATABASE_URL" in ran.err


def test_a_reload_of_a_single_process_says_what_to_do(start: Start, run: Run) -> None:
    """It has nobody to take its place."""
    serving = start("serve", "--port", "0")
    url_of(serving)
    ran = run("reload")
    assert ran.code == 1
    assert "started again" in ran.err
