"""What is known beforehand of how models count: encodings, and published rules for images."""

from baton.catalog.tokens.families import Family
from baton.catalog.tokens.images import Vision

_RECORDED = "fitted on recorded exchanges by tests/contracts/estimates.py"
_OPENAI = (
    "encoding: tiktoken's table of models; 3 a message and 3 before the answer: OpenAI's cookbook; the rest "
)


def _public(name: str, models: str, encoding: str) -> Family:
    return Family(name=name, models=models, encoding=encoding, exact=True, source=_OPENAI + _RECORDED)


def _fitted(name: str, models: str) -> Family:
    return Family(name=name, models=models, source=_RECORDED)


FAMILIES = (
    _public("gpt-4o and 4.1", r"(^|/|:)(chatgpt-|openai-)?gpt-4(o|\.\d)", "o200k_base"),
    _public("gpt-4 and 3.5", r"(^|/|:)gpt-(4|3\.?5)", "cl100k_base"),
    _public("o1 to o4", r"(^|[/:.])o[134](-|$)", "o200k_base"),
    _public("gpt-5", r"(^|[/:.])gpt-5", "o200k_base"),
    _fitted("gpt-oss", r"gpt-oss"),
    _fitted("claude, new", r"claude-(opus-4[.-][789]|(opus|sonnet|haiku|fable)-[5-9])"),
    _fitted("claude 4.5 and 4.6", r"claude-(opus|sonnet|haiku)-4[.-][56]"),
    _fitted("claude", r"claude"),
    _fitted("gemini 1 and 2.0", r"gemini-(1|2\.0)"),
    _fitted("gemini 2.5", r"gemini-2"),
    _fitted("gemini", r"gemini|gemma"),
    _fitted("grok code and 4.3", r"grok-(code|4\.[2-9])"),
    _fitted("grok 4 fast", r"grok-4-fast"),
    _fitted("grok", r"grok"),
    _fitted("deepseek", r"deepseek"),
    _fitted("mistral", r"mi[sx]tral|pixtral|voxtral|codestral|devstral"),
    _fitted("llama", r"llama"),
    _fitted("kimi", r"kimi"),
    _fitted("glm", r"glm"),
    _fitted("qwen", r"qwen|qwq"),
    _fitted("others", r""),
)
"""The first whose pattern is found in a model's name counts."""

_TILES = "OpenAI's guide to images: within 2048 px, then 768 px on the shorter side, in tiles of 512 px"
_PATCHES = "OpenAI's guide to images: patches of 32 px, at most 1536 of them"
_MEASURED = "patches as before; tokens of each as developers measured them (OpenAI's forum, 2026-06) and {}"


def _tiles(models: str, once: float, tokens: float) -> Vision:
    return Vision(
        models=models, source=_TILES, square=512, once=once, tokens=tokens, longest=2048, shortest=768
    )


def _patches(models: str, tokens: float, source: str = _PATCHES) -> Vision:
    return Vision(models=models, source=source, square=32, tokens=tokens, most=1536)


VISIONS = (
    _tiles(r"gpt-4o-mini", 2833, 5667),
    _patches(r"gpt-4\.1-mini", 1.62),
    _patches(r"gpt-4\.1-nano", 2.46),
    _patches(r"o4-mini", 1.72),
    _patches(r"gpt-5(\.\d+)?-mini", 1.2, _MEASURED.format("on gpt-5-mini")),
    _patches(r"gpt-5(\.\d+)?-nano", 1.5, _MEASURED.format("recording openai-0351d05258")),
    _patches(r"gpt-5\.[2-9]", 1.2, _MEASURED.format("recording openai-612b8da883")),
    _tiles(r"gpt-5", 70, 140),
    _tiles(r"(^|[/:.])o[13]\b", 75, 150),
    _tiles(r"gpt-4", 85, 170),
    Vision(
        models=r"claude",
        source="Anthropic's guide to vision: width * height / 750, within 1568 px; at most about 1600",
        square=1,
        tokens=1 / 750,
        longest=1568,
        most=1_200_000,
    ),
    Vision(
        models=r"gemini-[12]",
        source="Gemini's guide to tokens: 258 for each tile of 768 px",
        square=768,
        tokens=258,
    ),
    Vision(
        models=r"gemini-[3-9]",
        source="Gemini's guide to media resolution: 1120 for an image",
        square=1 << 20,
        tokens=1120,
    ),
    Vision(
        models=r"pixtral-12b",
        source="Pixtral's paper: patches of 16 px within 1024 px, a token at the end of each row",
        square=16,
        tokens=1,
        row=1,
        longest=1024,
    ),
    Vision(
        models=r"mi[sx]tral|pixtral",
        source="recordings mistral-2e2b4df29d, mistral-f0cd56a327: as Pixtral's, patches of 28 px",
        square=28,
        tokens=1,
        row=1,
        longest=1540,
    ),
    Vision(
        models=r"grok",
        source="xAI's guide to images: 256 for each tile of 448 px",
        square=448,
        tokens=256,
    ),
    Vision(
        models=r"qwen.*vl",
        source="Qwen2.5-VL's report: patches of 28 px, and two marks",
        square=28,
        tokens=1,
        once=2,
    ),
)
"""The first whose pattern is found in a model's name counts; no rule is fitted."""
