"""The settings of a generation ⇄ core."""

from typing import Any

import msgspec
from msgspec import Raw

from baton.core.losses import Feature, Losses
from baton.core.request import ChatRequest, FormatKind, ReasoningWish, ResponseFormat, Sampling, Showing
from baton.upstream.dialects.google.schemas import from_openapi, to_json_schema
from baton.upstream.dialects.google.spelling import inner, texts, word
from baton.upstream.dialects.wire import Fields, as_object

_JSON, _PLAIN = "application/json", "text/plain"
_MOST_STOPS = 5
_MOST_CHOICES = 8
_HOTTEST = 2.0
_LEVELS = ("THINKING_LEVEL_UNSPECIFIED", "LOW", "MEDIUM", "HIGH", "MINIMAL")


def read_sampling(config: Fields) -> Sampling:
    """How the answer is drawn."""
    return Sampling(
        temperature=config.get("temperature", float),
        top_p=config.get("topP", float),
        top_k=_whole(config, "topK"),
        seed=config.get("seed", int),
        stop=texts(config, "stopSequences"),
        presence_penalty=config.get("presencePenalty", float),
        frequency_penalty=config.get("frequencyPenalty", float),
        n=config.get("candidateCount", int),
        logprobs=config.get("responseLogprobs", bool),
        top_logprobs=config.get("logprobs", int),
    )


def _whole(config: Fields, name: str) -> int | None:
    """An integer that some clients write as a float."""
    value = config.get(name, float)
    return None if value is None else int(value)


def read_format(config: Fields) -> ResponseFormat | None:
    """What the answer's text shall be."""
    media_type = config.text("responseMimeType")
    json_schema = config.raw("responseJsonSchema")
    schema = config.raw("responseSchema")
    if schema is not None and json_schema is None:
        json_schema = from_openapi(schema)
    if json_schema is not None:
        return ResponseFormat(kind=FormatKind.JSON_SCHEMA, schema=json_schema)
    if media_type is None:
        return None
    return ResponseFormat(kind=FormatKind.JSON_OBJECT if media_type == _JSON else FormatKind.TEXT)


def read_thinking(config: Fields, unread: list[str]) -> ReasoningWish | None:
    """How much the model shall think; a budget of -1 leaves that to the model. Thoughts come if asked for."""
    if "thinkingConfig" not in config.rest:
        return None
    wish = inner(config, "thinkingConfig")
    budget = wish.get("thinkingBudget", int)
    level = word(wish, "thinkingLevel", _LEVELS)
    shown = wish.get("includeThoughts", bool)
    unread += wish.left
    known = level is not None and level != _LEVELS[0]
    return ReasoningWish(
        effort=level.lower() if known and level is not None else None,
        budget_tokens=budget,
        show=Showing.AUTO if shown else Showing.NONE,
    )


def drop_usual_modalities(config: Fields) -> None:
    """Text alone is what everybody answers with."""
    if [each.upper() for each in _modalities(config)] in ([], ["TEXT"]):
        config.raw("responseModalities")


def _modalities(config: Fields) -> tuple[str, ...]:
    value = config.rest.get("responseModalities")
    return texts(Fields({"responseModalities": value}), "responseModalities") if value is not None else ()


def write_generation(request: ChatRequest, losses: Losses) -> dict[str, Any]:
    """The settings, but for how much to think."""
    drawn = request.sampling
    stop = list(drawn.stop)
    if len(stop) > _MOST_STOPS:
        losses.adjust(Feature.STOP, str(_MOST_STOPS))
        stop = stop[:_MOST_STOPS]
    if drawn.logit_bias is not None:
        losses.drop(Feature.LOGIT_BIAS)
    written: dict[str, Any] = {
        "temperature": _clamped(drawn.temperature, 0.0, _HOTTEST, Feature.TEMPERATURE, losses),
        "topP": drawn.top_p,
        "topK": drawn.top_k,
        "seed": drawn.seed,
        "stopSequences": stop or None,
        "presencePenalty": drawn.presence_penalty,
        "frequencyPenalty": drawn.frequency_penalty,
        "candidateCount": drawn.n,
        "responseLogprobs": drawn.logprobs,
        "logprobs": drawn.top_logprobs,
        "maxOutputTokens": request.max_tokens,
        **_write_format(request.response_format, losses),
    }
    return {name: value for name, value in written.items() if value is not None}


def _clamped(
    value: float | None, least: float, most: float, feature: Feature, losses: Losses
) -> float | None:
    if value is None or least <= value <= most:
        return value
    within = min(max(value, least), most)
    losses.adjust(feature, f"{within:g}")
    return within


def _write_format(wish: ResponseFormat | None, losses: Losses) -> dict[str, Any]:
    if wish is None:
        return {}
    if wish.kind is FormatKind.TEXT:
        return {"responseMimeType": _PLAIN}
    written: dict[str, Any] = {"responseMimeType": _JSON}
    if wish.schema is None:
        return written
    schema = to_json_schema(wish.schema, losses, Feature.RESPONSE_SCHEMA)
    if wish.description is not None:
        losses.adjust(Feature.RESPONSE_FORMAT, "description")
        fields = as_object(msgspec.json.decode(schema) if isinstance(schema, Raw) else schema)
        schema = {"description": wish.description, **fields}
    return {**written, "responseJsonSchema": schema}
