"""A fresh install without any key answers in all four dialects."""

from typing import Any

import aiohttp
import pytest

from tests.conftest import BatonServer

MODEL = "simulated/echo;notice=off"
ASKED: dict[str, tuple[str, dict[str, Any], str]] = {
    "openai": (
        "/v1/chat/completions",
        {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]},
        "/chat/completions",
    ),
    "openai-responses": ("/v1/responses", {"model": MODEL, "input": "Hello"}, "/responses"),
    "anthropic": (
        "/v1/messages",
        {"model": MODEL, "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]},
        "/messages",
    ),
    "google": (
        f"/v1beta/models/{MODEL}:generateContent",
        {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]},
        ":generateContent",
    ),
}


@pytest.mark.parametrize("dialect", ASKED)
async def test_the_simulated_provider_speaks_every_callers_dialect(
    baton_server: BatonServer, dialect: str
) -> None:
    """In process too it is asked in the dialect that the caller speaks, so nothing has to be translated."""
    path, body, end = ASKED[dialect]
    async with (
        aiohttp.ClientSession() as client,
        client.post(baton_server.url + path, json=body, headers=baton_server.admin) as answer,
    ):
        assert answer.status == 200, await answer.read()
        assert '"Hello"' in await answer.text()
    assert baton_server.app.simulation.calls.last[-1].path.endswith(end)
