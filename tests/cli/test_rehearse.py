"""`baton rehearse`: against a running Baton."""

import asyncio
import json

import pytest

from tests.cli.conftest import Run
from tests.conftest import BatonServer, StartBaton

KEYS = {"OPENAI_API_KEY": "sk-o-0000000000", "ANTHROPIC_API_KEY": "sk-a-0000000000"}
CLAUDE = ("--down", "claude", "--model", "anthropic/claude-3-5-haiku-20241022", "--requests", "4")


def reached(server: BatonServer) -> dict[str, str]:
    """Where it is, and who asks."""
    return {"BATON_URL": server.url, "BATON_API_KEY": server.key}


@pytest.fixture
async def env(start_baton: StartBaton) -> dict[str, str]:
    """Of one with two providers."""
    return reached(await start_baton(KEYS, probe_every=0, fallback=True))


async def test_an_outage_is_a_table_to_a_person(env: dict[str, str], run: Run) -> None:
    """A line for each way of asking, and the verdict; 0, for everybody was served."""
    ran = await asyncio.to_thread(run, "rehearse", *CLAUDE, env=env)
    assert (ran.code, ran.err) == (0, "")
    title, whole, stream, verdict = ran.out.splitlines()[-4:]
    assert title.split()[:7] == ["asked", "as", "served", "usually", "by", "then", "by"]
    for line, way in ((whole, "whole"), (stream, "stream")):
        asked, told_way, served, usual, then = line.split()[:5]
        assert (asked, told_way, served) == (usual, way, "4/4")
        assert then.startswith("openai/")
    assert verdict.startswith(
        "All 8 requests would have been served while anthropic failed with 503 for 60 s"
    )


async def test_an_outage_is_json_to_a_program(env: dict[str, str], run: Run) -> None:
    """The same as the API tells, of what was asked for."""
    ran = await asyncio.to_thread(
        run, "rehearse", *CLAUDE, "--fault", "cut", "--for", "2m", "--stream", "--json", env=env
    )
    told = json.loads(ran.out)
    assert (told["fault"], told["forS"], told["requests"], told["failed"]) == ("cut", 120, 4, 0)
    (line,) = told["lines"]
    assert line["stream"]
    assert line["rescued"] >= 1


async def test_requests_that_fail_are_an_exit_code(start_baton: StartBaton, run: Run) -> None:
    """1, with what their callers would have seen, and what to set."""
    alone = await start_baton({"ANTHROPIC_API_KEY": "sk-a-0000000000"}, probe_every=0, fallback=True)
    ran = await asyncio.to_thread(run, "rehearse", *CLAUDE, "--whole", "--fault", "reset", env=reached(alone))
    assert ran.code == 1
    assert "nobody" in ran.out
    assert "whole: " in ran.out
    assert " 502: " in ran.out
    assert "None of 4 requests would have been served" in ran.out
    assert "OPENAI_API_KEY" in ran.out.splitlines()[-1]


async def test_a_wrong_span_is_misuse(env: dict[str, str], run: Run) -> None:
    """2, with one that would do."""
    ran = await asyncio.to_thread(run, "rehearse", "--down", "claude", "--for", "soon", env=env)
    assert (ran.code, ran.out) == (2, "")
    assert "60s" in ran.err


async def test_a_provider_that_is_not_configured(env: dict[str, str], run: Run) -> None:
    """Nobody would miss it."""
    ran = await asyncio.to_thread(run, "rehearse", "--down", "gemini", env=env)
    assert (ran.code, ran.out) == (1, "")
    assert "google is not configured" in ran.err
