"""Fireworks (API reference: chat completions; guide on reasoning)."""

from baton.core.provider import ProviderSpec, Quirks, Service

SPEC = ProviderSpec(
    name="fireworks",
    title="Fireworks AI",
    base_url="https://api.fireworks.ai/inference/v1",
    services=frozenset({Service.EMBEDDINGS}),
    quirks=Quirks(takes_top_k=True, takes_thoughts=True),
)
