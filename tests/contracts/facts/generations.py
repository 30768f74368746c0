"""Answers of Google's generateContent."""

import json
from typing import Any

from tests.contracts.events import Event
from tests.contracts.facts.fact import Answer, Call, End, Said, Tokens, fingerprint

ENDS = {
    "STOP": End.STOP,
    "MAX_TOKENS": End.LENGTH,
    "SAFETY": End.FILTER,
    "RECITATION": End.FILTER,
    "BLOCKLIST": End.FILTER,
    "PROHIBITED_CONTENT": End.FILTER,
    "SPII": End.FILTER,
    "IMAGE_SAFETY": End.FILTER,
    "IMAGE_PROHIBITED_CONTENT": End.FILTER,
    "IMAGE_RECITATION": End.FILTER,
}
NUMBERED = {1: "STOP", 2: "MAX_TOKENS", 3: "SAFETY", 4: "RECITATION"}
"""With `enum-encoding=int` (Google's v1beta enum, in its order)."""

_COMMON = {"text", "thought", "thoughtSignature", "functionCall", "inlineData"}
"""Fields of a part that other dialects have words for; any other is a step of a tool of Google's own."""


def read(body: dict[str, Any]) -> Answer:
    """A whole answer; one to a blocked prompt has no candidates."""
    blocked = (body.get("promptFeedback") or {}).get("blockReason")
    said = [_said(candidate) for candidate in body.get("candidates") or []]
    if not said and blocked:
        said = [Said(end=End.FILTER)]
    tokens = _tokens(body.get("usageMetadata"))
    return Answer(said, tokens, body.get("responseId") or "", body.get("modelVersion") or "")


def _said(candidate: dict[str, Any]) -> Said:
    said = Said()
    for part in (candidate.get("content") or {}).get("parts") or []:
        steps = [name for name in part if name not in _COMMON]
        said.steps += steps
        if part.get("thoughtSignature") and not steps:  # a step's own is lost with it
            said.sealed.append(part["thoughtSignature"])
        if "text" in part:
            if part.get("thought"):
                said.thought += part["text"]
            else:
                said.text += part["text"]
        elif "functionCall" in part:
            call = part["functionCall"]
            said.calls.append(Call(call.get("id") or "", call["name"], call.get("args") or {}))
        elif "inlineData" in part:
            said.media.append(fingerprint(part["inlineData"]["data"]))
    grounding: dict[str, Any] = candidate.get("groundingMetadata") or {}
    for chunk in grounding.get("groundingChunks") or []:
        source = chunk.get("web") or chunk.get("retrievedContext") or {}
        said.cited.add(source.get("uri") or source.get("title") or "")
    cited: dict[str, Any] = candidate.get("citationMetadata") or {}
    for source in cited.get("citationSources") or cited.get("citations") or []:
        said.cited.add(source.get("uri") or source.get("title") or "")
    said.likelihoods = bool(candidate.get("logprobsResult"))
    word = candidate.get("finishReason")
    word = NUMBERED.get(word, "OTHER") if isinstance(word, int) else word
    said.end = ENDS.get(word, End.OTHER) if word else End.NONE
    return said


def _tokens(usage: dict[str, Any] | None) -> Tokens | None:
    if not usage:
        return None
    thoughts = usage.get("thoughtsTokenCount") or 0
    return Tokens(
        (usage.get("promptTokenCount") or 0) + (usage.get("toolUsePromptTokenCount") or 0),
        (usage.get("candidatesTokenCount") or 0) + thoughts,
        usage.get("cachedContentTokenCount") or 0,
        thoughts,
    )


def read_stream(events: list[Event]) -> Answer:
    """A streamed answer, put together."""
    whole: dict[int, dict[str, Any]] = {}
    last: dict[str, Any] = {}
    for event in events:
        chunk = json.loads(event.data)
        last |= {name: value for name, value in chunk.items() if name != "candidates"}
        for candidate in chunk.get("candidates") or []:
            known = whole.setdefault(candidate.get("index") or 0, {"content": {"parts": []}})
            known["content"]["parts"] += (candidate.get("content") or {}).get("parts") or []
            grounding = candidate.pop("groundingMetadata", None) or {}
            chunks = known.setdefault("groundingMetadata", {}).setdefault("groundingChunks", [])
            chunks += grounding.get("groundingChunks") or []
            known |= {name: value for name, value in candidate.items() if name != "content"}
    return read({**last, "candidates": [whole[at] for at in sorted(whole)]})
