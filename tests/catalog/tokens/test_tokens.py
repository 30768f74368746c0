"""How many tokens a prompt has, without asking its provider."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from msgspec import Raw
from msgspec.structs import replace

from baton.catalog.tokens.child import Tokenizer
from baton.catalog.tokens.families import packaged_calibration
from baton.catalog.tokens.measure import measure
from baton.catalog.tokens.tokens import Tokens
from baton.catalog.tokens.transcript import declared_texts
from baton.core.chars import chars_of
from baton.core.dialect import Dialect
from baton.core.messages import Media, MediaKind, Message, Role, Text
from baton.core.request import ChatRequest, Tool, ToolChoice, ToolMode
from tests.chaos.sayings import SAYINGS

CALIBRATION = packaged_calibration()


@pytest.fixture
async def tokens() -> AsyncGenerator[Tokens]:
    async with Tokenizer() as tokenizer:
        yield Tokens(CALIBRATION, tokenizer)


def asking(*texts: str, **more: Any) -> ChatRequest:
    messages = tuple(Message(role=Role.USER, parts=(Text(text=text),)) for text in texts)
    return ChatRequest(model="any", messages=messages, **more)


@pytest.mark.parametrize(
    ("model", "tokens_of_hello"),
    [
        ("gpt-4o", 8),
        ("openai/gpt-4.1-mini", 8),
        ("gpt-4", 8),
        ("gpt-3.5-turbo", 8),
        ("gpt-5.4", 7),
        ("o3", 7),
    ],
)
async def test_text_for_a_public_encoding_is_exact(tokens: Tokens, model: str, tokens_of_hello: int) -> None:
    """`Hello` is one token, its role another; three frame the message, three (or two) prime the answer."""
    counted = await tokens.count(model, asking("Hello"))
    assert (counted.tokens, counted.exact) == (tokens_of_hello, True)
    assert (await tokens.count(model, asking("Hello", "Hello"))).tokens == tokens_of_hello + 5


@pytest.mark.parametrize("model", ["claude-sonnet-4-5", "gemini-2.5-pro", "grok-4", "never-heard-of", ""])
async def test_what_no_public_encoding_counts_is_never_called_exact(tokens: Tokens, model: str) -> None:
    """Of other models."""
    assert not (await tokens.count(model, asking("Hello"))).exact


async def test_what_is_more_than_text_is_never_called_exact(tokens: Tokens) -> None:
    """Tools and images are worth what was fitted; tools that must not be called are not told of."""
    tool = Tool(name="look", schema=Raw(b'{"type":"object","properties":{"at":{"type":"string"}}}'))
    image = Message(role=Role.USER, parts=(Media(kind=MediaKind.IMAGE, url="https://example.com/a.png"),))
    plain = await tokens.count("gpt-4o", asking("Hello"))
    tooled = await tokens.count("gpt-4o", asking("Hello", tools=(tool,)))
    seen = await tokens.count("gpt-4o", ChatRequest(model="any", messages=(image,)))
    none = ToolChoice(mode=ToolMode.NONE)
    unseen = await tokens.count("gpt-4o", asking("Hello", tools=(tool,), tool_choice=none))
    assert (unseen.tokens, unseen.exact) == (plain.tokens, True)
    assert (plain.exact, tooled.exact, seen.exact) == (True, False, False)
    assert tooled.tokens > plain.tokens + 10
    assert seen.tokens > 50


async def test_without_its_tokenizer_an_exact_count_becomes_an_estimate() -> None:
    """It is marked, and not far off."""
    async with Tokenizer(("/nowhere/python",)) as broken:
        counted = await Tokens(CALIBRATION, broken).count(
            "gpt-4o", asking("Please be so kind as to answer." * 9)
        )
    assert not counted.exact
    assert 50 < counted.tokens < 100


def test_tools_are_counted_as_the_namespace_that_models_are_shown() -> None:
    """Types, options and descriptions as TypeScript has them; schemas within schemas end somewhere."""
    deep: dict[str, Any] = {"type": "string"}
    for _ in range(200):
        deep = {"type": "object", "properties": {"in": deep}}
    schema = {
        "type": "object",
        "required": ["city"],
        "properties": {
            "city": {"type": "string", "description": "Which one"},
            "unit": {"enum": ["c", "f"]},
            "days": {"type": "array", "items": {"type": "integer"}},
            "near": {"anyOf": [{"type": "string"}, {"type": "null"}]},
            "deep": deep,
        },
    }
    tools = (
        Tool(name="weather", description="The weather", schema=Raw(json.dumps(schema).encode())),
        Tool(name="now", schema=Raw(b'{"type":["object"]}')),
        Tool(name="odd", schema=Raw(b"[1]")),
    )
    (text,) = declared_texts(asking("Hello", tools=tools))
    for line in (
        "// The weather\ntype weather = (_: {\n// Which one\ncity: string,",
        'unit?: "c" | "f",',
        "days?: number[],",
        "near?: string | null,",
        "type now = () => any;",
        "type odd = () => any;",
    ):
        assert line in text


@pytest.mark.parametrize("family", CALIBRATION.families, ids=lambda family: family.name)
def test_more_is_never_estimated_as_less(family: Any) -> None:
    """Of any family: what is added to a prompt does not make it cheaper."""
    alone = replace(CALIBRATION, families=(family,))
    for texts in (["some words"], ["   "], ["    return 1\n"], ["明日"]):
        sizes = [measure(asking(*texts * count)) for count in (1, 2, 20)]
        estimates = [alone.total("any", size, alone.texts_of(size), Dialect.NATIVE) for size in sizes]
        assert estimates == sorted(estimates)
        assert estimates[0] >= 1


@pytest.mark.parametrize(("model", "factor"), [("gpt-4o", 1), ("claude-sonnet-4-5", None)])
@pytest.mark.parametrize("kind", SAYINGS)
async def test_what_was_said_is_worth_what_a_tokenizer_says(
    tokens: Tokens, model: str, factor: float | None, kind: str
) -> None:
    """The gauge's guess times its worth: the tokens of a public encoding, and for a model without one as many
    times these as its family was seen to take."""
    gauge, said = CALIBRATION.gauge_of(model), "".join(SAYINGS[kind])
    worth = await tokens.worth(model, gauge, said)
    counted = gauge.answer_tokens(chars_of(said)) * worth
    assert counted == pytest.approx(len(SAYINGS[kind]) * (factor or gauge.answer), rel=0.01)
    assert await tokens.worth(model, gauge, "") == 1
    assert await tokens.worth(model, gauge, "\ud800") == 1, "half a character cannot be counted"
