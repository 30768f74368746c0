"""Perplexity. Streams end without `[DONE]`, usage beside the choices; `stream_options` are taken, usage comes
with or without them (recording perplexity-444b3574fa). Sources are URLs beside the choices."""

from baton.core.provider import ProviderSpec, Quirks

SPEC = ProviderSpec(
    name="perplexity",
    title="Perplexity",
    base_url="https://api.perplexity.ai",
    quirks=Quirks(sources_in="citations"),
    capabilities=frozenset({"streaming", "json", "vision"}),
)
