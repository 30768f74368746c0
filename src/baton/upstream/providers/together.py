"""Together. Limit headers in seconds (recording together-1a98f80611)."""

from baton.core.provider import LimitHeaders, ProviderSpec

SPEC = ProviderSpec(
    name="together",
    title="Together AI",
    base_url="https://api.together.xyz/v1",
    limits=LimitHeaders(remaining="x-ratelimit-remaining", reset="x-ratelimit-reset"),
)
