"""Perplexity. Streams end without `[DONE]`, usage beside the choices; `stream_options` are taken, usage comes
with or without them (recording perplexity-444b3574fa)."""

from baton.core.provider import ProviderSpec

SPEC = ProviderSpec(
    name="perplexity",
    title="Perplexity",
    base_url="https://api.perplexity.ai",
    capabilities=frozenset({"streaming", "json", "vision"}),
)
