"""OpenAI. Limit headers: rate-limits guide; errors: error-codes guide."""

from baton.core.dialect import Dialect
from baton.core.provider import LimitHeaders, ModelClasses, ProviderSpec, Quirks, Service, WaitForm

SPEC = ProviderSpec(
    name="openai",
    title="OpenAI",
    base_url="https://api.openai.com/v1",
    also=frozenset({Dialect.OPENAI_RESPONSES}),
    services=frozenset(Service),
    quirks=Quirks(limit_name="max_completion_tokens"),
    # "schema must be a JSON Schema of 'type: "object"'": podly-pure-podcasts/podly_pure_podcasts, pull 89
    only_objects=True,
    limits=LimitHeaders(
        remaining="x-ratelimit-remaining-{}",
        reset="x-ratelimit-reset-{}",
        reset_form=WaitForm.GO_DURATION,
    ),
    capabilities=frozenset({"streaming", "tools", "json", "vision", "audio"}),
    classes=ModelClasses(default="gpt-6.1-terra", cheap="gpt-6-luna", premium="gpt-6.1-sol"),
)
