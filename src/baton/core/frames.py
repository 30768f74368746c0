"""Messages on a pipe to a child process: length, then the body."""

HEAD_BYTES = 4


def framed(body: bytes) -> bytes:
    """A body behind its length."""
    return len(body).to_bytes(HEAD_BYTES, "big") + body


def length_in(head: bytes) -> int:
    """The length that a head tells."""
    return int.from_bytes(head, "big")
