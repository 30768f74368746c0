"""What every recorded exchange must cost, reckoned from its raw JSON and the published prices alone.

Run as a module it writes `docs/billing.md`.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from typing import Any

from baton.catalog.model import Model
from baton.catalog.prices import Prices, Rates, Tariff
from baton.core.dialect import Dialect
from tests.conftest import serving
from tests.contracts.callers import again
from tests.contracts.contract import Contract, contract
from tests.contracts.events import read_events
from tests.contracts.recordings import ROOT, Exchange, by_base, recorded
from tests.contracts.replay import replaying
from tests.contracts.stage import PAIRS, environment, specs

PAGE = ROOT / "docs" / "billing.md"
SEED = ROOT / "src" / "baton" / "catalog" / "data" / "models.json"

STAND_IN = {"input": "3.1", "output": "17.3", "cachedRead": "0.7", "cacheWrite": "5.9", "reasoning": "13.7"}
"""USD per 1M tokens for models that nobody lists; all differ, so that none can stand for another."""

BESIDE = frozenset(
    {
        "web_search_call",
        "file_search_call",
        "code_interpreter_call",
        "image_generation_call",
        "computer_call",
        "x_search_call",
        "shell_call",
    }
)


@dataclass(frozen=True)
class Counts:
    """Tokens as they are paid for; no one of them is in another."""

    fresh: int = 0
    cached: int = 0
    written: int = 0
    written_long: int = 0
    said: int = 0
    thought: int = 0
    audio_in: int = 0
    audio_out: int = 0
    beside: bool = False

    @property
    def prompt(self) -> int:
        return self.fresh + self.audio_in + self.cached + self.written + self.written_long


def answers(exchange: Exchange) -> list[dict[str, Any]]:
    """The JSON objects of an answer."""
    if not exchange.streamed:
        return [exchange.parsed]
    return [json.loads(event.data) for event in read_events(exchange.body) if event.data != "[DONE]"]


def counts(exchange: Exchange) -> Counts | None:
    """What the provider says it took; None where it says nothing."""
    told = answers(exchange)
    match exchange.dialect:
        case Dialect.OPENAI:
            return _completions(told, exchange)
        case Dialect.OPENAI_RESPONSES:
            return _responses(told)
        case Dialect.ANTHROPIC:
            return _messages(told)
        case _:
            return _generations(told)


def _completions(told: list[dict[str, Any]], exchange: Exchange) -> Counts | None:
    found = [answer.get("usage") or (answer.get("x_groq") or {}).get("usage") for answer in told]
    usage = next((each for each in reversed(found) if each), None)
    if usage is None:
        return None
    prompt, completion = usage.get("prompt_tokens", 0), usage["completion_tokens"]
    if exchange.provider == "xai":
        completion = usage["total_tokens"] - prompt
    inside, outside = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    kinds = (
        inside.get("cached_tokens"),
        usage.get("prompt_cache_hit_tokens"),
        usage.get("num_cached_tokens"),
    )
    cached = min(prompt, next((count for count in kinds if count), 0))
    written, audio_in = inside.get("cache_write_tokens") or 0, inside.get("audio_tokens") or 0
    thought = min(completion, outside.get("reasoning_tokens") or 0)
    audio_out = outside.get("audio_tokens") or 0
    searched = (usage.get("server_tool_use_details") or {}).get("web_search_requests")
    shown = [
        choice.get("message") or choice.get("delta") or {}
        for answer in told
        for choice in answer.get("choices") or ()
    ]
    beside = any(said.get(name) for said in shown for name in ("annotations", "executed_tools", "images"))
    return Counts(
        fresh=prompt - cached - written - audio_in,
        cached=cached,
        written=written,
        said=completion - thought - audio_out,
        thought=thought,
        audio_in=audio_in,
        audio_out=audio_out,
        beside=bool(beside or searched or usage.get("num_sources_used") or usage.get("search_context_size")),
    )


def _responses(told: list[dict[str, Any]]) -> Counts | None:
    answer = told[-1].get("response") or told[-1]
    usage = answer.get("usage")
    if not usage:
        return None
    inside, outside = usage.get("input_tokens_details") or {}, usage.get("output_tokens_details") or {}
    cached, written = inside.get("cached_tokens") or 0, inside.get("cache_write_tokens") or 0
    thought = outside.get("reasoning_tokens") or 0
    return Counts(
        fresh=usage["input_tokens"] - cached - written,
        cached=cached,
        written=written,
        said=usage["output_tokens"] - thought,
        thought=thought,
        beside=any(item.get("type") in BESIDE for item in answer.get("output") or ()),
    )


def _messages(told: list[dict[str, Any]]) -> Counts | None:
    usage: dict[str, Any] = {}
    for answer in told:
        for each in (answer.get("usage"), (answer.get("message") or {}).get("usage")):
            usage |= {name: value for name, value in (each or {}).items() if value is not None}
    if not usage:
        return None
    written = usage.get("cache_creation_input_tokens", 0)
    kept_long = (usage.get("cache_creation") or {}).get("ephemeral_1h_input_tokens", 0)
    thought = (usage.get("output_tokens_details") or {}).get("thinking_tokens", 0)
    return Counts(
        fresh=usage["input_tokens"],
        cached=usage.get("cache_read_input_tokens", 0),
        written=written - kept_long,
        written_long=kept_long,
        said=usage["output_tokens"] - thought,
        thought=thought,
        beside=bool((usage.get("server_tool_use") or {}).get("web_search_requests")),
    )


def _generations(told: list[dict[str, Any]]) -> Counts | None:
    usage = next((each["usageMetadata"] for each in reversed(told) if each.get("usageMetadata")), None)
    if usage is None:
        return None

    def of(kinds: tuple[object, ...], *names: str) -> int:
        details = [each for name in names for each in usage.get(name) or ()]
        return sum(each.get("tokenCount", 0) for each in details if each.get("modality") in kinds)

    prompt = usage.get("promptTokenCount", 0) + usage.get("toolUsePromptTokenCount", 0)
    audio_in = of(("AUDIO", 4), "promptTokensDetails", "toolUsePromptTokensDetails")
    audio_out = of(("AUDIO", 4), "candidatesTokensDetails")
    cached = usage.get("cachedContentTokenCount", 0)
    grounds = [c.get("groundingMetadata") or {} for each in told for c in each.get("candidates") or ()]
    pictures = of(("IMAGE", 2, "VIDEO", 3), "candidatesTokensDetails")
    return Counts(
        fresh=prompt - cached - audio_in,
        cached=cached,
        said=usage.get("candidatesTokenCount", 0) - audio_out,
        thought=usage.get("thoughtsTokenCount", 0),
        audio_in=audio_in,
        audio_out=audio_out,
        beside=bool(pictures) or any("webSearchQueries" in ground for ground in grounds),
    )


def rates(prices: list[dict[str, Any]], prompt: int, day: date) -> dict[str, str]:
    """What a request of that day with such a prompt pays, USD per 1M tokens."""
    held = [entry for entry in prices if date.fromisoformat(entry.get("validFrom", "1970-01-01")) <= day]
    now: dict[str, Any] = (held or prices[:1])[-1]
    for step in now.get("longContext", ()):
        if prompt > step["aboveTokens"]:
            now = step
    return now


def nanos(told: Counts, usd: dict[str, str]) -> int:
    """The cost: each component to the nano-dollar, half even (decision 3)."""

    def price(*names: str) -> Decimal:
        return Decimal(next(usd[name] for name in names if name in usd))

    fresh = told.fresh * price("input") + told.audio_in * price("audioIn", "input")
    written = told.written * price("cacheWrite", "input")
    written += told.written_long * price("cacheWriteLong", "cacheWrite", "input")
    said = told.said * price("output") + told.thought * price("reasoning", "output")
    said += told.audio_out * price("audioOut", "output")
    parts = (fresh, told.cached * price("cachedRead", "input"), written, said)
    return sum(int((part * 1000).to_integral_value(ROUND_HALF_EVEN)) for part in parts)


@dataclass(frozen=True)
class Billed:
    """One exchange, billed by Baton and by hand."""

    exchange: Exchange
    listed: bool
    """Whether the catalog has the model's published price; else the stand-in's was set."""
    told: Counts
    problems: list[str]


async def billed(provider: str, dialect: Dialect, folder: Path) -> list[Billed]:
    """Every exchange of a provider in a dialect that tells its usage, through a real Baton."""
    found: list[Billed] = []
    wanted = [each for each in recorded(provider, dialect) if each.status == 200 and counts(each) is not None]
    async with replaying() as replay:
        for number, (base, exchanges) in enumerate(by_base(provider, wanted).items()):
            settings = environment(provider, dialect, replay.url, base)
            async with serving(settings, folder / f"{provider}-{dialect}-{number}", {}, specs()) as baton:
                rows = [record.value for record in baton.app.models.list()]
                names = {
                    name for row in rows if row.provider == provider for name in (row.name, *row.aliases)
                }
                strangers = {each.model for each in exchanges} - names
                baton.app.catalog.replace([*rows, *(_stranger(provider, name) for name in strangers)])
                async with contract(baton, replay) as between:
                    found += [await _bill(between, each, each.model not in strangers) for each in exchanges]
    return found


def _stranger(provider: str, name: str) -> Model:
    dear = {key: int(Decimal(value) * 10**9) for key, value in STAND_IN.items()}
    priced = Rates(
        input=dear["input"],
        output=dear["output"],
        cached=dear["cachedRead"],
        cache_write=dear["cacheWrite"],
        reasoning=dear["reasoning"],
    )
    return Model(
        provider=provider,
        name=name,
        display_name=name,
        capabilities=frozenset({"text", "streaming", "vision", "tools", "json", "audio"}),
        prices=(Prices(standard=Tariff(rates=priced)),),
        tier_access=frozenset({"free", "pro", "expert", "master"}),
    )


async def _bill(between: Contract, exchange: Exchange, listed: bool) -> Billed:
    told = counts(exchange)
    assert told is not None
    between.play(exchange)
    answered = await between.send(again(exchange, f"{exchange.provider}/{exchange.model}"))
    if "x-baton-interaction" not in answered.headers:
        return Billed(exchange, listed, told, [f"no row: {answered.status} {answered.body[:200]!r}"])
    found = await between.baton.app.ledger.interactions.one(answered.headers["x-baton-interaction"])
    row, attempts = found.interaction, found.attempts
    seed = {f"{each['provider']}/{each['name']}": each for each in json.loads(SEED.read_bytes())}
    prices = seed[f"{row.provider}/{row.model}"].get("prices") if listed else [STAND_IN]
    if not prices:
        return Billed(exchange, listed, told, [] if row.pricing == "unpriced" else [f"it is {row.pricing}"])
    usd = rates(prices, told.prompt, datetime.now(UTC).date())
    wanted, partly = nanos(told, usd), _is_partly(exchange, told, usd)
    problems = [] if row.cost_nanos == wanted else [f"the ledger has {row.cost_nanos}, not {wanted}"]
    expected = "partly_priced" if partly else "priced"
    if row.pricing != expected or [attempt.pricing for attempt in attempts] != [expected]:
        problems.append(f"the ledger says {row.pricing}, not {expected}")
    return Billed(exchange, listed, told, problems)


def _is_partly(exchange: Exchange, told: Counts, usd: dict[str, str]) -> bool:
    """Whether something was used that the list has no price for."""
    silent = (told.audio_in and "audioIn" not in usd) or (told.audio_out and "audioOut" not in usd)
    silent = silent or (told.written_long and "cacheWriteLong" not in usd)
    free = not (Decimal(usd["input"]) or Decimal(usd["output"]))
    return not free and bool(told.beside or silent or "ON_DEMAND_FLEX" in exchange.body.decode())


_HEADS = (
    "recordings",
    "published price",
    "stand-in price",
    "cached",
    "cache write",
    "reasoning",
    "audio",
    "partly",
    "right",
)


def row(provider: str, dialect: Dialect, found: Iterable[Billed]) -> str:
    """One line of the table."""
    all_of = list(found)
    told = [each.told for each in all_of]
    cells = (
        len(all_of),
        sum(each.listed for each in all_of),
        sum(not each.listed for each in all_of),
        sum(each.cached > 0 for each in told),
        sum(each.written + each.written_long > 0 for each in told),
        sum(each.thought > 0 for each in told),
        sum(each.audio_in + each.audio_out > 0 for each in told),
        sum(each.beside for each in told),
        sum(not each.problems for each in all_of),
    )
    return "| " + " | ".join([provider, dialect.value, *map(str, cells)]) + " |"


TITLE = """\
# What recorded exchanges cost

Generated by `python -m tests.contracts.costs`; `tests/contracts/test_costs.py` holds it to the truth.

Each recorded exchange that tells its usage is answered once more through a real Baton, on sockets on both
sides, and the ledger's cost is compared with one reckoned from the raw JSON and the price list, in decimals,
by code that shares nothing with Baton's. Models that the catalog has no price for are given one made up, in
which every kind of token has another price. *Partly*: something else than tokens was used (a search,
pictures), and the row says `partly_priced`. There are no exceptions.

"""


def _page(lines: Iterable[str]) -> Iterator[str]:
    yield TITLE
    yield "| provider | dialect | " + " | ".join(_HEADS) + " |\n"
    yield "|---" * (len(_HEADS) + 2) + "|\n"
    yield from (line + "\n" for line in lines)


async def _lines() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        return [row(*pair, await billed(*pair, Path(folder))) for pair in PAIRS]


if __name__ == "__main__":
    PAGE.write_text("".join(_page(asyncio.run(_lines()))), encoding="utf-8")
    sys.exit(0)
