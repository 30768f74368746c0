"""Fireworks (API reference: chat completions; guide on reasoning)."""

from baton.core.failures import Kind
from baton.core.provider import KnownMessage, ProviderSpec, Quirks, Service

SPEC = ProviderSpec(
    name="fireworks",
    title="Fireworks AI",
    base_url="https://api.fireworks.ai/inference/v1",
    services=frozenset({Service.EMBEDDINGS}),
    quirks=Quirks(takes_top_k=True, takes_thoughts=True),
    messages=(
        KnownMessage(Kind.CONTEXT_LENGTH, r"^the prompt is too long: \d+, model max", "fw-ai/cookbook#134"),
    ),
)
