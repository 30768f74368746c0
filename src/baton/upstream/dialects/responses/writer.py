"""Core events → streamed answers."""

from typing import Any

import msgspec
from msgspec import Raw

from baton.core.answer import Ended, StreamEvent, Used
from baton.core.losses import Losses
from baton.core.usage import Usage
from baton.upstream.dialects.responses.draft import Draft
from baton.upstream.dialects.responses.echo import SILENCE, Echo
from baton.upstream.dialects.responses.output import Event
from baton.upstream.dialects.responses.standing import Stood
from baton.upstream.dialects.responses.usage import write_usage
from baton.upstream.dialects.sse import write_event


class StreamWriter:
    """Turns core events into the events of one stream."""

    def __init__(self, losses: Losses, echo: Echo = SILENCE) -> None:
        self._draft = Draft(echo, losses)
        self._number = 0
        self._usage: Raw | dict[str, Any] | None = None

    def stand(self, stood: Stood) -> None:
        """Go on with an answer that others have begun."""
        self._draft.stand(stood)
        self._number = stood.number

    def write(self, event: StreamEvent) -> bytes:
        """The bytes of one event; empty where it has none of its own in this dialect."""
        match event:
            case Used():
                self._usage = write_usage(event.usage)
                return b""
            case Ended():
                return self._written(self._draft.close(self._usage))
            case _:
                return self._written(self._draft.take(event))

    def finale(self, usage: Usage, baton: dict[str, Any] | None) -> bytes:
        """The end of a whole answer: what was under way, and the answer whole, with its usage."""
        further = None if baton is None else {"baton": baton}
        return self._written(self._draft.close(write_usage(usage), further))

    def _written(self, events: list[Event]) -> bytes:
        written: list[bytes] = []
        for event in events:
            event["sequence_number"] = self._number
            self._number += 1
            written.append(write_event(msgspec.json.encode(event), event["type"]))
        return b"".join(written)
