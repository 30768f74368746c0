"""The process that counts is killed, hangs, has no memory; prompts come by the hundred or by the megabyte."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from io import BytesIO
from typing import Any

import aiohttp
import pytest

from baton.catalog.tokens.child import MOST_WAITING, Tokenizer
from baton.catalog.tokens.families import packaged_calibration
from baton.catalog.tokens.tokens import Tokens
from baton.core.messages import Message, Role, Text
from baton.core.request import ChatRequest
from tests.conftest import BatonServer, StartBaton

WORKER = (sys.executable, "-P", "-m", "baton.catalog.tokens.worker")
HANGING = (sys.executable, "-c", "import sys, time; sys.stdin.buffer.read(4); time.sleep(600)")
STARVED = ("/bin/sh", "-c", f"ulimit -v 60000; exec {' '.join(WORKER)}")
PATH = "/v1/messages/count_tokens"


def asking(text: str) -> ChatRequest:
    return ChatRequest(model="any", messages=(Message(role=Role.USER, parts=(Text(text=text),)),))


LONG = asking("The quick brown fox jumps over the lazy dog. " * 50_000)


async def test_a_counter_killed_at_its_work_is_replaced_and_asked_again() -> None:
    """Whoever waits gets the exact count all the same; killed again and again, an estimate that says so."""
    async with Tokenizer() as tokenizer:
        tokens = Tokens(packaged_calibration(), tokenizer)
        assert (await tokens.count("gpt-4o", asking("Hello"))).exact
        first = tokenizer.pid
        assert first is not None
        waiting = asyncio.create_task(tokens.count("gpt-4o", LONG))
        await asyncio.sleep(0)
        os.kill(first, signal.SIGKILL)
        counted = await waiting
        assert (counted.tokens, counted.exact) == (500_001 + 7, True)
        assert tokenizer.pid not in (None, first)


@pytest.mark.parametrize("command", [HANGING, STARVED], ids=["hanging", "without memory"])
async def test_a_counter_that_cannot_answer_leaves_an_estimate(command: tuple[str, ...]) -> None:
    """In time, for all that wait, and marked; no process is left behind."""
    async with Tokenizer(command, most_s=0.2) as broken:
        tokens = Tokens(packaged_calibration(), broken)
        counts = await asyncio.gather(*(tokens.count("gpt-4o", asking("Hello there")) for _ in range(3)))
        assert [count.exact for count in counts] == [False] * 3
        assert all(5 < count.tokens < 15 for count in counts)
        assert broken.pid is None


@pytest.fixture
async def baton(start_baton: StartBaton) -> BatonServer:
    """Whose provider is nowhere: it has to count by itself."""
    nowhere = {"OPENAI_API_KEY": "sk-test-0123456789", "OPENAI_BASE_URL": "http://127.0.0.1:9/v1"}
    return await start_baton(nowhere)


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


async def count(session: aiohttp.ClientSession, baton: BatonServer, text: str) -> tuple[int, bool]:
    """The tokens, and whether they are marked as an estimate."""
    body: dict[str, Any] = {"model": "openai/gpt-4o", "messages": [{"role": "user", "content": text}]}
    sent = BytesIO(json.dumps(body).encode())
    async with session.post(baton.url + PATH, data=sent, headers=baton.admin) as answer:
        assert answer.status == 200, await answer.text()
        told = await answer.json()
        return told["input_tokens"], answer.headers.get("x-baton-estimated") == "true"


async def test_a_hundred_counts_at_once_are_all_answered(
    baton: BatonServer, session: aiohttp.ClientSession
) -> None:
    """Exactly, but for those that came when too many waited: these are estimated, near enough, and say so."""
    text = "word " * 20_000
    counts = await asyncio.gather(*(count(session, baton, text) for _ in range(100)))
    exact = [tokens for tokens, estimated in counts if not estimated]
    assert len(exact) >= MOST_WAITING
    assert set(exact) == {20_008}
    assert all(tokens == pytest.approx(20_008, rel=0.3) for tokens, _ in counts)


async def test_ten_megabytes_are_estimated_while_others_are_served(
    baton: BatonServer, session: aiohttp.ClientSession
) -> None:
    """Nobody counts a book; it is judged from outside, and readiness is answered meanwhile."""
    text = "The quick brown fox jumps over the lazy dog. " * 220_000
    counting = asyncio.create_task(count(session, baton, text))
    asked = 0
    while not counting.done():
        async with session.get(baton.url + "/livez") as answer:
            assert answer.status == 200
        asked += 1
    tokens, estimated = await counting
    assert (estimated, asked > 0) == (True, True)
    assert tokens == pytest.approx(2_200_000, rel=0.3)
