"""`baton simulate`: the simulated provider as a process of its own."""

import json
import signal
import socket
import urllib.request
from pathlib import Path

from tests.cli.conftest import Run, Start


def test_it_follows_a_script_until_it_is_ended(start: Start, tmp_path: Path) -> None:
    """What the scripts' file says is answered over HTTP; SIGTERM ends it with exit code 0."""
    (tmp_path / "talk.toml").write_text(
        '[[scripts]]\nname = "talk"\n[[scripts.lines]]\nsays = "As agreed."\n'
    )
    simulating = start("simulate", "--port", "0", "--scripts", "talk.toml")
    url = simulating.wait_for(r"listens at (\S+)")[1]
    body = {"model": "scripted;script=talk", "messages": [{"role": "user", "content": "Well?"}]}
    request = urllib.request.Request(f"{url}/v1/chat/completions", data=json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert json.loads(answer.read())["choices"][0]["message"]["content"] == "As agreed."
    assert simulating.end(signal.SIGTERM) == 0


def test_what_keeps_it_from_starting_is_said_in_a_line(run: Run, tmp_path: Path) -> None:
    """A port in use, scripts that are missing or make no sense."""
    (tmp_path / "bad.toml").write_text("[[scripts]]\nnome = 1\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = run("simulate", "--port", port)
    assert refused.err == f"baton: port {port} at 127.0.0.1 is in use; choose another with --port.\n"
    missing = run("simulate", "--scripts", "none.toml")
    assert "none.toml" in missing.err
    bad = run("simulate", "--scripts", "bad.toml")
    assert "bad.toml" in bad.err
    for ran in (refused, missing, bad):
        assert (ran.code, ran.out, ran.err.count("\n")) == (1, "", 1)
