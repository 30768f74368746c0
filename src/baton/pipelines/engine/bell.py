"""Who waits for news of a run, woken when this process writes some."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager


class Bell:
    """One for each worker, on its loop."""

    def __init__(self) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def ring(self, run_id: str) -> None:
        """Something happened to a run."""
        for event in self._waiting.get(run_id, ()):
            event.set()

    @contextmanager
    def heard(self, run_id: str) -> Generator[asyncio.Event]:
        """An event that is set whenever something happens to the run, while inside."""
        event = asyncio.Event()
        self._waiting.setdefault(run_id, set()).add(event)
        try:
            yield event
        finally:
            waiting = self._waiting[run_id]
            waiting.discard(event)
            if not waiting:
                del self._waiting[run_id]
