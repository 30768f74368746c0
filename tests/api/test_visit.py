"""What a request leaves behind."""

import gc

from baton.api.visit import Visit
from tests.api.conftest import Web

CHAT = {"model": "simulated/echo", "messages": [{"role": "user", "content": "hi"}]}


async def test_a_served_request_leaves_nothing_to_the_collector(web: Web) -> None:
    """Whole or streamed: with the collector off, no more visits are kept than there are connections."""
    gc.collect()
    gc.disable()
    try:
        for stream in (False, True) * 20:
            reply = await web.post("/v1/chat/completions", {**CHAT, "stream": stream})
            assert reply.status == 200
        kept = sum(isinstance(each, Visit) for each in gc.get_objects())
    finally:
        gc.enable()
    assert kept < 10
