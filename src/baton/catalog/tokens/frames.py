"""What parent and child say to each other: length, then MessagePack."""

from msgspec import Struct

HEAD_BYTES = 4


class Question(Struct, frozen=True, array_like=True):
    """Texts to count, each by itself; the answer is one sum for each group."""

    encoding: str
    groups: tuple[list[str], ...]


def framed(body: bytes) -> bytes:
    """A body behind its length."""
    return len(body).to_bytes(HEAD_BYTES, "big") + body


def length_in(head: bytes) -> int:
    """The length that a head tells."""
    return int.from_bytes(head, "big")
