"""The socket that is listened at, had before anything else is begun."""

import errno
import socket
from typing import cast

from baton.cli.stop import Stop

_BACKLOG = 2048
"""Connections not yet accepted."""


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        Stop: the address cannot be had; says why, and what to set.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (socket.gaierror, UnicodeError) as error:
        raise Stop(f"there is no address {host!r} to listen at; set --host or BATON_HOST.") from error
    listening = socket.socket(family, kind, protocol)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise Stop(reason(host, port, error)) from error
    listening.setblocking(False)
    return listening


def url_of(listening: socket.socket) -> str:
    """Where clients on this machine reach it, e.g. `http://127.0.0.1:8080`."""
    host, port = cast("tuple[str, int]", listening.getsockname()[:2])
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 (compared, not listened at)
    return f"http://[{local}]:{port}" if ":" in local else f"http://{local}:{port}"


def reason(host: str, port: int, error: OSError, *, variables: bool = True) -> str:
    """Why an address cannot be listened at, and what to set: an option or, if it has one, a variable."""
    if error.errno == errno.EADDRINUSE:
        what = "--port or BATON_PORT" if variables else "--port"
        return f"port {port} at {host} is in use; choose another with {what}."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"this machine has no address {host}; set {'--host or BATON_HOST' if variables else '--host'}."
    return f"{host}:{port} cannot be listened at: {error.strerror}."
