"""`baton chat`: a terminal, a pipe, a conversation, and everything that can go wrong."""

import json
import os
import pty
import signal
import socket
import threading
import time
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Running, Start


@dataclass(frozen=True)
class Served:
    """A Baton that runs, beside a simulated provider that follows a script."""

    url: str
    key: str

    @property
    def env(self) -> dict[str, str]:
        return {"BATON_URL": self.url, "BATON_API_KEY": self.key}


@pytest.fixture
def served(start: Start, tmp_path: Path) -> Served:
    (tmp_path / "talk.toml").write_text(
        '[[scripts]]\nname = "talk"\n'
        '[[scripts.lines]]\nturn = 1\nsays = "This is the first turn."\n'
        '[[scripts.lines]]\nturn = 2\nsays = "This is the second turn."\n'
        '[[scripts]]\nname = "slow"\n'
        '[[scripts.lines]]\nwhen = "after all"\nsays = "I am here."\n'
        f'[[scripts.lines]]\nsettings = "tps=20"\nsays = "It begins.\\n{"and goes on " * 200}"\n'
    )
    simulating = start("simulate", "--port", "0", "--scripts", "talk.toml")
    upstream = simulating.wait_for(r"listens at (\S+)")[1]
    serving = start("serve", "--port", "0", env={"VLLM_BASE_URL": f"{upstream}/v1"})
    url = serving.wait_for(r"listens at (\S+)")[1]
    return Served(url, serving.wait_for(r"Admin key\s+(bk-\S+)")[1])


def test_an_answer_and_what_it_came_to(run: Run, served: Served) -> None:
    """The answer alone is on stdout; model, tokens, cost and time are told on stderr, streamed or not."""
    for arguments in (("--no-stream",), ()):
        ran = run("chat", "Good morning", "--model", "simulated/echo;notice=off", *arguments, env=served.env)
        assert (ran.code, ran.out) == (0, "Good morning\n")
        assert "simulated/echo" in ran.err
        assert "tokens" in ran.err
        assert "0 USD" in ran.err
        assert " ms" in ran.err


def test_what_is_piped_in_is_asked(run: Run, served: Served) -> None:
    """Piped text is the prompt, or follows the one that is given; neither is wrong usage."""
    echo = ("--model", "simulated/echo;notice=off")
    assert run("chat", *echo, stdin="from a pipe\n", env=served.env).out == "from a pipe\n"
    both = run("chat", "Summarise:", *echo, stdin="a text", env=served.env)
    assert both.out == "Summarise:\n\na text\n"
    assert run("chat", *echo, env=served.env).code == 2


def test_json_holds_answer_and_cost(run: Run, served: Served) -> None:
    """`--json` prints one document with text, model, provider, tokens, cost and the ledger's id."""
    told = json.loads(run("chat", "Hi", "--model", "simulated/echo", "--json", env=served.env).out)
    assert told["text"].startswith("Hi")
    assert (told["provider"], told["model"], told["costUsd"]) == ("simulated", "echo", "0")
    assert told["promptTokens"] > 0
    assert told["interaction"]


def test_host_port_and_key_are_found(run: Run, served: Served) -> None:
    """Without any address or key they are those of the settings and of the data folder."""
    ran = run("chat", "Hi", "--model", "simulated/echo", env={"BATON_PORT": served.url.rpartition(":")[2]})
    assert ran.code == 0


def test_errors_are_a_sentence(run: Run, served: Served) -> None:
    """A wrong key, an unknown model, a provider that fails or breaks off, nobody there, no address."""
    for said, *arguments in (
        ("BATON_API_KEY", "--api-key", "bk-wrong"),
        ("no model 'gpt-nonsense'", "--model", "gpt-nonsense"),
        ("provider", "--model", "simulated/echo;fault=cut"),
        ("no Baton answers", "--url", "http://127.0.0.1:9"),
        ("no address", "--url", "localhost"),
    ):
        ran = run("chat", "Hi there, how are you today?", *arguments, env=served.env)
        assert ran.code != 0, arguments
        assert said in ran.err, arguments
        assert "Traceback" not in ran.err, arguments


EVENT = b'data: {"choices": [{"delta": {"content": "Half an"}}]}\n\n'


