"""How the answer is drawn: what the API takes of it, which depends on the model and on whether it thinks."""

from typing import Any

from baton.core.losses import Feature, Losses
from baton.core.provider import Family
from baton.core.request import Sampling
from baton.upstream.dialects.anthropic.thinking import Thinking

_HOTTEST = 1.0
_LEAST_TOP_P = 0.95
"""While the model thinks."""

_UNSAYABLE = {
    Feature.N: "n",
    Feature.SEED: "seed",
    Feature.PRESENCE_PENALTY: "presence_penalty",
    Feature.FREQUENCY_PENALTY: "frequency_penalty",
    Feature.LOGPROBS: "logprobs",
    Feature.LOGIT_BIAS: "logit_bias",
}


def write_sampling(sampling: Sampling, family: Family, thinking: Thinking, losses: Losses) -> dict[str, Any]:
    """The fields of the body; what cannot be said is noted."""
    body: dict[str, Any] = {}
    if family.fixed_sampling:
        _drop_said(sampling, losses)
    else:
        body = _drawn(sampling, family, losses)
        if thinking.on:
            body = _while_thinking(body, losses)
    stops = [stop for stop in sampling.stop if stop.strip()]
    if len(stops) < len(sampling.stop):
        losses.drop(Feature.STOP)
    if stops:
        body["stop_sequences"] = stops
    for feature, name in _UNSAYABLE.items():
        if sampling.wants(name):
            losses.drop(feature)
    return body


def _drop_said(sampling: Sampling, losses: Losses) -> None:
    """Only the values that these models have anyway are no loss."""
    if sampling.temperature not in (None, _HOTTEST):
        losses.drop(Feature.TEMPERATURE)
    if sampling.top_p not in (None, 1.0):
        losses.drop(Feature.TOP_P)
    if sampling.top_k is not None:
        losses.drop(Feature.TOP_K)


def _drawn(sampling: Sampling, family: Family, losses: Losses) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if sampling.temperature is not None:
        clamped = min(_HOTTEST, max(0.0, sampling.temperature))
        if clamped != sampling.temperature:
            losses.adjust(Feature.TEMPERATURE, f"{clamped:g}")
        body["temperature"] = clamped
    if sampling.top_p is not None:
        if family.one_of_temperature_and_top_p and "temperature" in body:
            losses.drop(Feature.TOP_P)
        else:
            body["top_p"] = sampling.top_p
    if sampling.top_k is not None:
        body["top_k"] = sampling.top_k
    return body


def _while_thinking(body: dict[str, Any], losses: Losses) -> dict[str, Any]:
    """Thinking goes with the usual temperature, with no `top_k`, and with a high `top_p` at most."""
    kept = dict(body)
    if kept.pop("temperature", _HOTTEST) != _HOTTEST:
        losses.adjust(Feature.TEMPERATURE, "1")
    if kept.pop("top_k", None) is not None:
        losses.drop(Feature.TOP_K)
    if kept.get("top_p", 1.0) < _LEAST_TOP_P:
        kept["top_p"] = _LEAST_TOP_P
        losses.adjust(Feature.TOP_P, f"{_LEAST_TOP_P:g}")
    return kept
