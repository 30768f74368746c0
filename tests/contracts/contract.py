"""Recorded exchanges sent through a real Baton, on sockets on both sides, and judged."""

from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import aiohttp
import openai

from tests.conftest import BatonServer
from tests.contracts.answered import (
    error_event_problems,
    error_inside,
    error_problems,
    refusal_problems,
    stream_problems,
    whole_problems,
)
from tests.contracts.bill import bill_of
from tests.contracts.recordings import Exchange
from tests.contracts.replay import Asked, Cuts, Played, Replay
from tests.contracts.sent import callers_body, request_problems

PROVIDER_KEY = "sk-contract-0123456789abcdef"
SHORT_BYTES = 3000
"""Streams up to this long are also sent byte by byte."""

REFUSED_BEFOREHAND = {
    "openai-257812b0ea": "no messages at all",
    "openai-1a1fdcf385": "a user's message whose content is null; OpenAI names another of its faults",
}
"""Requests that Baton refuses without asking the provider, which refused them too, and for what."""


class Aspect(StrEnum):
    """A column of the table."""

    REQUESTS = "requests"
    WHOLE = "whole"
    STREAMED = "streamed"
    ERRORS = "errors"
    USAGE = "usage"


@dataclass
class Verdict:
    """What was found of one exchange: the aspects it was judged by, and what is wrong with each."""

    exchange: Exchange
    judged: dict[Aspect, list[str]] = field(default_factory=dict[Aspect, list[str]])

    def note(self, aspect: Aspect, problems: list[str], of: str = "") -> None:
        """Count the exchange under an aspect."""
        where = f" ({of})" if of else ""
        self.judged.setdefault(aspect, []).extend(problem + where for problem in problems)

    @property
    def problems(self) -> list[str]:
        """Everything wrong with it, in words."""
        return [
            f"{self.exchange.id}: {aspect}: {problem}"
            for aspect, found in self.judged.items()
            for problem in found
        ]


@dataclass(frozen=True)
class Variant:
    """One way to ask for a stream, and to be sent it."""

    asks_usage: bool
    cuts: Cuts
    seed: int = 0

    def __str__(self) -> str:
        asks = "usage asked for" if self.asks_usage else "usage not asked for"
        return f"{asks}, cut: {self.cuts}" + (f" {self.seed}" if self.seed else "")


def variants(exchange: Exchange) -> Iterator[Variant]:
    """Every way of cutting, and both ways of asking."""
    for asks_usage in (True, False):
        yield Variant(asks_usage, Cuts.WHOLE)
        yield Variant(asks_usage, Cuts.EVENTS)
        yield Variant(asks_usage, Cuts.RANDOM, seed=1 + asks_usage)
    if len(exchange.body) <= SHORT_BYTES:
        yield Variant(True, Cuts.BYTES)


def environment(provider: str, replay_url: str, base: str) -> dict[str, str]:
    """Of a Baton whose `provider` is the replaying one; a failed call is not made again."""
    name = provider.upper()
    return {
        f"{name}_BASE_URL": replay_url + base,
        f"{name}_API_KEY": PROVIDER_KEY,
        "BATON_RETRIES": "0",
    }


