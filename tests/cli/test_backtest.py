"""`baton backtest`: against a running Baton."""

import asyncio
import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.conftest import StartBaton
from tests.watch.backtest.served import CHAT_IS_SMALL, LARGE, SMALL, answered

RULES = {"rules": [CHAT_IS_SMALL]}
DEAR = {"model": SMALL, "prices": {"input": "100", "output": "200"}}


@pytest.fixture
async def env(start_baton: StartBaton) -> AsyncGenerator[dict[str, str]]:
    """Of one that has answered three chats by its large model."""
    async with answered(start_baton) as baton:
        yield {"BATON_URL": baton.url, "BATON_API_KEY": baton.key}


def written(folder: Path, text: str) -> str:
    """A file that says so."""
    path = folder / "proposed.json"
    path.write_text(text)
    return str(path)


async def test_a_proposal_is_told_to_a_person(env: dict[str, str], run: Run, tmp_path: Path) -> None:
    """What was looked at, three columns with their differences, who gains and loses, and what was assumed."""
    file = written(tmp_path, json.dumps({**RULES, "prices": [DEAR]}))
    ran = await asyncio.to_thread(run, "backtest", file, "--from", "1h", env=env)
    assert (ran.code, ran.err) == (0, "")
    assert "3 interactions, 3 replayed." in ran.out
    assert "happened" in ran.out
    assert "95 % interval" in ran.out
    [gains] = [line for line in ran.out.splitlines() if line.startswith(f"{SMALL} ")]
    assert gains.split()[1:6] == ["0", "0", "3", "3", "0"]
    [chat] = [line for line in ran.out.splitlines() if line.startswith("chat ")]
    assert chat.split()[1:3] == ["3", "3"]
    assert "the other's answer is taken to be as long" in ran.out
    last = ran.out.splitlines()[-1]
    assert last.startswith("3 of 3 decisions (100.0%) come out by what is in force as they were made.")
    assert "3 of 3 requests would go to another model. Cost +0." in last
    assert last.endswith("fewer say too little of how users differ.")


async def test_a_proposal_is_json_to_a_program(env: dict[str, str], run: Run) -> None:
    """All of what the API tells, of what came by a pipe; nothing is changed by it."""
    args = ("backtest", "-", "--json", "--sample", "1000", "--to", "2100-01-01")
    ran = await asyncio.to_thread(run, *args, env=env, stdin=json.dumps(RULES))
    told = json.loads(ran.out)
    assert (told["coverage"]["replayed"], told["control"]["same"], told["moved"]) == (3, 3, 3)
    assert (told["models"][0]["model"], told["models"][0]["gains"]) == (SMALL, 3)
    assert {(each["inForce"], each["proposed"]) for each in told["largest"]} == {(LARGE, SMALL)}
    assert float(told["cost"]["differenceUsd"]) < 0
    assert told["cost"]["whyNone"].startswith("what changes is of 1 users")
    rules = json.loads((await asyncio.to_thread(run, "rules", "list", "--json", env=env)).out)
    assert all(each["preferred"] != [SMALL] for each in rules)


async def test_what_is_exported_can_be_backtested(env: dict[str, str], run: Run, tmp_path: Path) -> None:
    """Rules as they are change nothing."""
    exported = await asyncio.to_thread(run, "rules", "export", env=env)
    ran = await asyncio.to_thread(run, "backtest", written(tmp_path, exported.out), env=env)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.rstrip().endswith("gives no request to another model, and changes no cost.")


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ('{"rules": [\n  {"useCase": "chat",}\n]}', 2, "line 2, column 22"),
        ("[]", 2, "no object with rules"),
        ('{"rules": [{"useCase": "chat", "preferred": ["simulated/nobody"]}]}', 1, "rules[0].preferred[0]"),
        ('{"rules": [{"useCase": "chat"}, {"useCase": "chat"}]}', 1, "rules[1]: chat is there twice"),
        ('{"rules": [{"useCase": "chat", "prefered": []}]}', 1, "rules[0].prefered"),
        ('{"agents": [{"agent": "critique", "provider": "nobody"}]}', 1, "agents[0].provider"),
        ('{"weights": [{"name": "default", "points": []}]}', 1, "weights[0].points"),
        (
            '{"prices": [{"model": "simulated/echo", "prices": {"input": "x", "output": "1"}}]}',
            1,
            "prices[0]",
        ),
    ],
)
async def test_what_is_wrong_in_a_proposal_is_named(
    env: dict[str, str], run: Run, tmp_path: Path, text: str, code: int, said: str
) -> None:
    """Its line where it is no JSON, and else the field."""
    ran = await asyncio.to_thread(run, "backtest", written(tmp_path, text), env=env)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


async def test_a_wrong_time_is_misuse(env: dict[str, str], run: Run, tmp_path: Path) -> None:
    """Of the beginning, of the end, and an end before the beginning; as a file that is not there."""
    file = written(tmp_path, "{}")
    for option in ("--from", "--to"):
        ran = await asyncio.to_thread(run, "backtest", file, option, "soon", env=env)
        assert (ran.code, ran.out) == (2, "")
        assert option in ran.err
    ran = await asyncio.to_thread(run, "backtest", file, "--from", "1h", "--to", "2h", env=env)
    assert ran.code == 1
    assert "not after the beginning" in ran.err
    gone = await asyncio.to_thread(run, "backtest", str(tmp_path / "none.json"), env=env)
    assert (gone.code, "cannot be read" in gone.err) == (2, True)
