"""A real Baton whose judge is a provider on a socket that says what a test has it say."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from baton.quality.queue.item import Item
from baton.quality.queue.store import Wanted
from tests.api.conftest import Reply, Web
from tests.chaos.conftest import KEY
from tests.chaos.provider import RawProvider, answer, answering, raw_provider
from tests.conftest import serving
from tests.quality.judging.bench import GOOD

QUALITY = "/api/admin/ai/quality"
REVIEW = QUALITY + "/review"
JUDGE = "openai/gpt-4o-mini"
CHAT = "/v1/chat/completions"
ANY = {"If-Match": "*"}

QUESTION = "Which bird sings at night?"
REPLY = "The nightingale does, in May, from the hedges along the river."


@dataclass(frozen=True)
class Court:
    """Ordinary requests, and the judge who is asked about them."""

    web: Web
    judge: RawProvider

    async def rule(self, use_case: str = "default", share: float = 1.0, judge: str = JUDGE) -> None:
        """Have a share of a use case's answers judged."""
        path = f"{QUALITY}/rules/{use_case}"
        there = (await self.web.get(path)).status == 200
        headers = self.web.baton.admin | (ANY if there else {})
        body = {"share": share, "judge": judge}
        reply = await self.web.ask("PUT", path, headers, json=body)
        assert reply.status == 200, reply.body

    async def ask(
        self,
        question: str = QUESTION,
        headers: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> Reply:
        """One chat; the simulated provider gives back what it is asked."""
        body = {"model": "simulated/echo;notice=off", "messages": [{"role": "user", "content": question}]}
        reply = await self.web.post(CHAT, body | fields, headers)
        assert reply.status == 200, reply.body
        return reply

    async def idle(self) -> None:
        """Return once nobody is being judged any more."""
        await self.web.baton.app.assessing.sampler.idle()

    async def items(self, **wanted: Any) -> tuple[Item, ...]:
        """What was said of answers so far, last first."""
        await self.idle()
        queue = self.web.baton.app.assessing.queue
        page = await queue.page(Wanted(**wanted))
        return tuple([await queue.one(each.id) for each in page.items])

    @property
    def asked(self) -> list[dict[str, Any]]:
        """What the judge was asked."""
        return [json.loads(call.body) for call in self.judge.calls]


def saying(text: str) -> Any:
    """A judge who says just this."""
    return answering(answer(text))


@asynccontextmanager
async def court(folder: Path, **settings: Any) -> AsyncGenerator[Court]:
    """One whose judge finds everything good."""
    async with raw_provider() as judge:
        environment = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": judge.url}
        settings = {"retries": 0, "probe_every": 0, **settings}
        async with (
            serving(environment, folder, settings) as baton,
            aiohttp.ClientSession() as session,
        ):
            judge.act = saying(GOOD)
            yield Court(Web(baton, session), judge)
