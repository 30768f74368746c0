"""What handing a translated stream on adds to it."""

import json

import pytest

from baton.core.answer import Began, Ended, Finish, Finished, StreamEvent, TextDelta
from baton.core.losses import Losses
from baton.core.usage import Usage
from baton.upstream.dialects.handing import Handing, Translation
from baton.upstream.dialects.openai.writer import StreamWriter
from baton.upstream.dialects.sse import SseEvent
from tests.contracts.events import read_events


class Told:
    """Reads the same answer from any bytes."""

    def __init__(self, created: int) -> None:
        self._created = created

    def read(self, event: SseEvent) -> list[StreamEvent]:
        """All of it."""
        began = Began("answer-1", "some-model", self._created)
        return [began, TextDelta("well"), Finished(Finish.STOP), Ended()]


@pytest.mark.parametrize(("told", "seen"), [(0, 1_700_000_000), (5, 5)], ids=["no time", "its own time"])
def test_a_stream_without_a_time_gets_that_of_its_beginning(told: int, seen: int) -> None:
    """Clients of OpenAI's chat read `created`; other dialects have no such word, and 0 is a day in 1970."""
    writer = StreamWriter(include_usage=False, losses=Losses())
    handing = Handing(Translation(Told(told), writer, 1_700_000_000))
    body = handing.feed(b"data: {}\n\n") + handing.finale(Usage(), None)
    chunks = [json.loads(event.data) for event in read_events(body) if event.data != "[DONE]"]
    assert {chunk["created"] for chunk in chunks} == {seen}
