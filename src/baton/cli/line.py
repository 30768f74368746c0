"""How commands reach a running Baton: where it is, and as whom it is asked."""

import asyncio
import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

import aiohttp
import msgspec
import typer
from msgspec import Struct

from baton.access.identity.first_admin import read_first_key
from baton.cli.installation import ConfigFile, DataDir, read_settings
from baton.cli.stop import MISUSED, Stop
from baton.core.errors import BatonError

T = TypeVar("T")

_CONNECT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where Baton is, and as whom it is asked."""

    url: Annotated[str | None, typer.Option(help="Where Baton is. [env: BATON_URL; host and port]")] = None
    api_key: Annotated[
        str | None,
        typer.Option(help="[env: BATON_API_KEY, BATON_MASTER_KEY; the data folder's first key]"),
    ] = None
    data_dir: DataDir = None
    config: ConfigFile = None


class Line(Struct, frozen=True):
    """How Baton is reached."""

    url: str
    """Without a slash at its end."""
    key: str


class _Problem(Struct):
    """Of a problem document, what a person wants to read."""

    detail: str


def line_to(reach: Reach) -> Line:
    """The address and the key, from the options, the environment, or the installation.

    Raises:
        Stop: there is no key, or the address is none; exit code 2.
    """
    url = reach.url or os.environ.get("BATON_URL")
    key = reach.api_key or os.environ.get("BATON_API_KEY") or os.environ.get("BATON_MASTER_KEY")
    if url is None or key is None:
        settings = read_settings(reach.config, reach.data_dir)
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104 (compared)
        url = url or f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"
        key = key or settings.master_key
        try:
            key = key or asyncio.run(read_first_key(settings.data_dir))
        except BatonError as error:
            raise Stop(f"no API key: set BATON_API_KEY or --api-key. {error.message}", MISUSED) from error
    if not url.startswith(("http://", "https://")):
        raise Stop(f"{url!r} is no address; write e.g. http://127.0.0.1:8080.", MISUSED)
    return Line(url.rstrip("/"), key)


@asynccontextmanager
async def connected(line: Line) -> AsyncGenerator[aiohttp.ClientSession]:
    """A session that presents the key.

    Raises:
        Stop: nobody answers there, or the connection fails.
    """
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_S)
    headers = {"Authorization": f"Bearer {line.key}"}
    try:
        async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
            yield session
    except aiohttp.ClientConnectorError as error:
        raise Stop(
            f"no Baton answers at {line.url}; start one with `baton serve`, or set BATON_URL."
        ) from error
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise Stop(f"the connection to {line.url} failed: {error or type(error).__name__}.") from error


async def ask(
    line: Line,
    path: str,
    *,
    method: str = "GET",
    body: Any = None,
    file: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """The answer of one of Baton's own routes; `body` goes as JSON, a `file` as it is.

    Raises:
        Stop: nobody answers there, or the answer is an error.
    """
    async with (
        connected(line) as session,
        session.request(method, line.url + path, json=body, data=file, headers=headers) as response,
    ):
        answer = await response.read()
    if response.status < HTTPStatus.BAD_REQUEST:
        return answer
    try:
        said = msgspec.json.decode(answer, type=_Problem).detail
    except msgspec.DecodeError as error:
        raise Stop(f"what answers there says {response.status}; is it a Baton?") from error
    if response.status == HTTPStatus.UNAUTHORIZED:
        said = f"{said} Set BATON_API_KEY or --api-key."
    raise Stop(said)


def parsed(answer: bytes, kind: type[T]) -> T:
    """An answer as what it is to be.

    Raises:
        Stop: it is something else.
    """
    try:
        return msgspec.json.decode(answer, type=kind)
    except msgspec.DecodeError as error:
        raise Stop("what answers there is no Baton of this version.") from error
