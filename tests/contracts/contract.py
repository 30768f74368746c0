"""Recorded exchanges sent through a real Baton, on sockets on both sides, and judged."""

import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import openai

from baton.core.dialect import Dialect
from tests.conftest import BatonServer
from tests.contracts import accepted, canned, wished
from tests.contracts.answered import DONE, stream_problems, whole_problems
from tests.contracts.bill import answer_in, bill_of, fields_of
from tests.contracts.callers import Ask, again, short
from tests.contracts.crossed import differences
from tests.contracts.events import read_events
from tests.contracts.facts.reading import Unreadable, answer_of, streamed_answer_of
from tests.contracts.recordings import Exchange
from tests.contracts.refused import error_event_problems, error_inside, error_problems, refusal_problems
from tests.contracts.replay import Asked, Cuts, Played, Replay
from tests.contracts.sent import request_problems
from tests.contracts.verdict import Aspect, Verdict
from tests.contracts.wishes.reading import wish_of

PROVIDER_KEY = "sk-contract-0123456789abcdef"
SHORT_BYTES = 3000
"""Streams up to this long are also sent byte by byte."""

REFUSED_BEFOREHAND = {
    "openai-257812b0ea": "no messages at all",
    "openai-1a1fdcf385": "a user's message whose content is null; OpenAI names another of its faults",
    "anthropic-500dc64270": "a message that is a text instead of an object",
}
"""Requests that Baton refuses without asking the provider, which refused them too, and for what."""


@dataclass(frozen=True)
class Variant:
    """One way to ask for a stream, and to be sent it."""

    asks_usage: bool
    cuts: Cuts
    seed: int = 0
    listed: bool = False
    """As Google's JSON array."""

    def __str__(self) -> str:
        asks = "usage asked for" if self.asks_usage else "usage not asked for"
        seed = f" {self.seed}" if self.seed else ""
        return f"{asks}, cut: {self.cuts}{seed}" + (", as a list" if self.listed else "")


def variants(exchange: Exchange) -> Iterator[Variant]:
    """Every way of cutting, and both ways of asking."""
    for asks_usage in (True, False):
        yield Variant(asks_usage, Cuts.WHOLE)
        yield Variant(asks_usage, Cuts.EVENTS)
        yield Variant(asks_usage, Cuts.RANDOM, seed=1 + asks_usage)
    if len(exchange.body) <= SHORT_BYTES:
        yield Variant(True, Cuts.BYTES)
    if exchange.dialect is Dialect.GOOGLE:
        yield Variant(True, Cuts.EVENTS, listed=True)


