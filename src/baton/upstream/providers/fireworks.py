"""Fireworks (API reference: chat completions)."""

from baton.core.provider import ProviderSpec

SPEC = ProviderSpec(
    name="fireworks",
    title="Fireworks AI",
    base_url="https://api.fireworks.ai/inference/v1",
)
