"""The yardstick for streams: what uvicorn + aiohttp cost that copy chunks as they come and do nothing else.

uvicorn on uvloop and httptools, a raw ASGI application, one aiohttp session: the same parts that Baton is
built from, so the difference to Baton is what Baton itself does.
"""

from __future__ import annotations

import argparse
from typing import Any

import aiohttp
import uvicorn

_FORWARDED = ("content-type", "content-length")


class Passthrough:
    """An ASGI application that sends every request's body upstream and the answer back."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream = f"http://127.0.0.1:{upstream_port}"
        self._session: aiohttp.ClientSession | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        assert self._session is not None
        headers = {"Content-Type": "application/json", "Authorization": "Bearer sk-bench"}
        async with self._session.post(self._upstream + scope["path"], data=body, headers=headers) as answer:
            kept = [
                (name.encode(), answer.headers[name].encode())
                for name in _FORWARDED
                if name in answer.headers
            ]
            await send({"type": "http.response.start", "status": answer.status, "headers": kept})
            async for piece in answer.content.iter_any():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _lifespan(self, receive: Any, send: Any) -> None:
        await receive()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._session.close()
        await send({"type": "lifespan.shutdown.complete"})


def main() -> None:
    """Serves until stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--upstream-port", type=int, required=True)
    arguments = parser.parse_args()
    uvicorn.run(
        Passthrough(arguments.upstream_port),
        host="127.0.0.1",
        port=arguments.port,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
