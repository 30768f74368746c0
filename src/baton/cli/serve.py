"""`baton serve`."""

import asyncio
import contextlib
import gc
import signal
import socket
from types import TracebackType
from typing import Annotated, Self

import structlog
import typer
import uvloop

from baton import __version__
from baton.api.asgi import build
from baton.api.closing import Closing, close, cut_off
from baton.api.server import begin, make_server
from baton.app import App, open_app
from baton.cli.circle import circular
from baton.cli.installation import ConfigFile, DataDir, overlooked, read_settings
from baton.cli.listener import listen, url_of
from baton.cli.logs import configure
from baton.cli.stop import FAILED, INTERRUPTED, MISUSED, Stop
from baton.cli.terminal import counted
from baton.cli.welcome import Start, welcome
from baton.core.errors import Unservable
from baton.gateway.routing.decision import AUTO, Ask
from baton.settings import Settings

_log = structlog.stdlib.get_logger(__name__)


def serve(
    host: Annotated[
        str | None, typer.Option(help="Address to listen at. [env: BATON_HOST; 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen at; 0 takes a free one. [env: BATON_PORT; 8080]")
    ] = None,
    data_dir: DataDir = None,
    config: ConfigFile = None,
) -> None:
    """Start the gateway.

    Ctrl-C or SIGTERM lets open answers come to their end, for BATON_GRACE seconds at most; a second one cuts
    them off.
    """
    settings = read_settings(config, data_dir, {"host": host, "port": port})
    _refuse_circles(settings)
    configure(settings.log_level)
    for each in overlooked():
        _log.warning("meaningless_variable", name=each.name, what=each.what)
    with listen(settings.host, settings.port) as listening, contextlib.suppress(asyncio.CancelledError):
        cut = uvloop.run(_serve(settings, listening))
        if cut:
            raise Stop(f"{counted(cut, 'answer')} not complete after {settings.grace:g} s, cut off.", FAILED)
        return
    raise Stop("ended before all answers were complete.", INTERRUPTED)


def _refuse_circles(settings: Settings) -> None:
    """Stop before a request could go round in a circle."""
    lines = [
        f"  {each.name}: {each.base_url} is where this Baton itself listens; unset "
        f"{each.name.upper()}_BASE_URL (SDKs read the same variable: set it for them alone)"
        for each in circular(settings)
    ]
    if lines:
        raise Stop("\n".join(["a provider cannot be Baton itself:", *lines]), MISUSED)


async def _serve(settings: Settings, listening: socket.socket) -> int:
    """Serve until told to stop; how many answers were cut off."""
    async with Ending() as ending, open_app(settings) as app:
        closing = Closing()
        server = make_server(build(app, closing), settings.host, settings.port)
        await begin(server, listening)
        start = Start(
            url=url_of(listening),
            public_url=settings.public_url,
            data_dir=settings.data_dir,
            providers=app.directory,
            first_key=app.first_key,
            first_token=None if app.first_invitation is None else app.first_invitation.token,
            auto_answers=_auto_answers(app),
        )
        # What the start has made stays: the collector need not look at it again with every request.
        gc.collect()
        gc.freeze()
        _log.info("listening", url=start.url, version=__version__)
        print(welcome(start), flush=True)
        try:
            await ending.asked.wait()
            cut = await close(server, listening, closing, settings.grace)
        finally:
            closing.begun = True
            await cut_off(server)
    _log.info("ended", cut_off=cut)
    return cut


def _auto_answers(app: App) -> bool:
    """Whether there is a model for somebody who may use all and leaves the choice to us."""
    try:
        app.router.decide_for(AUTO, Ask(tier=app.tiers.names[-1]))
    except Unservable:
        return False
    return True


class Ending:
    """What the signals mean: the first asks the server to finish, the second cuts it off, a third kills.

    uvicorn's own handling would raise the signal again before the journal is drained.
    """

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        """The first has come."""

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(number, self._signalled)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._let_go()

    def _signalled(self) -> None:
        if self.asked.is_set():
            self._let_go()
            if self._task is not None:
                self._task.cancel()
        self.asked.set()

    def _let_go(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.remove_signal_handler(number)


COMMANDS = {"serve": serve}