@dataclass(frozen=True)
class Answered:
    """What a caller got."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def named(self) -> list[str]:
        """What Baton says it left out or changed: in headers, and in `baton` objects of a stream."""
        words: list[str] = []
        for header in ("x-baton-dropped", "x-baton-adjusted"):
            words += self.headers.get(header, "").split(", ")
        if "event-stream" in self.headers.get("content-type", ""):
            for told in _batons(self.body):
                words += [*told.get("dropped", ()), *told.get("adjusted", ())]
        return [word for word in words if word]


def _batons(body: bytes) -> Iterator[dict[str, Any]]:
    for event in read_events(body):
        if event.data != DONE:
            fields = json.loads(event.data)
            told = fields.get("baton") or (fields.get("response") or {}).get("baton")
            if told is not None:
                yield told


@dataclass(frozen=True)
class Contract:
    """One Baton, one replaying provider of one dialect, one client."""

    baton: BatonServer
    replay: Replay
    client: aiohttp.ClientSession
    sdk: openai.AsyncOpenAI
    """Of OpenAI, pointed at Baton."""

    async def judge(self, exchange: Exchange) -> Verdict:
        """Send the exchange through for a caller of its own dialect, in every way that it can be."""
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

    async def judge_abroad(self, verdict: Verdict, caller: Dialect) -> None:
        """Hand the recorded answer on to a caller of another dialect."""
        exchange = verdict.exchange
        model = f"{exchange.provider}/{exchange.model}"
        ask = short(caller, model, stream=exchange.streamed)
        if exchange.status != 200:
            self.play(exchange)
            answered = await self.send(ask)
            problems = error_problems(exchange, caller, answered.status, answered.body)
            verdict.note(Aspect.ERRORS, problems, caller)
        elif not exchange.streamed:
            self.play(exchange)
            answered = await self.send(ask)
            verdict.note(Aspect.WHOLE, self._abroad_problems(exchange, caller, answered), caller)
            await self._judge_usage(verdict, answered.headers, caller)
        else:
            for variant in (Variant(True, Cuts.WHOLE), Variant(True, Cuts.EVENTS)):
                self.play(exchange, variant)
                await self._judge_stream_abroad(verdict, caller, ask, variant)

    async def judge_request_abroad(self, verdict: Verdict, target: Dialect, model: str) -> None:
        """Send the recorded request for a model of another dialect's provider."""
        exchange = verdict.exchange
        headers = {"content-type": "application/json"}
        self.replay.play(Played(200, headers, canned.good(target)))
        ask = again(exchange, model, asks_usage=exchange.streamed)
        answered = await self.send(ask)
        if len(self.replay.asked) != 1:
            times = len(self.replay.asked)
            problems = [f"the provider was asked {times} times; the caller got {answered.body[:400]!r}"]
        else:
            expected = wish_of(verdict.dialect, ask.body)
            found = wish_of(target, self.replay.asked[0].body)
            problems = wished.differences(expected, found, target, answered.named)
        verdict.note(Aspect.REQUESTS, problems, target)

    async def _judge_stream_abroad(
        self, verdict: Verdict, caller: Dialect, ask: Ask, variant: Variant
    ) -> None:
        exchange = verdict.exchange
        answered = await self.send(ask)
        if error_inside(exchange) is not None:
            problems = error_event_problems(exchange, caller, answered.body)
            verdict.note(Aspect.ERRORS, problems, caller, str(variant))
            return
        problems = self._abroad_problems(exchange, caller, answered)
        verdict.note(Aspect.STREAMED, problems, caller, str(variant))
        await self._judge_usage(verdict, answered.headers, caller, str(variant))

    def _abroad_problems(self, exchange: Exchange, caller: Dialect, answered: Answered) -> list[str]:
        if answered.status != 200:
            return [f"the status is {answered.status}: {answered.body[:300]!r}"]
        bill = bill_of(exchange)
        tokens = None if bill is None else bill.tokens
        read, accepts = answer_of, accepted.whole_problems
        if exchange.streamed:
            read, accepts = streamed_answer_of, accepted.stream_problems
        try:
            found = read(caller, answered.body)
        except Unreadable as error:
            return [str(error)]
        named = set(answered.named) - fields_of(exchange)
        problems = differences(answer_in(exchange), tokens, found, caller, named)
        return problems + accepts(caller, answered.body)

    async def _judge_whole(self, verdict: Verdict) -> None:
        exchange = verdict.exchange
        self.play(exchange)
        answered = await self._ask(verdict, again(exchange, verdict.model))
        verdict.note(Aspect.WHOLE, whole_problems(exchange, answered.status, answered.body))
        await self._judge_usage(verdict, answered.headers)

    async def _judge_stream(self, verdict: Verdict, variant: Variant) -> None:
        exchange = verdict.exchange
        self.play(exchange, variant)
        ask = again(exchange, verdict.model, asks_usage=variant.asks_usage, listed=variant.listed)
        answered = await self._ask(verdict, ask, str(variant))
        body = _as_events(answered.body) if variant.listed else answered.body
        if error_inside(exchange) is None:
            problems = stream_problems(exchange, answered.status, body, asks_usage=variant.asks_usage)
            verdict.note(Aspect.STREAMED, problems, of=str(variant))
            await self._judge_usage(verdict, answered.headers, of=str(variant))
        else:
            problems = error_event_problems(exchange, verdict.dialect, body)
            verdict.note(Aspect.ERRORS, problems, of=str(variant))

    async def _judge_error(self, verdict: Verdict) -> None:
        exchange = verdict.exchange
        self.play(exchange)
        answered = await self._ask(verdict, again(exchange, verdict.model))
        problems = error_problems(exchange, verdict.dialect, answered.status, answered.body)
        verdict.note(Aspect.ERRORS, problems)
        if exchange.dialect is Dialect.OPENAI:
            verdict.note(Aspect.ERRORS, await self._sdk_problems(exchange))

    async def _judge_refusal(self, verdict: Verdict) -> None:
        exchange = verdict.exchange
        self.play(exchange)
        answered = await self.send(again(exchange, verdict.model))
        verdict.note(Aspect.REQUESTS, ["the provider was asked"] if self.replay.asked else [])
        verdict.note(Aspect.ERRORS, refusal_problems(exchange, answered.status, answered.body))
        if exchange.dialect is Dialect.OPENAI:
            verdict.note(Aspect.ERRORS, await self._sdk_problems(exchange))

    def play(self, exchange: Exchange, variant: Variant | None = None) -> None:
        """From now on the provider answers this."""
        cuts, seed = (variant.cuts, variant.seed) if variant is not None else (Cuts.WHOLE, 0)
        played = Played(
            exchange.status, exchange.headers, exchange.body, chunked=exchange.streamed, cuts=cuts, seed=seed
        )
        self.replay.play(played)

    async def _ask(self, verdict: Verdict, ask: Ask, of: str = "") -> Answered:
        """Ask, and judge what reached the provider."""
        answered = await self.send(ask)
        asked: list[Asked] = self.replay.asked
        if len(asked) == 1:
            keys = {"caller": self.baton.key, "provider": PROVIDER_KEY}
            problems = request_problems(verdict.exchange, ask.body, asked[0], keys)
        else:
            problems = [f"the provider was asked {len(asked)} times; the caller got {answered.body[:200]!r}"]
        verdict.note(Aspect.REQUESTS, problems, of=of)
        return answered

    async def send(self, ask: Ask) -> Answered:
        """Ask Baton, as if nothing had happened before."""
        self.baton.forgive()
        headers = {**self.baton.admin, "content-type": "application/json", **ask.headers}
        url = f"{self.baton.url}{ask.path}"
        async with self.client.post(url, data=ask.body, headers=headers) as response:
            return Answered(response.status, response.headers, await response.read())

    async def _judge_usage(
        self, verdict: Verdict, headers: Mapping[str, str], caller: Dialect | None = None, of: str = ""
    ) -> None:
        if "x-baton-interaction" not in headers:
            verdict.note(Aspect.USAGE, ["there is no row in the ledger"], caller, of)
            return
        row = (await self.baton.app.ledger.interactions.one(headers["x-baton-interaction"])).interaction
        bill = bill_of(verdict.exchange)
        if bill is None:
            problems = [] if row.usage_estimated else ["what nobody counted is no estimate"]
            verdict.note(Aspect.USAGE, problems, caller, of)
            return
        found = (row.prompt_tokens, row.completion_tokens, row.cached_tokens, row.reasoning_tokens)
        expected = (bill.prompt, bill.completion, bill.cached, bill.reasoning)
        problems = [] if found == expected else [f"the ledger has {found}, not {expected}"]
        if bill.finishes and row.finish not in bill.finishes:
            problems.append(f"the finish is {row.finish!r}, not one of {sorted(bill.finishes)}")
        if row.usage_estimated or row.status != "ok":
            problems.append(f"status {row.status}, estimated {row.usage_estimated}")
        verdict.note(Aspect.USAGE, problems, caller, of)

    async def _sdk_problems(self, exchange: Exchange) -> list[str]:
        """Whether OpenAI's SDK raises through Baton what it raises when it asks the provider itself."""
        provider = self.sdk.with_options(base_url=self.replay.url, api_key=PROVIDER_KEY)
        direct = await _raised(provider, exchange.request)
        routed = {**exchange.request, "model": f"{exchange.provider}/{exchange.model}"}
        self.baton.forgive()
        through = await _raised(self.sdk, routed)
        return [] if through == direct else [f"the SDK raises {through}, not {direct}"]


def _as_events(body: bytes) -> bytes:
    """A JSON array's elements as the events of a stream."""
    return b"".join(b"data: %s\n\n" % json.dumps(chunk).encode() for chunk in json.loads(body))


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
