"""Mistral. Usage comes by itself at a stream's end; errors as `detail` (recording mistral-e56e3b1fe6)."""

from baton.core.provider import LimitHeaders, ProviderSpec, Quirks

SPEC = ProviderSpec(
    name="mistral",
    title="Mistral",
    base_url="https://api.mistral.ai/v1",
    quirks=Quirks(no_stream_options=True),
    limits=LimitHeaders(remaining="ratelimitbysize-remaining", reset="ratelimitbysize-reset"),
)
