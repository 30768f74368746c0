"""What a supervisor and its workers say to each other: JSON, a line each."""

import asyncio
from enum import StrEnum

import msgspec
from msgspec import Struct


class Options(Struct, frozen=True, kw_only=True):
    """What `baton serve` was told on the command line; it beats what a worker reads elsewhere."""

    host: str | None
    port: int | None
    workers: int | None
    data_dir: str | None
    config: str | None


class Charge(Struct, frozen=True, kw_only=True):
    """What a supervisor is started with."""

    listening: int
    """The socket's descriptor."""
    workers: int
    data_dir: str
    log_level: str
    called: str
    """How the command was called by whoever reads the welcome."""
    options: Options


class Post(Struct, frozen=True, kw_only=True):
    """What a worker is started with."""

    number: int
    """Of no worker before it."""
    listening: int
    control: int
    """The descriptor of its end of the line to the supervisor."""
    folder: str
    """Where the workers find each other."""
    welcome: bool
    """Whether it is to say what `baton serve` says once it listens."""
    called: str
    options: Options


class Order(StrEnum):
    """What a worker is told."""

    LEAVE = "leave"
    """Others serve in its place: finish, without anybody noticing."""
    END = "end"
    """Nobody serves any more: finish, and refuse what is new."""
    CUT = "cut"
    """Do not finish."""


class Ready(Struct, frozen=True, tag=True):
    """It accepts connections. `workers`: how many there shall be by the settings that it has read."""

    workers: int


class Failed(Struct, frozen=True, tag=True):
    """It will never be ready."""

    why: str
    code: int
    """It exits with it."""


class Replace(Struct, frozen=True, tag=True):
    """Somebody has told it to end, and not the supervisor: another one shall serve first."""


Report = Ready | Failed | Replace


class Outcome(Struct, frozen=True):
    """What became of a reload. `trouble`: why workers were left as they were; None: all were replaced."""

    replaced: int
    trouble: str | None = None


RELOAD = b"reload\n"
"""What a supervisor is asked; its answer is an `Outcome`."""


def line(word: Order | Report | Outcome | Charge | Post) -> bytes:
    """As it is sent."""
    return msgspec.json.encode(word) + b"\n"


async def heard(reader: asyncio.StreamReader) -> bytes:
    """The next line; nothing where the other one is gone, in whatever way."""
    try:
        return await reader.readline()
    except ConnectionError:  # it was killed, and has not read everything
        return b""


REPORTS = msgspec.json.Decoder(Report)
ORDERS = msgspec.json.Decoder(Order)
OUTCOMES = msgspec.json.Decoder(Outcome)
