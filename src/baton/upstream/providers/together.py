"""Together. Limit headers in seconds and `top_k` (recording together-1a98f80611)."""

from baton.core.provider import LimitHeaders, ProviderSpec, Quirks, Service

SPEC = ProviderSpec(
    name="together",
    title="Together AI",
    base_url="https://api.together.xyz/v1",
    services=frozenset({Service.EMBEDDINGS, Service.IMAGES, Service.TRANSCRIPTIONS}),
    quirks=Quirks(takes_top_k=True),
    limits=LimitHeaders(remaining="x-ratelimit-remaining", reset="x-ratelimit-reset"),
)
