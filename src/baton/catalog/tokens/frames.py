"""What parent and child say to each other, as MessagePack."""

from msgspec import Struct


class Question(Struct, frozen=True, array_like=True):
    """Texts to count, each by itself; the answer is one sum for each group."""

    encoding: str
    groups: tuple[list[str], ...]
