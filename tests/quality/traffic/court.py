"""A real Baton whose models, the judge among them, are a provider on a socket that says what a test wants."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from baton.app import App
from baton.quality.queue.item import Item
from baton.quality.queue.store import Wanted
from tests.api.conftest import Reply, Web
from tests.chaos.conftest import KEY
from tests.chaos.provider import (
    DONE,
    USED,
    Act,
    Caller,
    answer,
    answering,
    chunked,
    completion,
    raw_provider,
    whole,
    word,
)
from tests.conftest import serving
from tests.quality.judging.bench import GOOD

QUALITY = "/api/admin/ai/quality"
REVIEW = QUALITY + "/review"
MODEL = "openai/gpt-4o"
JUDGE = "openai/gpt-4o-mini"
CHAT = "/v1/chat/completions"
ANY = {"If-Match": "*"}

QUESTION = "Which bird sings at night, and where?"
REPLY = "The nightingale does, in May, from the hedges along the river."


class Court:
    """Ordinary requests, and the judge who is asked about them."""

    def __init__(self, web: Web) -> None:
        self.web = web
        self.output = REPLY
        """What an ordinary request is answered."""
        self.act: Act | None = None
        """What becomes of ordinary requests, where not just that."""
        self.judge: Act = saying(GOOD)
        self.asked: list[dict[str, Any]] = []
        """What the judge was asked."""

    @property
    def app(self) -> App:
        return self.web.baton.app

    async def serve(self, caller: Caller) -> None:
        """Answer as who is asked."""
        body = json.loads(caller.body)
        if body["model"] == JUDGE.partition("/")[2]:
            self.asked.append(body)
            await self.judge(caller)
        elif self.act is not None:
            await self.act(caller)
        elif body.get("stream"):
            half = len(self.output) // 2
            words = word(self.output[:half]), word(self.output[half:], "stop")
            await caller.send(*chunked(*words, USED, DONE))
        else:
            await caller.send(answer(self.output))

    async def rule(self, use_case: str = "default", share: float = 1.0, judge: str = JUDGE) -> None:
        """Have a share of a use case's answers judged."""
        path = f"{QUALITY}/rules/{use_case}"
        there = (await self.web.get(path)).status == 200
        headers = self.web.baton.admin | (ANY if there else {})
        reply = await self.web.ask("PUT", path, headers, json={"share": share, "judge": judge})
        assert reply.status == 200, reply.body

    async def ask(
        self, question: str = QUESTION, headers: Mapping[str, str] | None = None, **fields: Any
    ) -> Reply:
        """One chat."""
        body = {"model": MODEL, "messages": [{"role": "user", "content": question}], **fields}
        reply = await self.web.post(CHAT, body, headers)
        assert reply.status == 200, reply.body
        return reply

    async def idle(self) -> None:
        """Return once nobody is being judged any more."""
        await self.app.assessing.sampler.idle()

    async def items(self, **wanted: Any) -> tuple[Item, ...]:
        """What was said of answers so far, last first."""
        await self.idle()
        queue = self.app.assessing.queue
        page = await queue.page(Wanted(**wanted))
        return tuple([await queue.one(each.id) for each in page.items])

    async def judged(self, question: str = QUESTION, output: str = REPLY, **fields: Any) -> Item:
        """What is said of an answer."""
        self.output = output
        reply = await self.ask(question, **fields)
        item = (await self.items())[0]
        assert item.examined.interaction_id == reply.headers["x-baton-interaction"]
        return item


def saying(text: str, **changes: Any) -> Act:
    """A model that says just this; `changes` of its choice."""
    body = completion(text)
    body["choices"][0] |= changes
    return answering(whole(json.dumps(body).encode()))


@asynccontextmanager
async def court(folder: Path, **settings: Any) -> AsyncGenerator[Court]:
    """One whose judge finds everything good."""
    async with raw_provider() as provider:
        environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": provider.url}
        settings = {"retries": 0, "probe_every": 0, **settings}
        async with (
            serving(environment, folder, settings) as baton,
            aiohttp.ClientSession() as session,
        ):
            opened = Court(Web(baton, session))
            provider.act = opened.serve
            yield opened
