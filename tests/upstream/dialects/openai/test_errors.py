"""What an error means, and what of it reaches the caller."""

import json
from typing import Any

import pytest

from baton.core.failures import Kind
from baton.upstream.dialects.openai.errors import error_inside
from baton.upstream.directory import declared

SPECS = {spec.name: spec for spec in declared()}


@pytest.mark.parametrize(
    ("provider", "error", "kind"),
    [
        ("openrouter", {"code": 429, "message": "slow down"}, Kind.RATE_LIMIT),
        ("openrouter", {"code": 402, "message": "no credit left"}, Kind.EXHAUSTED),
        ("openrouter", {"code": 401, "message": "who are you"}, Kind.CREDENTIAL),
        ("openrouter", {"code": 502, "message": "upstream is down"}, Kind.SERVER),
        ("openrouter", {"code": 400, "message": "no such thing"}, Kind.BAD_REQUEST),
        ("groq", {"status_code": 400, "code": "tool_use_failed", "message": "no call"}, Kind.MALFORMED),
        ("openai", {"type": "server_error", "message": "The server had an error"}, Kind.SERVER),
        ("openai", {"message": "something", "code": None}, Kind.SERVER),
        ("openai", "something", Kind.SERVER),
    ],
)
def test_an_error_inside_an_answer_means_what_its_own_status_says(
    provider: str, error: Any, kind: Kind
) -> None:
    """An error in a 200 is classified as if it had come with the status it states; without one, it is the
    provider's failure."""
    assert error_inside(SPECS[provider], error).kind is kind


def test_an_error_inside_an_answer_keeps_its_words() -> None:
    """Message, type, code, param and further fields are there for the caller."""
    error = {
        "message": "Tool choice is required, but model did not call a tool",
        "type": "invalid_request_error",
        "code": "tool_use_failed",
        "param": "tools",
        "failed_generation": "maybe",
        "status_code": 400,
    }
    failure = error_inside(SPECS["groq"], json.loads(json.dumps(error)))
    assert failure.message == error["message"]
    assert (failure.type, failure.code, failure.param) == (error["type"], error["code"], error["param"])
    assert failure.extra == {"failed_generation": "maybe", "status_code": 400}
    assert failure.status == 400
