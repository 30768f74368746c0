"""Interactions to record."""

from baton.core.usage import Usage
from baton.ledger.rows import Attempt, Cost, Opened, PriceUsed, Settled


def an_opened(id: str, **other: object) -> Opened:
    """A beginning as the gateway writes it."""
    fields: dict[str, object] = {
        "id": id,
        "user_id": "01900000-0000-7000-8000-000000000001",
        "key_id": "01900000-0000-7000-8000-000000000002",
        "tier": "master",
        "route": "/v1/chat/completions",
        "dialect": "openai",
        "model": "gpt-4o-mini",
        "stream": False,
        "prompt_tokens": 120,
        "estimated_cost": Cost(input_nanos=18_000, output_nanos=90_000),
        "first_provider": "openai",
        "first_model": "gpt-4o-mini",
    }
    return Opened(**(fields | other))  # pyright: ignore[reportArgumentType]


def an_attempt(**other: object) -> Attempt:
    """An attempt that succeeded."""
    fields: dict[str, object] = {
        "provider": "openai",
        "model": "gpt-4o-mini",
        "started_ms": 1,
        "took_ms": 640,
        "first_token_ms": 210,
        "status": "ok",
        "http_status": 200,
        "credential": "a1b2",
        "usage": Usage(prompt=118, completion=42, cached=64),
        "cost": Cost(input_nanos=12_900, output_nanos=25_200),
    }
    return Attempt(**(fields | other))  # pyright: ignore[reportArgumentType]


def a_settled(id: str, **other: object) -> Settled:
    """An end as the gateway writes it."""
    fields: dict[str, object] = {
        "id": id,
        "status": "ok",
        "attempts": (an_attempt(),),
        "usage": Usage(prompt=118, completion=42, cached=64),
        "provider": "openai",
        "model": "gpt-4o-mini",
        "model_version": "gpt-4o-mini-2024-07-18",
        "price": PriceUsed(input=150_000_000, output=600_000_000, cached=75_000_000, revision="2026-01-01"),
        "latency_ms": 643,
        "upstream_ms": 640,
        "first_token_ms": 212,
        "overhead_us": 190,
        "generated_chars": 180,
        "finish": "stop",
        "http_status": 200,
    }
    return Settled(**(fields | other))  # pyright: ignore[reportArgumentType]
