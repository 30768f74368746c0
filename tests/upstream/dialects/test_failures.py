"""What errors mean by their status, by their code and, where there is neither, by their words."""

import json
from typing import Any

import pytest

from baton.core.errors import AllAttemptsFailed
from baton.core.failures import RULES, Again, Failure, Kind
from baton.upstream.dialects.openai.errors import error_inside
from baton.upstream.dialects.registry import CODECS
from baton.upstream.dialects.responses.errors import failure_inside
from baton.upstream.directory import declared

SPECS = {spec.name: spec for spec in declared()}
PAGE = b"<!DOCTYPE html><html><title>404 Not Found</title></html>"


def read(provider: str, status: int, body: object, headers: dict[str, str] | None = None) -> Failure:
    """What an error answer of a provider means."""
    spec = SPECS[provider]
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return CODECS[spec.dialect].read_failure(spec, status, headers or {}, data, 0.0)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Kind.BAD_REQUEST),
        (401, Kind.CREDENTIAL),
        (402, Kind.EXHAUSTED),
        (403, Kind.CREDENTIAL),
        (404, Kind.MODEL_GONE),
        (408, Kind.CONFLICT),
        (409, Kind.CONFLICT),
        (410, Kind.MODEL_GONE),
        (413, Kind.CONTEXT_LENGTH),
        (422, Kind.BAD_REQUEST),
        (425, Kind.CONFLICT),
        (429, Kind.RATE_LIMIT),
        (500, Kind.SERVER),
        (502, Kind.SERVER),
        (503, Kind.SERVER),
        (504, Kind.SERVER),
        (529, Kind.SERVER),
    ],
)
@pytest.mark.parametrize("provider", ["openai", "anthropic", "google"])
def test_a_status_has_the_kind_of_the_table(provider: str, status: int, kind: Kind) -> None:
    """Where a provider says no more, in every dialect alike."""
    assert read(provider, status, {"error": {"message": "no"}}).kind is kind


@pytest.mark.parametrize(
    ("provider", "status", "error", "kind"),
    [
        ("openai", 429, {"code": "insufficient_quota", "message": "You exceeded your quota"}, Kind.EXHAUSTED),
        ("openai", 429, {"type": "billing_not_active", "message": "not active"}, Kind.EXHAUSTED),
        ("openai", 400, {"code": "context_length_exceeded", "message": "too long"}, Kind.CONTEXT_LENGTH),
        ("azure", 400, {"code": "content_filter", "message": "filtered"}, Kind.CONTENT_FILTER),
        ("azure", 404, {"code": "DeploymentNotFound", "message": "does not exist"}, Kind.MODEL_GONE),
        ("groq", 413, {"code": "rate_limit_exceeded", "message": "Request too large"}, Kind.RATE_LIMIT),
        ("groq", 498, {"code": "capacity_exceeded", "message": "at capacity"}, Kind.RATE_LIMIT),
        ("openrouter", 403, {"code": 403, "message": "Key limit exceeded (total limit)."}, Kind.EXHAUSTED),
        (
            "openrouter",
            403,
            {"code": 403, "message": 'a/b requires moderation on Azure. Your input was flagged for "x".'},
            Kind.CONTENT_FILTER,
        ),
        (
            "openrouter",
            400,
            {
                "code": 400,
                "message": "Provider returned error",
                "metadata": {"raw": '{"message": "This model\'s maximum context length is 262144 tokens."}'},
            },
            Kind.CONTEXT_LENGTH,
        ),
        (
            "anthropic",
            400,
            {"type": "invalid_request_error", "message": "You have reached your specified API usage limits."},
            Kind.EXHAUSTED,
        ),
    ],
)
def test_a_code_or_known_words_say_more_than_the_status(
    provider: str, status: int, error: dict[str, Any], kind: Kind
) -> None:
    """A key is not marked invalid for a flagged prompt, and a spent one is not asked again."""
    assert read(provider, status, {"error": error}).kind is kind


