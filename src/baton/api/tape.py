"""What a client is answered, written down on its way to them."""

from collections.abc import Callable

from baton.access.idempotency.kept import Kept
from baton.api.visit import Visit


class Tape:
    """Takes the place of a client's own `Visit`: a stream passes through it, all but its end; a whole answer
    waits in it. `send` lets go of both."""

    def __init__(self, visit: Visit, standing: Callable[[], bytes] | None, most_bytes: int) -> None:
        """`standing`: header lines that are not the answer's own, made when it leaves; `most_bytes`: beyond
        it a stream is not written down any more."""
        self._visit = visit
        self.standing = standing
        self._most_bytes = most_bytes
        self.status = 0
        self._head = b""
        self._pieces: list[bytes] = []
        self._size = 0
        self._stream = False

    @property
    def full(self) -> bool:
        """As the visit's."""
        return self._visit.full

    async def drained(self) -> None:
        """As the visit's."""
        await self._visit.drained()

    def begin_stream(self, head: bytes) -> None:
        """Status 200 and header lines."""
        self.status, self._head, self._stream = 200, head, True
        self._visit.begin_stream(head + self._lines())

    def put(self, data: bytes) -> None:
        """More of a stream."""
        self._size += len(data)
        if self._size <= self._most_bytes:
            self._pieces.append(data)
        else:
            self._pieces.clear()
        self._visit.put(data)

    def end_stream(self) -> None:
        """The stream's end, which `send` tells of."""

    def close_after(self) -> None:
        """As the visit's."""
        self._visit.close_after()

    def answer(self, status: int, head: bytes, body: bytes) -> None:
        """A whole answer, which `send` sends."""
        self.status, self._head, self._size = status, head, len(body)
        self._pieces.append(body)

    def kept(self) -> Kept | None:
        """The answer; None: it is longer than may be kept."""
        if self._size > self._most_bytes:
            return None
        return Kept(self.status, self._head, b"".join(self._pieces), self._stream)

    def send(self, note: bytes) -> None:
        """Let the client have what it waits for. `note`: a header line, which comes too late for a stream."""
        if self._stream:
            self._visit.end_stream()
        else:
            self._visit.answer(self.status, self._head + self._lines() + note, b"".join(self._pieces))

    def _lines(self) -> bytes:
        return b"" if self.standing is None else self.standing()
