"""What a recorded answer says it took, read a second time from its raw JSON."""

import json
from dataclasses import dataclass, field
from typing import Any

from baton.core.dialect import Dialect
from tests.contracts.events import read_events
from tests.contracts.recordings import Exchange

UNCOUNTED = frozenset(
    {
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
    image_in: int = 0
    image_out: int = 0
    pieces: dict[str, int] = field(default_factory=dict[str, int])
    """What is paid for by the piece, by the name of its fee."""
    beside: bool = False
    """Whether more was used that is charged, and is not counted."""

    @property
    def prompt(self) -> int:
        """Every token that went in."""
        return self.fresh + self.audio_in + self.image_in + self.cached + self.written + self.written_long


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


def some(pieces: dict[str, int | None]) -> dict[str, int]:
    """Those of which there are any."""
    return {name: int(count) for name, count in pieces.items() if count}


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
    searches = (usage.get("server_tool_use_details") or {}).get("web_search_requests")
    size = usage.get("search_context_size") or "none"
    pieces = some({"thousandWebSearches": searches, f"thousandRequests{size.title()}": size != "none"})
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
        pieces=pieces,
        beside=bool(beside and not pieces) or bool(usage.get("num_sources_used")),
    )


def _responses(told: list[dict[str, Any]]) -> Counts | None:
    answer = told[-1].get("response") or told[-1]
    usage = answer.get("usage")
    if not usage:
        return None
    inside, outside = usage.get("input_tokens_details") or {}, usage.get("output_tokens_details") or {}
    cached, written = inside.get("cached_tokens") or 0, inside.get("cache_write_tokens") or 0
    thought = outside.get("reasoning_tokens") or 0
    items = [(item.get("type"), item.get("action") or {}) for item in answer.get("output") or ()]
    searches = [kind for kind, action in items if kind == "web_search_call" and action["type"] == "search"]
    files = [kind for kind, _ in items if kind == "file_search_call"]
    return Counts(
        fresh=usage["input_tokens"] - cached - written,
        cached=cached,
        written=written,
        said=usage["output_tokens"] - thought,
        thought=thought,
        pieces=some({"thousandWebSearches": len(searches), "thousandFileSearches": len(files)}),
        beside=any(kind in UNCOUNTED for kind, _ in items),
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
        pieces=some({"thousandWebSearches": (usage.get("server_tool_use") or {}).get("web_search_requests")}),
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
    image_in = of(("IMAGE", 2), "promptTokensDetails", "toolUsePromptTokensDetails")
    image_out = of(("IMAGE", 2), "candidatesTokensDetails")
    return Counts(
        fresh=prompt - cached - audio_in - image_in,
        cached=cached,
        said=usage.get("candidatesTokenCount", 0) - audio_out - image_out,
        thought=usage.get("thoughtsTokenCount", 0),
        audio_in=audio_in,
        audio_out=audio_out,
        image_in=image_in,
        image_out=image_out,
        beside=any("webSearchQueries" in ground for ground in grounds),
    )
