"""`baton serve`."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from types import TracebackType
from typing import Annotated, NoReturn

import structlog
import typer
import uvloop

from baton.app import App
from baton.cli.circle import refuse_circles
from baton.cli.installation import ConfigFile, DataDir, overlooked, read_settings
from baton.cli.listener import listen, url_of
from baton.cli.logs import configure
from baton.cli.serving import Parting, serve_at, welcoming
from baton.cli.stop import FAILED, INTERRUPTED, Stop
from baton.cli.terminal import counted
from baton.cli.workers.words import Charge, Options, line
from baton.settings import Settings

SUPERVISOR = "baton.cli.workers.supervisor"
_log = structlog.stdlib.get_logger(__name__)


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen at. [env: BATON_HOST; 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen at; 0 takes a free one. [env: BATON_PORT; 8080]")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="How many processes serve; above 1 with Redis only. [env: BATON_WORKERS; 1]"),
    ] = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Start the gateway.

    Ctrl-C or SIGTERM lets open answers come to their end, for BATON_GRACE seconds at most; a second one cuts
    them off. Several workers are replaced one by one by `baton reload` or SIGHUP.
    """
    settings = read_settings(config, data_dir, {"host": host, "port": port, "workers": workers})
    refuse_circles(settings)
    configure(settings.log_level)
    for each in overlooked():
        _log.warning("meaningless_variable", name=each.name, what=each.what)
    with listen(settings.host, settings.port) as listening, contextlib.suppress(asyncio.CancelledError):
        if settings.workers > 1:
            options = Options(
                host=host,
                port=port,
                workers=workers,
                data_dir=None if data_dir is None else str(data_dir),
                config=None if config is None else str(config),
            )
            _supervise(settings, options, listening)
        cut = uvloop.run(_serve(settings, listening))
        if cut:
            raise Stop(f"{counted(cut, 'answer')} not complete after {settings.grace:g} s, cut off.", FAILED)
        return
    raise Stop("ended before all answers were complete.", INTERRUPTED)


async def _serve(settings: Settings, listening: socket.socket) -> int:
    """Serve until told to stop; how many answers were cut off."""

    def listens(app: App) -> None:
        print(welcoming(app, url_of(listening), sys.argv[0]), flush=True)

    async with Ending() as parting:
        return await serve_at(listening, settings, parting, listens)


def _supervise(settings: Settings, options: Options, listening: socket.socket) -> NoReturn:
    """Become the supervisor of several: by another program, which holds nothing that only a worker needs."""
    charge = Charge(
        listening=listening.fileno(),
        workers=settings.workers,
        data_dir=str(settings.data_dir),
        log_level=settings.log_level,
        called=sys.argv[0],
        options=options,
    )
    listening.set_inheritable(True)
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-P", "-m", SUPERVISOR, line(charge).decode()])  # noqa: S606


class Ending:
    """What the signals mean: the first asks the server to finish, the second cuts it off, a third kills.

    uvicorn's own handling would raise the signal again before the journal is drained.
    """

    async def __aenter__(self) -> Parting:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._parting = Parting()
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(number, self._signalled)
        return self._parting

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._let_go()

    def _signalled(self) -> None:
        if self._parting.asked.is_set():
            self._let_go()
            if self._task is not None:
                self._task.cancel()
        self._parting.end()

    def _let_go(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.remove_signal_handler(number)


COMMANDS = {"serve": serve}
