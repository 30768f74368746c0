"""The world outside, as a test wants it: names that lead anywhere, and every connection noted."""

import sys
from collections.abc import Awaitable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from ipaddress import ip_address
from typing import Any

import pytest

from baton.core.errors import Invalid
from baton.upstream.http import HttpSettings, tls_context
from baton.upstream.outbound.addresses import Address
from baton.upstream.outbound.exits import Exits
from baton.upstream.outbound.fetcher import Fetcher, FetchLimits
from baton.upstream.outbound.guard import Guard

QUICK = FetchLimits(total_s=2.0)
PARAM = "messages[0].content[1]"


class StubResolver:
    """Answers look-ups by a table; where a name has several answers, by one after the other."""

    def __init__(self, names: Mapping[str, Sequence[Sequence[str]]] | None = None) -> None:
        self._names = {name: list(answers) for name, answers in (names or {}).items()}
        self.asked: list[str] = []

    async def resolve(self, name: str) -> Sequence[Address]:
        """Every address of the name."""
        self.asked.append(name)
        answers = self._names.get(name, [()])
        return tuple(map(ip_address, answers.pop(0) if len(answers) > 1 else answers[0]))


def fetcher(
    *allowed: str,
    names: Mapping[str, Sequence[Sequence[str]]] | None = None,
    limits: FetchLimits = QUICK,
    http: HttpSettings | None = None,
) -> Fetcher:
    """One that allows these hosts besides, in a world of these names."""
    http = http or HttpSettings()
    return Fetcher(Guard.allowing(allowed), StubResolver(names), Exits(http, tls_context(http)), limits)


async def refusal(fetching: Awaitable[object]) -> Invalid:
    """The error that a fetch ends with; fails where it ends well."""
    with pytest.raises(Invalid) as told:
        await fetching
    error = told.value
    assert (error.status, error.param) == (400, PARAM)
    assert len(error.message) < 300
    return error


class Log:
    """What a stretch of a test did with sockets."""

    def __init__(self) -> None:
        self.connected: list[str] = []
        """Where to, each time."""
        self.looked_up: list[object] = []


_open: list[Log] = []


def _note(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect":
        for log in _open:
            log.connected.append(str(arguments[1][0]))
    elif event == "socket.getaddrinfo":
        for log in _open:
            log.looked_up.append(arguments[0])


@cache
def _listen() -> None:
    """Python tells an audit hook of every connection that any library begins; once set, it stays."""
    sys.addaudithook(_note)


@contextmanager
def watched() -> Generator[Log]:
    """Note every connection and look-up that anything in this process begins."""
    _listen()
    log = Log()
    _open.append(log)
    try:
        yield log
    finally:
        _open.remove(log)
