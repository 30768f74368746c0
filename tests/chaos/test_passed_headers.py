"""Which of a caller's headers a provider gets to see."""

import pytest

from tests.chaos.conftest import Stage
from tests.chaos.provider import answer, answering

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_openais_headers_are_passed_on_but_not_whose_account_it_is(stage: Stage) -> None:
    """`openai-beta` reaches a provider of the dialect; organisation, project and cookies never do."""
    stage.provider.act = answering(answer())
    said = ("OpenAI-Beta: assistants=v2", "OpenAI-Organization: org-1", "OpenAI-Project: p", "Cookie: c=1")
    reply = await stage.ask(*said)
    assert reply.status == 200
    (call,) = stage.provider.calls
    sent = call.head.decode().lower()
    assert "openai-beta: assistants=v2" in sent
    assert not [name for name in ("organization", "project", "cookie", "x-baton") if name in sent]
