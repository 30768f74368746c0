"""The native stream, where another provider goes on with it."""

import json

from msgspec import structs

from baton.api.native.chat_stream import Pen
from baton.core.dialect import Dialect
from baton.upstream.dialects.joining import Resumption
from tests.contracts.events import read_events
from tests.upstream.telling import DIALECTS, Stage, Told, asking, stream_of

FIRST = Told(("One ", "two ", "three."), ("Hm.",))
SECOND = Told(("three", "."), model="second")


async def test_the_native_stream_goes_on_and_knows_all_of_it() -> None:
    """What is new comes as such, and the writer that is in use holds the whole text for the last event."""
    for provider in DIALECTS:
        stage, pen = Stage(), Pen()
        asks = structs.replace(asking(Dialect.OPENAI), dialect=Dialect.NATIVE, writer=pen, write=None)
        events = stream_of(provider, FIRST)
        cut = next(at for at, event in enumerate(events) if b"two" in event) + 1
        broken, begun = await stage.begin(asks, provider, events[:cut])
        assert broken.sent.text == "One two "
        rest = stream_of(Dialect.OPENAI, SECOND)
        _, more = await stage.resume(asks, broken, Dialect.OPENAI, rest, Resumption.CONTINUE)
        told = [json.loads(event.data) for event in read_events(begun + more)]
        assert "".join(one.get("content", "") for one in told) == "One two three."
        assert pen.writer.said.content == "One two three."
        assert (pen.writer.said.reasoning, pen.writer.said.finish) == ("Hm.", "stop")
