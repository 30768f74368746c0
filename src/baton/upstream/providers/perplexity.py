"""Perplexity. Streams end without `[DONE]`, usage beside the choices (recording perplexity-444b3574fa)."""

from baton.core.provider import ProviderSpec, Quirks

SPEC = ProviderSpec(
    name="perplexity",
    title="Perplexity",
    base_url="https://api.perplexity.ai",
    quirks=Quirks(no_stream_options=True),
    capabilities=frozenset({"streaming", "json", "vision"}),
)
