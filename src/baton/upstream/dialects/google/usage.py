"""Usage metadata ⇄ core."""

from typing import Any

from msgspec import Struct

from baton.core.losses import Feature, Losses
from baton.core.usage import Usage
from baton.upstream.dialects.leniency import counts_in
from baton.upstream.dialects.processing import processing

_AUDIO = ("AUDIO", 4)
"""The modality's name and its number."""

_IMAGE = ("IMAGE", 2)

_VIDEO = ("VIDEO", 3)
"""What is made of it has a price of its own, which nobody lists."""

_TRAFFIC = "ON_DEMAND_"

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
    serviceTier: Any = None
    trafficType: Any = None
    """The same on another of its platforms."""


def usage_leniently(usage: object) -> WireUsage | None:
    """What can be understood of a usage object; None: there is none, or nothing in it."""
    return counts_in(usage, WireUsage, _COUNTS)


def read_usage(wire: WireUsage, searched: bool = False) -> Usage:
    """Core usage: what Google's own tools fed to the model counts as prompt, thoughts as completion.

    `searched`: whether the answer says that it rests on a search, which is charged by itself: by the prompt
    or by the query, as the model has it, beyond so many a day that are free. One answer does not tell.
    """
    prompt = (wire.promptTokenCount or 0) + (wire.toolUsePromptTokenCount or 0)
    thoughts = wire.thoughtsTokenCount or 0
    return Usage(
        prompt=prompt,
        completion=(wire.candidatesTokenCount or 0) + thoughts,
        cached=min(wire.cachedContentTokenCount or 0, prompt),
        reasoning=thoughts,
        audio_in=_of(_AUDIO, wire.promptTokensDetails) + _of(_AUDIO, wire.toolUsePromptTokensDetails),
        audio_out=_of(_AUDIO, wire.candidatesTokensDetails),
        processing=processing(wire.serviceTier, _tier(wire.trafficType)),
        beside=searched or _of(_VIDEO, wire.candidatesTokensDetails) > 0,
        image_in=_of(_IMAGE, wire.promptTokensDetails) + _of(_IMAGE, wire.toolUsePromptTokensDetails),
        image_out=_of(_IMAGE, wire.candidatesTokensDetails),
    )


def _of(kinds: tuple[str | int, ...], counts: list[ModalityCount] | None) -> int:
    tokens = 0
    for count in counts or ():
        if count.modality in kinds:
            tokens += count.tokenCount or 0
    return tokens


def _tier(traffic: object) -> object:
    return traffic.removeprefix(_TRAFFIC) if isinstance(traffic, str) else None


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
