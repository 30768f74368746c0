"""A program that Redis runs, whole or not at all."""

from hashlib import sha1
from importlib.resources import files
from typing import Self

from msgspec import Struct


class Script(Struct, frozen=True):
    """Takes one MessagePack argument and gives one MessagePack answer."""

    name: str
    text: bytes
    digest: str
    """By which Redis knows it."""

    @classmethod
    def of(cls, name: str, text: bytes) -> Self:
        """A script from its text, in Lua."""
        return cls(name, text, sha1(text, usedforsecurity=False).hexdigest())


def script(package: str, name: str, *before: str) -> Script:
    """The script `name` of a package: its Lua file, behind those of `before`.

    Raises:
        FileNotFoundError: a file is missing.
    """
    folder = files(package)
    return Script.of(
        name, b"\n".join(folder.joinpath(f"{part}.lua").read_bytes() for part in (*before, name))
    )