@pytest.mark.parametrize(
    ("provider", "status", "body", "kind"),
    [
        (
            "xai",
            400,
            {"error": "This model's maximum prompt length is 131072 but the request contains 136973 tokens."},
            Kind.CONTEXT_LENGTH,
        ),
        (
            "xai",
            429,
            {"error": "Your team has used all available credits or reached its monthly spending limit."},
            Kind.EXHAUSTED,
        ),
        (
            "xai",
            403,
            {"code": "no permission", "error": "Content violates usage guidelines. Failed check: BIO"},
            Kind.CONTENT_FILTER,
        ),
        (
            "mistral",
            400,
            {"message": "Prompt contains 40 tokens, too large for model with 32 maximum context length"},
            Kind.CONTEXT_LENGTH,
        ),
        (
            "together",
            422,
            {
                "error": {
                    "message": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048."
                }
            },
            Kind.CONTEXT_LENGTH,
        ),
        (
            "fireworks",
            400,
            {"error": {"message": "The prompt is too long: 40177, model maximum context length: 32767"}},
            Kind.CONTEXT_LENGTH,
        ),
        (
            "vllm",
            400,
            {"error": {"message": "This model's maximum context length is 4096 tokens.", "code": 400}},
            Kind.CONTEXT_LENGTH,
        ),
    ],
)
def test_words_are_known_where_there_is_no_code(provider: str, status: int, body: Any, kind: Kind) -> None:
    """Each provider's own, from its own file."""
    assert read(provider, status, body).kind is kind


@pytest.mark.parametrize(
    ("provider", "status", "body"),
    [
        ("openai", 404, {"error": {"code": None, "message": "Invalid URL (POST /chat/completions)"}}),
        ("openai", 404, {"error": {"code": "unknown_url", "message": "Unknown request URL: POST /v1."}}),
        ("groq", 404, {"error": {"code": "unknown_url", "message": "Unknown request URL: POST /v1."}}),
        ("azure", 404, {"error": {"code": "404", "message": "Resource not found"}}),
        ("vllm", 404, {"detail": "Not Found"}),
        ("ollama", 404, b"404 page not found"),
        ("openai", 404, b""),
        ("openai", 405, {"detail": "Method Not Allowed"}),
        ("openai", 301, b""),
        *[
            (provider, status, PAGE)
            for provider in ("openai", "anthropic", "google")
            for status in (400, 403, 404)
        ],
    ],
)
def test_a_wrong_address_is_no_gone_model(provider: str, status: int, body: Any) -> None:
    """What is served somewhere else, or stopped before the API, is a failure of that route: neither the model
    nor the key nor the request is blamed, and another route is asked."""
    found = read(provider, status, body)
    assert found.kind is Kind.SERVER
    assert found.rule.falls_back


@pytest.mark.parametrize("status", [401, 402, 413, 429])
def test_a_page_of_html_keeps_a_status_that_is_plain(status: int) -> None:
    """A front server's own 413 or 429 means what the API's would."""
    assert read("openai", status, PAGE).kind is read("openai", status, {"error": {}}).kind


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "insufficient_quota", "message": "spent"}, Kind.EXHAUSTED),
        ({"code": "rate_limit_exceeded", "message": "Please try again in 34.337s."}, Kind.RATE_LIMIT),
        ({"code": "context_length_exceeded", "message": "too long"}, Kind.CONTEXT_LENGTH),
        ({"code": "content_filter", "message": "filtered"}, Kind.CONTENT_FILTER),
        ({"code": "server_error", "message": "sorry"}, Kind.SERVER),
        ({"type": "invalid_request_error", "message": "what"}, Kind.SERVER),
    ],
)
def test_a_code_inside_a_stream_counts_where_no_status_is_named(error: dict[str, Any], kind: Kind) -> None:
    """In a chat's stream as in one of Responses; a wait in its words is known too."""
    for found in (error_inside(SPECS["openai"], error), failure_inside(SPECS["openai"], error)):
        assert found.kind is kind
        assert found.retry_after_s == (34.337 if kind is Kind.RATE_LIMIT else None)


@pytest.mark.parametrize("provider", ["openai", "anthropic", "google"])
def test_a_provider_may_say_that_asking_again_is_no_use(provider: str) -> None:
    """`x-should-retry: false` takes the same route out, and leaves the others; `true` allows nothing that the
    table does not."""
    for status in (429, 503):
        final = read(provider, status, {"error": {}}, {"x-should-retry": "false"})
        assert final.rule.again is Again.NEVER
        assert final.rule.falls_back
        assert read(provider, status, {"error": {}}, {"x-should-retry": "true"}).rule is RULES[final.kind]
    assert read(provider, 400, {"error": {}}, {"x-should-retry": "true"}).rule.again is Again.NEVER


def test_a_caller_is_told_not_to_try_again_where_every_provider_says_so() -> None:
    """One that might have served later leaves hope."""
    final = read("openai", 429, {"error": {}}, {"x-should-retry": "false"})
    hopeful = read("anthropic", 529, {"error": {}})
    assert not AllAttemptsFailed([("a/b", final, 1), ("c/d", final, 1)]).retryable
    assert AllAttemptsFailed([("a/b", hopeful, 1), ("c/d", final, 1)]).retryable
