"""How much of a document is read, and what reading may cost."""

from msgspec import Struct

_MIB = 2**20


class Limits(Struct, frozen=True, kw_only=True):
    """Bounds of one document, and of how many are read at once."""

    file_bytes: int = 20 * _MIB
    """What a request may carry by default; larger files are refused."""
    pages: int = 500
    """Of a PDF; the rest is left out, and said so. A long report has 300."""
    characters: int = 2_000_000
    """The rest is left out. 500 full pages have less, and no model's window holds more."""
    seconds: float = 30.0
    """From the start of the child to its last word; as long as a person waits for an upload. 500 pages take
    one or two."""
    memory_bytes: int = 512 * _MIB
    """Address space of the child, the interpreter's and the file's included. Ordinary files take less than
    a fifth."""
    children: int = 2
    """At once: a core each. The memory of all is so many times `memory_bytes` at worst."""
    waiting: int = 16
    """Documents that wait their turn, each with its bytes in memory; more are refused at once."""
    wait_s: float = 60.0
    """For a turn: two documents at their limit, one after the other."""
