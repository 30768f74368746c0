"""Files that a target cannot fetch are fetched here, through a real Baton on real sockets."""

import base64
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from baton.upstream.borrowed import MOST_FILES
from tests.chaos.conftest import KEY
from tests.chaos.provider import Act, Caller, RawProvider, answer, raw_provider, whole
from tests.chaos.wire import Reply, line_to, post
from tests.conftest import BatonServer, serving

PDF = b"%PDF-1.7 a very short document"


def serving_files(served: dict[str, bytes]) -> Act:
    """A server of files that answers chats as well."""

    async def act(caller: Caller) -> None:
        path = caller.head.split(b" ")[1].decode()
        file = served.get(path)
        await caller.send(answer() if file is None else whole(file, kind="application/pdf"))

    return act


@asynccontextmanager
async def house(
    provider: RawProvider, folder: pytest.TempPathFactory, **settings: str
) -> AsyncGenerator[BatonServer]:
    environment = {"GROQ_API_KEY": KEY, "GROQ_BASE_URL": provider.url, **settings}
    async with serving(environment, folder.mktemp("files"), {"retries": 0}) as baton:
        yield baton


def document(url: str) -> dict[str, Any]:
    return {"type": "document", "source": {"type": "url", "url": url}}


async def ask(baton: BatonServer, *parts: dict[str, Any]) -> Reply:
    """A caller of Anthropic's dialect, to a provider that takes no documents by URL."""
    body = {"model": "groq/x", "max_tokens": 9, "messages": [{"role": "user", "content": list(parts)}]}
    async with line_to(baton.url) as line:
        await line.send(post(baton.key, json.dumps(body).encode(), path="/v1/messages"))
        return await line.reply()


async def test_a_document_by_url_reaches_a_model_that_takes_none_by_url(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Fetched once for each URL, and put into the request as data."""
    async with raw_provider() as provider:
        origin = provider.url.removesuffix("/v1")
        host = origin.removeprefix("http://")
        provider.act = serving_files({"/a.pdf": PDF})
        async with house(provider, tmp_path_factory, BATON_ALLOWED_HOSTS=host) as baton:
            url = f"{origin}/a.pdf"
            reply = await ask(baton, document(url), document(url), {"type": "text", "text": "What is it?"})
        assert reply.status == 200, reply.body
        *files, chat = provider.calls
        assert [call.head.split(b" ")[1] for call in files] == [b"/a.pdf"]
        sent = json.loads(chat.body)["messages"][0]["content"]
        data = f"data:application/pdf;base64,{base64.b64encode(PDF).decode()}"
        assert [part["file"]["file_data"] for part in sent if part["type"] == "file"] == [data, data]


async def test_a_private_host_is_refused_and_nothing_is_asked(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """Neither the host nor the provider hears of it."""
    async with raw_provider() as provider, house(provider, tmp_path_factory) as baton:
        origin = provider.url.removesuffix("/v1")
        reply = await ask(baton, document(f"{origin}/a.pdf"))
        assert reply.status == 400
        assert "BATON_ALLOWED_HOSTS" in reply.json["error"]["message"]
        assert provider.calls == []


async def test_too_many_files_are_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    """One request does not make Baton fetch without end."""
    async with raw_provider() as provider, house(provider, tmp_path_factory) as baton:
        many = [document(f"https://files.example/{n}.pdf") for n in range(MOST_FILES + 1)]
        reply = await ask(baton, *many)
        assert (reply.status, provider.calls) == (400, [])
