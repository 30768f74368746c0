"""Clients of a Baton that is killed: what they asked, and what reached them."""

import random
from dataclasses import dataclass, field

import aiohttp

from baton.core.dialect import Dialect
from tests.conftest import bearer
from tests.contracts.callers import DIALECTS, short
from tests.crash.serving import KEY

PRICES = {
    "openai/gpt-4o-mini": (150, 600),
    "anthropic/claude-haiku-4-5": (1_000, 5_000),
    "google/gemini-2.0-flash": (100, 400),
}
"""Published prices of a token in and of a token out, in nano-USD."""

_MODELS = tuple(PRICES)
ENDS = {
    Dialect.OPENAI: b"data: [DONE]",
    Dialect.OPENAI_RESPONSES: b"event: response.completed",
    Dialect.ANTHROPIC: b"event: message_stop",
    Dialect.GOOGLE: b'"finishReason"',
}
"""What only the end of a stream says."""


@dataclass(frozen=True)
class Answer:
    """What reached a client to its end, be it an error."""

    id: str
    status: int
    stream: bool


@dataclass
class Clients:
    """What the clients of all of its lives have asked and seen, by the question's name."""

    url: str
    asked: dict[str, str] = field(default_factory=dict[str, str])
    """The model of each question; the two others may answer in its place."""
    answered: dict[str, Answer] = field(default_factory=dict[str, Answer])

    async def keep_asking(self, life: int, caller: int) -> None:
        """One question after the other, until nobody answers any longer; the names say who asked."""
        rng = random.Random(f"{life}/{caller}")
        async with aiohttp.ClientSession(headers=bearer(KEY)) as session:
            number = 0
            while True:
                number += 1
                name = f"question-{life}-{caller}-{number}"
                try:
                    await self._ask(session, name, rng)
                except (aiohttp.ClientError, ConnectionError):
                    return

    async def _ask(self, session: aiohttp.ClientSession, name: str, rng: random.Random) -> None:
        dialect, model, stream = rng.choice(DIALECTS), rng.choice(_MODELS), rng.random() < 0.5
        ask = short(dialect, model, stream=stream)
        body = ask.body.replace(b"Hello there", name.encode() + b" x" * rng.randrange(100))
        self.asked[name] = model
        others = ",".join(each for each in _MODELS if each != model)
        headers = {
            **ask.headers,
            "x-baton-session": name,
            "x-baton-fallback": others,
            "content-type": "application/json",
        }
        said = b""
        async with session.post(self.url + ask.path, data=body, headers=headers) as reply:
            try:
                async for piece in reply.content.iter_any():
                    said += piece
            except (aiohttp.ClientError, ConnectionError):
                # Its last word may have come all the same.
                if not stream or ENDS[dialect] not in said:
                    raise
            assert reply.status in (200, 503), said
            if reply.status == 200 and stream:
                assert ENDS[dialect] in said, said
            self.answered[name] = Answer(reply.headers["x-request-id"], reply.status, stream)
