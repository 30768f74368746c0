"""One of several processes that serve; `baton serve --workers` starts it, and nobody else."""

import asyncio
import gc
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import structlog
import uvloop

from baton.api.fleet.folder import FleetFolder
from baton.app import App
from baton.cli.circle import refuse_circles
from baton.cli.installation import read_settings
from baton.cli.listener import url_of
from baton.cli.logs import configure
from baton.cli.main import COLLECT_AFTER
from baton.cli.serving import Membership, Parting, serve_at, welcoming
from baton.cli.stop import FAILED, INTERRUPTED, Stop
from baton.cli.terminal import counted
from baton.cli.workers.words import ORDERS, Failed, Options, Order, Post, Ready, Replace, heard, line
from baton.core.errors import BatonError
from baton.settings import Settings

_log = structlog.stdlib.get_logger("baton.cli.workers.worker")  # not "__main__"


def main() -> None:
    """Be a worker, and exit."""
    gc.set_threshold(COLLECT_AFTER)
    for number in (signal.SIGINT, signal.SIGHUP):  # the supervisor's to understand
        signal.signal(number, signal.SIG_IGN)
    post = msgspec.json.decode(sys.argv[1], type=Post)
    control, listening = _held(post.control), _held(post.listening)
    with control, listening:
        try:
            settings = _settings(post.options)
            configure(settings.log_level)
            cut = uvloop.run(_work(post, settings, listening, control))
        except asyncio.CancelledError:
            sys.exit(INTERRUPTED)
        except (Stop, BatonError) as error:
            failure = Failed(error.message, error.code if isinstance(error, Stop) else FAILED)
            with suppress(OSError):  # nobody may be there to be told
                control.send(line(failure))
            _complain(failure.why)
            sys.exit(failure.code)
    if cut:
        _complain(f"{counted(cut, 'answer')} not complete after {settings.grace:g} s, cut off.")
        sys.exit(FAILED)


def _held(descriptor: int) -> socket.socket:
    """What the supervisor has handed on; the children of this process shall not hold it open."""
    held = socket.socket(fileno=descriptor)
    held.set_inheritable(False)
    held.setblocking(False)
    return held


def _settings(options: Options) -> Settings:
    overrides = {"host": options.host, "port": options.port, "workers": options.workers}
    settings = read_settings(_path(options.config), _path(options.data_dir), overrides)
    refuse_circles(settings)
    return settings


def _path(said: str | None) -> Path | None:
    return None if said is None else Path(said)


def _complain(message: str) -> None:
    sys.stdout.flush()
    print(f"baton: {message}", file=sys.stderr, flush=True)


async def _work(post: Post, settings: Settings, listening: socket.socket, control: socket.socket) -> int:
    """Serve until the supervisor says otherwise, or is no more; how many answers were cut off."""
    parting, serves = Parting(), asyncio.Event()
    reader, writer = await asyncio.open_unix_connection(sock=control.dup())
    hearing = asyncio.create_task(_hear(reader, parting, serves, asyncio.current_task()), name="orders")

    def listens(app: App) -> None:
        serves.set()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, writer.write, line(Replace()))
        if post.welcome:
            print(welcoming(app, url_of(listening), post.called), flush=True)
        writer.write(line(Ready(settings.workers)))

    try:
        return await serve_at(
            listening, settings, parting, listens, Membership(FleetFolder(Path(post.folder)), post.number)
        )
    finally:
        hearing.cancel()
        writer.close()


async def _hear(
    reader: asyncio.StreamReader, parting: Parting, serves: asyncio.Event, task: asyncio.Task[int] | None
) -> None:
    """Follow orders. Without a supervisor nobody replaces what dies, and its successor wants the port.

    One that does not serve yet has nothing to finish.
    """
    while said := await heard(reader):
        order = ORDERS.decode(said)
        if order is Order.LEAVE:
            parting.leave()
        else:
            parting.end()
        if task is not None and (order is Order.CUT or not serves.is_set()):
            task.cancel()
    _log.warning("supervisor_gone")
    parting.leave()
    if task is not None and not serves.is_set():
        task.cancel()


if __name__ == "__main__":
    main()
