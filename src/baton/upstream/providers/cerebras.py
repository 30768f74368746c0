"""Cerebras (API reference: chat completions, rate limits)."""

from baton.core.provider import ProviderSpec, Quirks

SPEC = ProviderSpec(
    name="cerebras",
    title="Cerebras",
    base_url="https://api.cerebras.ai/v1",
    quirks=Quirks(limit_name="max_completion_tokens"),
    capabilities=frozenset({"streaming", "tools", "json"}),
)
