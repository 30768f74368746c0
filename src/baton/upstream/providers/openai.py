"""OpenAI. Limit headers: rate-limits guide; errors: error-codes guide."""

from baton.core.dialect import Dialect
from baton.core.failures import Kind
from baton.core.provider import KnownMessage, LimitHeaders, ModelClasses, ProviderSpec, Quirks, Service

SPEC = ProviderSpec(
    name="openai",
    title="OpenAI",
    base_url="https://api.openai.com/v1",
    also=frozenset({Dialect.OPENAI_RESPONSES}),
    services=frozenset(Service),
    quirks=Quirks(limit_name="max_completion_tokens"),
    # "schema must be a JSON Schema of 'type: "object"'": podly-pure-podcasts/podly_pure_podcasts, pull 89
    only_objects=True,
    limits=(
        LimitHeaders(
            names=("requests", "tokens", "input-images", "tokens-usage-based", "tokens_usage_based"),
        ),
    ),
    messages=(KnownMessage(Kind.SERVER, r"^invalid url \(", "harry0703/MoneyPrinterTurbo#57"),),
    waits={r"try again in ((?:\d+(?:\.\d+)?[a-zµ]+)+)": "continuedev/continue#11472"},
    capabilities=frozenset({"streaming", "tools", "json", "vision", "audio"}),
    classes=ModelClasses(default="gpt-6.1-terra", cheap="gpt-6-luna", premium="gpt-6.1-sol"),
)