@dataclass(frozen=True)
class Contract:
    """One Baton, one replaying provider, one client."""

    baton: BatonServer
    replay: Replay
    client: aiohttp.ClientSession
    sdk: openai.AsyncOpenAI
    """Of OpenAI, pointed at Baton."""

    async def judge(self, exchange: Exchange) -> Verdict:
        """Send the exchange through, in every way that it can be."""
        verdict = Verdict(exchange)
        if exchange.id in REFUSED_BEFOREHAND:
            await self._judge_refusal(verdict)
        elif exchange.status != 200:
            await self._judge_error(verdict)
        elif exchange.streamed:
            for variant in variants(exchange):
                await self._judge_stream(verdict, variant)
        else:
            await self._judge_whole(verdict)
        return verdict

    async def _judge_whole(self, verdict: Verdict) -> None:
        exchange = verdict.exchange
        self._play(exchange)
        status, headers, body = await self._ask(verdict, callers_body(exchange, asks_usage=False))
        verdict.note(Aspect.WHOLE, whole_problems(exchange, status, body))
        await self._judge_usage(verdict, headers)

    async def _judge_stream(self, verdict: Verdict, variant: Variant) -> None:
        exchange = verdict.exchange
        self._play(exchange, variant)
        sent = callers_body(exchange, asks_usage=variant.asks_usage)
        status, headers, body = await self._ask(verdict, sent, str(variant))
        error = error_inside(exchange)
        if error is None:
            problems = stream_problems(exchange, status, body, asks_usage=variant.asks_usage)
            verdict.note(Aspect.STREAMED, problems, str(variant))
            await self._judge_usage(verdict, headers, str(variant))
        else:
            verdict.note(Aspect.ERRORS, error_event_problems(exchange, body, error), str(variant))

    async def _judge_error(self, verdict: Verdict) -> None:
        exchange = verdict.exchange
        self._play(exchange)
        sent = callers_body(exchange, asks_usage=False)
        status, _, body = await self._ask(verdict, sent)
        verdict.note(Aspect.ERRORS, error_problems(exchange, status, body))
        verdict.note(Aspect.ERRORS, await self._sdk_problems(exchange))

    async def _judge_refusal(self, verdict: Verdict) -> None:
        exchange = verdict.exchange
        self._play(exchange)
        status, _, body = await self._post(callers_body(exchange, asks_usage=False))
        verdict.note(Aspect.REQUESTS, ["the provider was asked"] if self.replay.asked else [])
        verdict.note(Aspect.ERRORS, refusal_problems(exchange, status, body))
        verdict.note(Aspect.ERRORS, await self._sdk_problems(exchange))

    def _play(self, exchange: Exchange, variant: Variant | None = None) -> None:
        cuts, seed = (variant.cuts, variant.seed) if variant is not None else (Cuts.WHOLE, 0)
        played = Played(
            exchange.status, exchange.headers, exchange.body, chunked=exchange.streamed, cuts=cuts, seed=seed
        )
        self.replay.play(played)

    async def _ask(self, verdict: Verdict, sent: bytes, of: str = "") -> tuple[int, Mapping[str, str], bytes]:
        """Ask, and judge what reached the provider."""
        answer = await self._post(sent)
        asked: list[Asked] = self.replay.asked
        if len(asked) == 1:
            keys = {"caller": self.baton.key, "provider": PROVIDER_KEY}
            problems = request_problems(verdict.exchange, sent, asked[0], keys)
        else:
            problems = [f"the provider was asked {len(asked)} times; the caller got {answer[2][:200]!r}"]
        verdict.note(Aspect.REQUESTS, problems, of)
        return answer

    async def _post(self, sent: bytes) -> tuple[int, Mapping[str, str], bytes]:
        headers = {**self.baton.admin, "content-type": "application/json"}
        url = f"{self.baton.url}/v1/chat/completions"
        async with self.client.post(url, data=sent, headers=headers) as response:
            return response.status, response.headers, await response.read()

    async def _judge_usage(self, verdict: Verdict, headers: Mapping[str, str], of: str = "") -> None:
        row, _ = await self.baton.app.ledger.interactions.one(headers["x-baton-interaction"])
        bill = bill_of(verdict.exchange)
        if bill is None:
            problems = [] if row.usage_estimated else ["what nobody counted is no estimate"]
            verdict.note(Aspect.USAGE, problems, of)
            return
        found = (row.prompt_tokens, row.completion_tokens, row.cached_tokens, row.reasoning_tokens)
        expected = (bill.prompt, bill.completion, bill.cached, bill.reasoning)
        problems = [] if found == expected else [f"the ledger has {found}, not {expected}"]
        if bill.finishes and row.finish not in bill.finishes:
            problems.append(f"the finish is {row.finish!r}, not one of {sorted(bill.finishes)}")
        if row.usage_estimated or row.status != "ok":
            problems.append(f"status {row.status}, estimated {row.usage_estimated}")
        verdict.note(Aspect.USAGE, problems, of)

    async def _sdk_problems(self, exchange: Exchange) -> list[str]:
        """Whether OpenAI's SDK raises through Baton what it raises when it asks the provider itself."""
        provider = self.sdk.with_options(base_url=self.replay.url, api_key=PROVIDER_KEY)
        direct = await _raised(provider, exchange.request)
        routed = {**exchange.request, "model": f"{exchange.provider}/{exchange.model}"}
        through = await _raised(self.sdk, routed)
        return [] if through == direct else [f"the SDK raises {through}, not {direct}"]


async def _raised(sdk: openai.AsyncOpenAI, body: dict[str, Any]) -> str:
    """The name of the error's class."""
    named = {name: body[name] for name in ("model", "messages")}
    rest = {name: value for name, value in body.items() if name not in named}
    try:
        await sdk.chat.completions.create(**named, extra_body=rest)
    except openai.APIStatusError as error:
        return type(error).__name__
    return "nothing"


@asynccontextmanager
async def contract(baton: BatonServer, replay: Replay) -> AsyncGenerator[Contract]:
    """Clients between the two."""
    sdk = openai.AsyncOpenAI(base_url=f"{baton.url}/v1", api_key=baton.key, max_retries=0)
    async with aiohttp.ClientSession() as client, sdk:
        yield Contract(baton, replay, client, sdk)
