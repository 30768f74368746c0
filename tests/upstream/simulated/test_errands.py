"""What the simulated provider does beside chat, over a real socket, as the official SDK asks for it."""

import openai
import pytest

from baton.upstream.providers.simulated.simulation import Simulation

RECORDING = ("speech.wav", bytes(32_000))


@pytest.fixture
async def sdk(url: str):
    async with openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="any", max_retries=0) as client:
        yield client


async def test_all_four_are_answered_over_http(sdk: openai.AsyncOpenAI, simulation: Simulation) -> None:
    """And counted: what was asked of whom, and what it would cost."""
    vectors = await sdk.embeddings.create(model="embedding", input=["one two", "three"])
    picture = await sdk.images.generate(model="image", prompt="A cat")
    words = await sdk.audio.transcriptions.create(model="transcription", file=RECORDING)
    judged = await sdk.moderations.create(model="moderation", input="hate")
    assert (len(vectors.data), len(vectors.data[0].embedding)) == (2, 256)
    assert picture.data is not None
    assert picture.data[0].b64_json
    assert "32000 bytes" in words.text
    assert judged.results[0].flagged
    await simulation.calls.settled()
    billed = {call.model: call.billed for call in simulation.calls.last}
    assert {model: (usage.prompt, usage.completion) for model, usage in billed.items()} == {
        "embedding": (3, 0),
        "image": (2, 64),
        "transcription": (10, 8),
        "moderation": (1, 0),
    }


@pytest.mark.parametrize("model", ["echo", "embedding"])
async def test_any_model_can_stand_in(sdk: openai.AsyncOpenAI, model: str) -> None:
    """Who rehearses an outage need not rename models: faults and pace are the name's."""
    assert (await sdk.embeddings.create(model=model, input="x")).data
    with pytest.raises(openai.RateLimitError):
        await sdk.embeddings.create(model=f"{model};fault=429", input="x")
    with pytest.raises(openai.InternalServerError):
        await sdk.moderations.create(model=f"{model};fault=503", input="x")


@pytest.mark.parametrize("model", ["embedding", "image", "transcription", "moderation"])
async def test_these_models_do_not_chat(sdk: openai.AsyncOpenAI, model: str) -> None:
    """As with a real provider: a model that only embeds is not found where chats are."""
    with pytest.raises(openai.NotFoundError):
        await sdk.chat.completions.create(model=model, messages=[{"role": "user", "content": "hi"}])


@pytest.mark.parametrize(
    ("what", "param"),
    [
        ({"dimensions": 0}, "dimensions"),
        ({"dimensions": 5000}, "dimensions"),
        ({"input": []}, "input"),
        ({"input": ["x"] * 2049}, "input"),
        ({"input": ["x"] * 2000, "dimensions": 4096}, "input"),
        ({"encoding_format": "hex"}, "encoding_format"),
    ],
)
async def test_what_is_beyond_bounds_is_refused(sdk: openai.AsyncOpenAI, what, param: str) -> None:
    """No request can make it work for long."""
    with pytest.raises(openai.BadRequestError) as refused:
        await sdk.embeddings.create(**{"model": "embedding", "input": "x", **what})
    assert refused.value.param == param
