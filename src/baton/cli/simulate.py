"""`baton simulate`."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from baton.cli.listener import reason
from baton.cli.stop import Stop
from baton.core.clock import SystemClock
from baton.upstream.providers.simulated.scripts import Scripts, load_scripts
from baton.upstream.providers.simulated.server import running
from baton.upstream.providers.simulated.simulation import Simulation


def simulate(
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen at; 0 takes a free one.")] = 8081,
    scripts: Annotated[
        Path | None, typer.Option(help="Conversations to follow, a TOML or JSON file.")
    ] = None,
) -> None:
    """Serve the simulated provider over HTTP, with every fault that a model's name asks for."""
    told = load_scripts(scripts) if scripts is not None else None
    uvloop.run(_simulate(told, host, port))


async def _simulate(scripts: Scripts | None, host: str, port: int) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    try:
        async with running(Simulation(SystemClock(), scripts=scripts), host, port) as url:
            print(
                f"The simulated provider listens at {url}\n"
                f"  As OpenAI     base URL {url}/v1, any key; models: GET {url}/v1/models\n"
                f"  For a Baton   VLLM_BASE_URL={url}/v1, then model vllm/echo",
                flush=True,
            )
            await ended.wait()
    except OSError as error:
        raise Stop(reason(host, port, error, variables=False)) from error


COMMANDS = {"simulate": simulate}
