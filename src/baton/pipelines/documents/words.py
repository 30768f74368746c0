"""What is said between us and the child that reads a document: frames of MessagePack."""

from enum import StrEnum

import msgspec
from msgspec import Struct

from baton.pipelines.documents.document import Kind, Page


class Task(Struct, frozen=True):
    """The first thing that the child hears; the file's bytes follow, to the end of its input."""

    kind: Kind
    name: str


class Reason(StrEnum):
    """Why a file was not read."""

    BROKEN = "broken"
    LOCKED = "locked"
    MEMORY = "memory"
    EMPTY = "empty"
    NOT_TEXT = "not_text"


class Leaf(Struct, frozen=True, tag="leaf"):
    """A page that was read, in the order of the file."""

    page: Page


class Failed(Struct, frozen=True, tag="failed"):
    """The last word, where it was not read."""

    reason: Reason


class Whole(Struct, frozen=True, tag="whole"):
    """The last word, where it was read; as in `Document`."""

    title: str
    page_count: int
    notes: tuple[str, ...]
    left_out: tuple[str, ...]


TASK = msgspec.msgpack.Decoder(Task)
WORD: "msgspec.msgpack.Decoder[Leaf | Failed | Whole]" = msgspec.msgpack.Decoder(Leaf | Failed | Whole)