@pytest.mark.parametrize(
    ("said", "shown", "complaint"),
    [
        (EVENT, "Half an\n", "broke off"),
        (EVENT + b'data: {"error": {"message": "It went wrong."}}\n\n', "Half an\n", "It went wrong."),
        (b"<html>Welcome to the router</html>\n\n", "", "broke off"),
        (b"data: Welcome\n\n", "", "no Baton"),
    ],
)
def test_half_an_answer_is_none(run: Run, said: bytes, shown: str, complaint: str) -> None:
    """A stream that ends without its end, in an error, or in something else is told, exit code 1."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        answering = threading.Thread(target=answer_once, args=(listening, said))
        answering.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        ran = run("chat", "Hi", env={"BATON_URL": url, "BATON_API_KEY": "bk-any"})
        answering.join()
    assert (ran.code, ran.out) == (1, shown)
    assert complaint in ran.err


def answer_once(listening: socket.socket, said: bytes) -> None:
    connection, _ = listening.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + said)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(65536)


def test_ctrl_c_ends_the_answer(start: Start, served: Served) -> None:
    """A slow answer is left where it stands, with no trace, exit code 130."""
    slow = ("--model", "simulated/echo;tps=20")
    chatting = start("chat", "one\ntwo\nthree\n" + "and more " * 500, *slow, env=served.env)
    chatting.wait_for("one")
    assert chatting.end(signal.SIGINT) == 130
    assert "Traceback" not in "".join(chatting.err)


@pytest.fixture
def terminal() -> Generator[tuple[int, int]]:
    """Both ends of a terminal: ours, and the command's."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)
    os.close(theirs)


def test_a_conversation_remembers(start: Start, served: Served, terminal: tuple[int, int]) -> None:
    """At a terminal, turn follows turn, each with those before it, until /exit."""
    ours, theirs = terminal
    chatting = start("chat", "--model", "vllm/scripted;script=talk", env=served.env, stdin=theirs)
    os.write(ours, b"Hello\n")
    chatting.wait_for("the first turn")
    os.write(ours, b"Go on\n")
    chatting.wait_for("the second turn")
    os.write(ours, b"/exit\n")
    assert chatting.end() == 0


def test_ctrl_c_in_a_conversation_ends_only_the_answer(
    start: Start, served: Served, terminal: tuple[int, int]
) -> None:
    """After Ctrl-C in the middle of an answer the next thing can be said."""
    ours, theirs = terminal
    chatting = start("chat", "--model", "vllm/scripted;script=slow", env=served.env, stdin=theirs)
    os.write(ours, b"Tell me everything\n")
    chatting.wait_for("It begins")
    chatting.process.send_signal(signal.SIGINT)
    os.write(ours, b"Something short after all\n")
    chatting.wait_for("I am here")
    os.write(ours, b"/exit\n")
    assert chatting.end() == 0
    assert "Traceback" not in "".join(chatting.err)


def test_ctrl_c_at_the_prompt_ends_the_second_time(
    run: Run, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it clears the line and says so, twice in a row it ends the conversation, in order."""
    typed = iter([None, "Go on", None, None])

    def typing(_prompt: str) -> str:
        line = next(typed)
        if line is None:
            raise KeyboardInterrupt
        return line

    monkeypatch.setattr("builtins.input", typing)
    monkeypatch.setattr("baton.cli.chat._asked", lambda _prompt: None)  # as at a terminal
    ran = run("chat", "--model", "vllm/scripted;script=talk", env=served.env)
    assert (ran.code, "the first turn" in ran.out) == (0, True)
    assert ran.err.count("Ctrl-C again ends") == 2
    assert list(typed) == []


def wait_for_complaint(chatting: Running, words: str) -> None:
    """Until stderr has said it."""
    until_s = time.monotonic() + 30
    while not any(words in line for line in list(chatting.err)):
        assert time.monotonic() < until_s, chatting.err


def test_a_conversation_with_nobody_does_not_begin(
    start: Start, served: Served, terminal: tuple[int, int]
) -> None:
    """A model that does not exist is told before anything can be said, exit code 1."""
    chatting = start("chat", "--model", "gpt-nonsense", env=served.env, stdin=terminal[1])
    assert chatting.end() == 1
    wait_for_complaint(chatting, "no model 'gpt-nonsense'")
    assert "Say something" not in "".join(chatting.err)
