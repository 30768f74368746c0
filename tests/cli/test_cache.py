"""`baton cache`: against a running Baton."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Ran, Run, Start

Cache = Callable[..., Ran]


@pytest.fixture
def cache(run: Run, start: Start) -> Cache:
    """`baton cache …`, asking a Baton that was started for the test."""
    url = start("serve", "--port", "0").wait_for(r"listens at (\S+)")[1]
    return lambda *words, **more: run("cache", *words, env={"BATON_URL": url}, **more)


def chats(*texts: str) -> str:
    """A file of chats."""
    bodies = ({"model": "echo", "messages": [{"role": "user", "content": text}]} for text in texts)
    return "\n".join(json.dumps(body) for body in bodies) + "\n\n"


def test_prompts_are_run_ahead_and_kept(cache: Cache, tmp_path: Path) -> None:
    """Once; what came of each is counted; what is kept is shown, and forgotten."""
    file = tmp_path / "chats.jsonl"
    file.write_text(chats("one", "two") + json.dumps({"model": "nothing", "messages": []}))
    said = cache("warm", str(file), "--use-case", "faq")
    assert (said.code, said.out) == (0, "2 chats asked for 0 USD, 0 were kept before, 1 failed.\n")
    again = json.loads(cache("warm", "-", "--json", stdin=chats("one", "two", "three")).out)
    assert (again["asked"], again["keptBefore"], again["left"]) == (1, 2, 0)
    shown = cache("show")
    assert shown.out.startswith("3 of 1000 answers in memory, ")
    assert "faq" in shown.out
    assert json.loads(cache("show", "--json").out)["total"]["hits"] == 2
    assert cache("forget", "--use-case", "faq").out == "2 answers forgotten.\n"
    assert json.loads(cache("forget", "--all", "--json").out) == {"forgotten": 1}


def test_what_cannot_be_done_is_one_sentence(cache: Cache, tmp_path: Path) -> None:
    """Nothing said to forget, a file that is none, a line that is no chat, a budget that is no amount."""
    assert cache("forget").code == cache("forget", "--all", "--model", "x/y").code == 2
    assert cache("warm", str(tmp_path / "none")).code == 1
    broken = cache("warm", "-", stdin="[]\n")
    assert (broken.code, "line 1" in broken.err) == (1, True)
    assert cache("warm", "-", "--budget", "much", stdin="").code == 2
