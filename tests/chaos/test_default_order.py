"""Who takes over where nobody has said who shall: with any one provider away, all that others could serve is
served, for every caller, by the models that the catalog has."""

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from tests.chaos.heard import FINE, heard_in
from tests.chaos.speech import SPEECHES, Speech
from tests.chaos.street import HOUSES, Street, open_street
from tests.chaos.wire import Reply

BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
AWAY = {"503": "fault=503", "reset": "fault=reset", "529": "fault=529", "429": "fault=429;retry_after=30"}
MODELS = {
    "openai": "openai/gpt-4.1",
    "anthropic": "anthropic/claude-sonnet-4-5",
    "google": "google/gemini-2.5-flash",
    "xai": "xai/grok-4.3",
    "deepseek": "deepseek/deepseek-chat",
}


@pytest.fixture
async def street(tmp_path: Path) -> AsyncGenerator[Street]:
    """One for each test: what is known of a provider that was away outlasts its return."""
    async with open_street(tmp_path) as street:
        yield street


async def served(street: Street, speech: Speech, reply: Reply, away: str) -> int:
    """How often the provider that is away was asked; fails unless somebody else gave a whole answer, and is
    named for it."""
    assert reply.status == 200, reply.body[:400]
    heard = heard_in(speech.dialect, reply)
    assert "Hello there" in heard.text
    assert (heard.finishes, heard.ends, heard.errors) == ([FINE[speech.dialect]], 1, [])
    assert reply.headers["x-baton-provider"] not in (away, "simulated")
    found = await street.baton.app.ledger.interactions.one(reply.headers["x-request-id"])
    row, attempts = found.interaction, found.attempts
    assert (row.status, row.provider) == ("ok", reply.headers["x-baton-provider"])
    assert [attempt.provider for attempt in attempts] == [away] * (len(attempts) - 1) + [row.provider]
    assert row.cost_nanos == sum(attempt.cost_nanos or 0 for attempt in attempts)
    return len(attempts) - 1


@pytest.mark.parametrize("how", AWAY)
@pytest.mark.parametrize("away", HOUSES)
async def test_with_one_provider_away_its_models_are_stood_in_for(
    street: Street, away: str, how: str
) -> None:
    """A named model of a provider that is away: another provider's answers, in the caller's dialect. It is
    asked again only until enough is known."""
    street.behaves(away, AWAY[how])
    asked: list[int] = []
    for speech in SPEECHES.values():
        for stream in (False, True):
            reply = await street.ask(speech, MODELS[away], stream=stream)
            asked.append(await served(street, speech, reply, away))
    assert asked[0] in (1, 2)
    assert asked == sorted(asked, reverse=True)
    assert (asked[-1], sum(asked) <= 5) == (0, True)


@BOTH
async def test_auto_goes_elsewhere(street: Street, stream: bool) -> None:
    """Whichever provider the router prefers is taken down, then the next one, until two are left."""
    speech = SPEECHES["openai"]
    down: list[str] = []
    while len(down) < len(HOUSES) - 2:
        reply = await street.ask(speech, "auto", stream=stream)
        assert reply.status == 200, (down, reply.body[:400])
        provider = reply.headers["x-baton-provider"]
        assert provider not in down
        street.behaves(provider, "fault=503")
        down.append(provider)
    reply = await street.ask(speech, "auto", stream=stream)
    assert reply.status == 200
    assert "Hello there" in heard_in(speech.dialect, reply).text


@BOTH
async def test_the_chain_of_providers_is_the_installations(tmp_path: Path, stream: bool) -> None:
    """`FALLBACK_CHAIN` says which providers are asked first, one that is away is passed over."""
    speech = SPEECHES["openai"]
    async with open_street(tmp_path, fallback_chain=("deepseek", "google")) as street:
        street.behaves("openai", "fault=503")
        reply = await street.ask(speech, MODELS["openai"], stream=stream)
        await served(street, speech, reply, "openai")
        assert reply.headers["x-baton-provider"] == "deepseek"
        street.behaves("deepseek", "fault=503")
        reply = await street.ask(speech, MODELS["openai"], stream=stream)
        assert (reply.status, reply.headers["x-baton-provider"]) == (200, "google")


@BOTH
async def test_an_installation_may_want_no_fallback(tmp_path: Path, stream: bool) -> None:
    """Then the first error is the answer, but for who asks otherwise for a request."""
    speech = SPEECHES["openai"]
    async with open_street(tmp_path, fallback=False) as street:
        street.behaves("openai", "fault=503")
        reply = await street.ask(speech, MODELS["openai"], "x-baton-max-retries: 0", stream=stream)
        speech.refused(reply, 503)
        assert [len(street.calls(name)) for name in HOUSES] == [1, 0, 0, 0, 0]
        header = "x-baton-fallback: google/gemini-2.5-flash"
        reply = await street.ask(speech, MODELS["openai"], header, stream=stream)
        assert (reply.status, reply.headers["x-baton-provider"]) == (200, "google")
