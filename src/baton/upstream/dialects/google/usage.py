"""Usage metadata ⇄ core."""

from typing import Any

from msgspec import Struct

from baton.core.losses import Feature, Losses
from baton.core.usage import Usage
from baton.upstream.dialects.leniency import counts_in

_AUDIO = ("AUDIO", 4)
"""The modality's name and its number."""

_COUNTS = (
    "promptTokenCount",
    "candidatesTokenCount",
    "totalTokenCount",
    "thoughtsTokenCount",
    "toolUsePromptTokenCount",
    "cachedContentTokenCount",
)


class ModalityCount(Struct, omit_defaults=True):
    """How many of the tokens are of one kind."""

    modality: str | int | None = None
    tokenCount: int | None = None


class WireUsage(Struct, omit_defaults=True):
    """Usage as Google reports it, on every chunk anew; further fields are left alone."""

    promptTokenCount: int | None = None
    candidatesTokenCount: int | None = None
    """Without thoughts."""
    totalTokenCount: int | None = None
    thoughtsTokenCount: int | None = None
    toolUsePromptTokenCount: int | None = None
    """What tools on Google's side put before the model; beside the prompt's count."""
    cachedContentTokenCount: int | None = None
    promptTokensDetails: list[ModalityCount] | None = None
    toolUsePromptTokensDetails: list[ModalityCount] | None = None
    candidatesTokensDetails: list[ModalityCount] | None = None


def usage_leniently(usage: object) -> WireUsage | None:
    """What can be understood of a usage object; None: there is none, or nothing in it."""
    return counts_in(usage, WireUsage, _COUNTS)


def read_usage(wire: WireUsage) -> Usage:
    """Core usage: what Google's own tools fed to the model counts as prompt, thoughts as completion."""
    prompt = (wire.promptTokenCount or 0) + (wire.toolUsePromptTokenCount or 0)
    thoughts = wire.thoughtsTokenCount or 0
    return Usage(
        prompt=prompt,
        completion=(wire.candidatesTokenCount or 0) + thoughts,
        cached=min(wire.cachedContentTokenCount or 0, prompt),
        reasoning=thoughts,
        audio_in=_audio(wire.promptTokensDetails) + _audio(wire.toolUsePromptTokensDetails),
        audio_out=_audio(wire.candidatesTokensDetails),
    )


def _audio(counts: list[ModalityCount] | None) -> int:
    tokens = 0
    for count in counts or ():
        if count.modality in _AUDIO:
            tokens += count.tokenCount or 0
    return tokens


def write_usage(usage: Usage, losses: Losses) -> dict[str, Any]:
    """A usage object in Google's shape, which has no word for what was written to a cache."""
    if usage.cache_write:
        losses.drop(Feature.USAGE_DETAILS)
    said: dict[str, Any] = {
        "promptTokenCount": usage.prompt,
        "candidatesTokenCount": max(0, usage.completion - usage.reasoning),
        "totalTokenCount": usage.total,
    }
    if usage.reasoning:
        said["thoughtsTokenCount"] = usage.reasoning
    if usage.cached:
        said["cachedContentTokenCount"] = usage.cached
    details = {"promptTokensDetails": (usage.prompt, usage.audio_in)}
    details["candidatesTokensDetails"] = (said["candidatesTokenCount"], usage.audio_out)
    for name, (whole, audio) in details.items():
        counts = (("TEXT", max(0, whole - audio)), ("AUDIO", audio)) if audio else (("TEXT", whole),)
        if whole:
            said[name] = [{"modality": modality, "tokenCount": count} for modality, count in counts]
    return said
