"""OpenAI's npm SDK, both of its APIs, in a process of its own."""

import asyncio
import json
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from tests.sdks.conversation import PIXEL_TYPE, Answer, Question, SdkError, Trip, Words
from tests.sdks.openai_chat import OpenAiChat
from tests.sdks.openai_responses import OpenAiResponses

PROGRAM = Path(__file__).parent / "node" / "ask.mjs"
_LONGEST_LINE = 1 << 20  # bytes


class _Raised(Struct, frozen=True):
    name: str
    status: int | None
    message: str


class _Line(Struct, frozen=True):
    """One line of the program's; `crash` where it is none of the SDK's own errors."""

    answer: Answer | None = None
    count: int | None = None
    error: _Raised | None = None
    crash: str | None = None


class NpmOpenAi:
    """`client.chat.completions` or `client.responses`."""

    def __init__(self, process: asyncio.subprocess.Process, words: Words) -> None:
        self.words = words
        self._process = process

    async def ask(self, question: Question, *, streamed: bool) -> Answer:
        """Ask, by `create`, `parse` or `stream`."""
        line = await self._told("stream" if streamed else "ask", question)
        assert line.answer is not None, line.crash
        return line.answer

    async def count(self, question: Question) -> int:
        """By `inputTokens.count`, which `client.responses` has."""
        line = await self._told("count", question)
        assert line.count is not None, line.crash
        return line.count

    async def _told(self, verb: str, question: Question) -> _Line:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(msgspec.json.encode({"verb": verb, "question": question}) + b"\n")
        await self._process.stdin.drain()
        line = msgspec.json.decode(await self._process.stdout.readline(), type=_Line)
        if line.error is not None:
            raise SdkError(line.error.name, line.error.status, line.error.message)
        return line


@asynccontextmanager
async def npm_openai_chat(url: str, key: str) -> AsyncGenerator[NpmOpenAi]:
    """The client of chat completions, open while inside."""
    async with _program("chat", url, key) as process:
        yield NpmOpenAi(process, OpenAiChat.words)


@asynccontextmanager
async def npm_openai_responses(url: str, key: str) -> AsyncGenerator[NpmOpenAi]:
    """The client of the Responses API, open while inside."""
    async with _program("responses", url, key) as process:
        yield NpmOpenAi(process, OpenAiResponses.words)


@asynccontextmanager
async def _program(api: str, url: str, key: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    node = shutil.which("node")
    assert node is not None, "Node is absent: it is needed for the npm SDK"
    words = json.dumps({"schema": Trip.model_json_schema(), "pictureType": PIXEL_TYPE})
    process = await asyncio.create_subprocess_exec(
        node,
        *(str(PROGRAM), api, url, key, words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LONGEST_LINE,
    )
    try:
        yield process
    finally:
        await process.communicate(b"")  # its input ends, and so does it
