"""A client that says exactly the bytes it is told to, and nothing else."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

PATIENCE_S = 10.0
"""What no test waits longer for; far above what any of them needs."""


@dataclass(frozen=True)
class Reply:
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def events(self) -> list[str]:
        """The data of a stream's events."""
        return [line[6:] for line in self.body.decode().split("\n") if line.startswith("data: ")]

    @property
    def text(self) -> str:
        """What a stream said."""
        said = ""
        for event in self.events:
            if event != "[DONE]":
                for choice in json.loads(event).get("choices", ()):
                    delta = choice["delta"]
                    said += (delta.get("content") or "") if isinstance(delta, dict) else ""
        return said


class Line:
    """One connection to a server, from the client's side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, data: bytes) -> None:
        """Send; a server that has hung up already is no news."""
        with suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()

    async def reply(self) -> Reply:
        """Read one answer to its end.

        Raises:
            asyncio.IncompleteReadError: the connection ended before the answer did.
        """
        async with asyncio.timeout(PATIENCE_S):
            status, headers = await self.head()
            if headers.get("transfer-encoding") == "chunked":
                return Reply(status, headers, b"".join([chunk async for chunk in self.chunks()]))
            if "content-length" in headers:
                return Reply(status, headers, await self.reader.readexactly(int(headers["content-length"])))
            return Reply(status, headers, await self.reader.read())

    async def head(self) -> tuple[int, dict[str, str]]:
        """Read status and headers."""
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        fields = (line.split(":", 1) for line in lines[1:] if line)
        return int(lines[0].split()[1]), {name.lower(): value.strip() for name, value in fields}

    async def chunks(self) -> AsyncGenerator[bytes]:
        """Read a chunked body, chunk by chunk."""
        while True:
            size = int(await self.reader.readline() or b"x", 16)
            chunk = await self.reader.readexactly(size + 2)
            if not size:
                return
            yield chunk[:-2]

    async def ended(self) -> bytes:
        """What came before the server closed the connection."""
        async with asyncio.timeout(PATIENCE_S):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    def hang_up(self) -> None:
        """Leave at once."""
        self.writer.transport.abort()


@asynccontextmanager
async def line_to(url: str) -> AsyncGenerator[Line]:
    """A connection to the server at `url`."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 26)
    try:
        yield Line(reader, writer)
    finally:
        writer.transport.abort()


def post(key: str, body: bytes, *headers: str, path: str = "/v1/chat/completions") -> bytes:
    """A whole POST request; `headers` are further lines."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: baton",
        f"Authorization: Bearer {key}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def chat(model: str, text: str = "Hello there", **fields: Any) -> bytes:
    """A chat body; `fields` replace or add."""
    return json.dumps({"model": model, "messages": [{"role": "user", "content": text}], **fields}).encode()
