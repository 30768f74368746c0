"""What a request lets its provider do by itself, and is charged by the piece."""

import pytest

from baton.core.request import Envelope, Options
from baton.upstream.dialects.anthropic.envelope import read_envelope as read_anthropic
from baton.upstream.dialects.openai.envelope import read_envelope as read_openai
from baton.upstream.dialects.own_tools import USUAL_SEARCHES, searches_by
from baton.upstream.dialects.responses.envelope import read_envelope as read_responses

CHAT = b'{"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":5'
RESPONSE = b'{"model":"m","input":"x"'


def openai(fields: bytes) -> Envelope:
    return read_openai(CHAT + fields + b"}", lambda _: Options(), {})


@pytest.mark.parametrize(
    ("tools", "searches"),
    [
        (b"null", 0),
        (b'[{"type":"function","function":{"name":"search"}}]', 0),
        (b'[{"type":"web_search"}]', USUAL_SEARCHES),
        (b'[{"type":"web_search_20250305","name":"web_search","max_uses":3}]', 3),
        (b'[{"type":"web_search","max_uses":3},{"type":"file_search"}]', 3 + USUAL_SEARCHES),
        (b'[{"type":"web\\u005fs\\u0065arch"}]', USUAL_SEARCHES),
        (b'{"search":1}', USUAL_SEARCHES),
        (b'[{"type":"web_search","max_uses":-5}]', 0),
    ],
)
def test_searches_are_foreseen_where_a_provider_makes_them(tools: bytes, searches: int) -> None:
    """By their tools' types, however these are spelt, as often as the request lets them."""
    assert searches_by(tools) == searches


def test_each_dialect_tells_what_it_asks_for_besides() -> None:
    """Searches, and processing that has another price; what means the usual is none."""
    assert openai(b',"web_search_options":{}').searches == USUAL_SEARCHES
    assert openai(b"").searches == 0
    assert openai(b',"service_tier":"Priority"').processing == "priority"
    assert openai(b',"service_tier":"auto"').processing == ""
    fields = b',"tools":[{"type":"web_search"}],"max_tool_calls":2,"service_tier":"flex"}'
    response = read_responses(RESPONSE + fields, lambda _: Options(), {})
    assert (response.searches, response.processing) == (2, "flex")
    fields = b',"speed":"fast","tools":[{"type":"web_search_20250305","max_uses":4}]}'
    message = read_anthropic(CHAT + fields, lambda _: Options(), {})
    assert (message.searches, message.processing) == (4, "fast")


@pytest.mark.parametrize(
    "limits",
    [
        b',"max_completion_tokens":1,"max_tokens":8000',
        b',"max_completion_tokens":8000',
        b',"max_completion_tokens":8000,"max_tokens":1',
    ],
)
def test_of_two_limits_the_larger_is_held_for(limits: bytes) -> None:
    """Which of them its provider obeys is the provider's choice."""
    body = b'{"model":"m","messages":[{"role":"user","content":"x"}]' + limits + b"}"
    assert read_openai(body, lambda _: Options(), {}).max_tokens == 8000
