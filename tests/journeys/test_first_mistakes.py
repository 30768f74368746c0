"""What somebody new gets wrong, and what their own SDK then shows them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import anthropic
import httpx2
import openai
import pytest
from google import genai
from google.genai import errors, types
from google.genai.client import AsyncClient

from tests.conftest import BatonServer

HELLO = "Hello, Baton!"


async def openais(base_url: str, key: str, model: str = "auto") -> None:
    """Ask by OpenAI's SDK."""
    async with openai.AsyncOpenAI(base_url=base_url, api_key=key, max_retries=0) as sdk:
        await sdk.chat.completions.create(model=model, messages=[{"role": "user", "content": HELLO}])


async def anthropics(base_url: str, key: str, model: str = "auto") -> None:
    """Ask by Anthropic's SDK."""
    async with anthropic.AsyncAnthropic(base_url=base_url, api_key=key, max_retries=0) as sdk:
        await sdk.messages.create(model=model, max_tokens=50, messages=[{"role": "user", "content": HELLO}])


async def googles(base_url: str, key: str, model: str = "auto") -> None:
    """Ask by Google's SDK."""
    async with google(base_url, key) as sdk:
        await sdk.models.generate_content(model=model, contents=HELLO)


@asynccontextmanager
async def google(base_url: str, key: str) -> AsyncGenerator[AsyncClient]:
    """Google's SDK. It would take aiohttp, but makes a class of it that warns."""
    async with httpx2.AsyncClient() as http:
        options = types.HttpOptions(base_url=base_url, httpx_async_client=http)
        async with genai.Client(api_key=key, http_options=options).aio as sdk:
            yield sdk


async def test_openais_sdk_without_its_version_is_told_of_it(baton_server: BatonServer) -> None:
    """The base URL of OpenAI's SDKs ends in `/v1`; who forgets it reads that, not a bare 404."""
    with pytest.raises(openai.NotFoundError, match="with /v1"):
        await openais(baton_server.url, baton_server.key)


async def test_the_others_with_a_version_too_many_are_told_of_it(baton_server: BatonServer) -> None:
    """The base URLs of Anthropic's and Google's end before it; both read so in errors of their own."""
    with pytest.raises(anthropic.NotFoundError, match="a /v1 too many") as told:
        await anthropics(f"{baton_server.url}/v1", baton_server.key)
    assert told.value.type == "not_found_error"
    with pytest.raises(errors.ClientError, match="a /v1 too many") as refused:
        await googles(f"{baton_server.url}/v1", baton_server.key)
    assert refused.value.status == "NOT_FOUND"


@pytest.mark.parametrize("ask", [openais, anthropics, googles])
async def test_a_model_whose_provider_has_no_key_says_where_to_look(baton_server: BatonServer, ask) -> None:
    """Before a provider is configured its models are known, and the refusal leads to the next step."""
    url = f"{baton_server.url}/v1" if ask is openais else baton_server.url
    sdks = (openai.UnprocessableEntityError, anthropic.UnprocessableEntityError, errors.ClientError)
    with pytest.raises(sdks, match="not configured; `baton doctor`"):
        await ask(url, baton_server.key, "openai/gpt-6-luna")


async def test_what_google_keeps_elsewhere_is_refused_in_its_words(baton_server: BatonServer) -> None:
    """Files, caches and embeddings of Google's are not served: its SDK knows the errors as Google's."""
    async with google(baton_server.url, baton_server.key) as sdk:
        with pytest.raises(errors.ClientError, match="Files are not served") as files:
            await sdk.files.list()
        with pytest.raises(errors.ClientError, match="caches are not served") as caches:
            await sdk.caches.list()
        with pytest.raises(errors.ClientError, match="/v1/embeddings") as embeddings:
            await sdk.models.embed_content(model="auto", contents=HELLO)
    assert {each.value.status for each in (files, caches, embeddings)} == {"NOT_FOUND"}
