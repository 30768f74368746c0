"""Fields of another kind than ever seen: they are lost, and the paid answer is not."""

import json
from typing import Any

import pytest

from baton.core.answer import ReasoningDelta
from baton.core.dialect import Dialect
from baton.core.messages import Text
from baton.upstream.dialects.registry import CODECS
from baton.upstream.dialects.sse import SseEvent
from baton.upstream.directory import declared
from tests.contracts.canned import good

SPECS = {spec.name: spec for spec in declared()}


def text_of(dialect: Dialect, provider: str, **fields: Any) -> str:
    """What is read of the shortest answer with these fields beside it."""
    answer = json.loads(good(dialect)) | fields
    response = CODECS[dialect].read_answer(json.dumps(answer).encode(), SPECS[provider])
    return "".join(part.text for part in response.choices[0].parts if isinstance(part, Text))


@pytest.mark.parametrize(
    "sources", [[{"url": "https://a.example"}], [[]], [None, "https://a.example"], 5, {}]
)
def test_sources_of_any_kind_are_taken(sources: Any) -> None:
    """A list of objects where links were is no reason to lose the answer."""
    assert text_of(Dialect.OPENAI, "perplexity", citations=sources) == "Good"


@pytest.mark.parametrize("tier", [["default"], {"name": "default"}, 5, None])
def test_a_tier_of_any_kind_is_taken(tier: Any) -> None:
    """Nor is a service tier that is no word."""
    assert text_of(Dialect.OPENAI_RESPONSES, "openai", service_tier=tier) == "Good"


def test_a_thought_is_known_by_the_name_of_its_event() -> None:
    """Where its data does not repeat its type."""
    reader = CODECS[Dialect.OPENAI_RESPONSES].reader(SPECS["openai"])
    data = json.dumps({"item_id": "rs_1", "output_index": 0, "delta": "Hm"}).encode()
    event = SseEvent(data, b"", "response.reasoning_summary_text.delta")
    assert reader.read(event) == [ReasoningDelta("Hm")]
