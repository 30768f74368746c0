"""Serving, from the first connection that is accepted to the last that is closed."""

import asyncio
import gc
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack

import structlog
from msgspec import Struct

from baton import __version__
from baton.api.asgi import build
from baton.api.closing import Closing, close, cut_off, leave
from baton.api.fleet.folder import FleetFolder
from baton.api.fleet.siblings import Siblings
from baton.api.metrics import registry_of
from baton.api.server import begin, make_server
from baton.app import App, open_app
from baton.cli.listener import url_of
from baton.cli.welcome import Start, welcome
from baton.core.errors import Unservable
from baton.gateway.routing.decision import AUTO, Ask
from baton.settings import Settings

_log = structlog.stdlib.get_logger(__name__)


class Parting:
    """Whether a server is to stop, and whether others go on in its place."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        """It is to stop."""
        self.ending = asyncio.Event()
        """Nobody goes on."""

    def leave(self) -> None:
        """Others go on."""
        self.asked.set()

    def end(self) -> None:
        """Nobody goes on."""
        self.ending.set()
        self.asked.set()


class Membership(Struct, frozen=True):
    """One process among several of the same Baton. `number`: its own."""

    folder: FleetFolder
    number: int


async def serve_at(
    listening: socket.socket,
    settings: Settings,
    parting: Parting,
    listens: Callable[[App], None],
    membership: Membership | None = None,
) -> int:
    """Serve until told to stop; how many answers were cut off. `listens` is called once it serves."""
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(open_app(settings))
        scrape = None
        if membership is not None:
            siblings = Siblings(membership.folder, membership.number, registry_of(app))
            scrape = (await stack.enter_async_context(siblings)).scrape
        closing = Closing()
        server = make_server(build(app, closing, scrape), settings.host, settings.port)
        await begin(server, listening)
        # What the start has made stays: the collector need not look at it again with every request.
        gc.collect()
        gc.freeze()
        _log.info("listening", url=url_of(listening), version=__version__)
        listens(app)
        try:
            await parting.asked.wait()
            if parting.ending.is_set():
                cut = await close(server, listening, closing, settings.grace)
            else:
                cut = await leave(server, listening, closing, settings.grace, parting.ending)
        finally:
            closing.begun = True
            await cut_off(server)
    _log.info("ended", cut_off=cut)
    return cut


def welcoming(app: App, url: str, called: str) -> str:
    """What is said once a start is done. `called`: how the program was."""
    settings = app.store.settings
    return welcome(
        Start(
            url=url,
            public_url=settings.public_url,
            data_dir=settings.data_dir,
            providers=app.directory,
            first_key=app.first_key,
            first_token=None if app.first_invitation is None else app.first_invitation.token,
            auto_answers=_auto_answers(app),
            called=called,
        )
    )


def _auto_answers(app: App) -> bool:
    """Whether there is a model for somebody who may use all and leaves the choice to us."""
    try:
        app.router.decide_for(AUTO, Ask(tier=app.tiers.names[-1]))
    except Unservable:
        return False
    return True
