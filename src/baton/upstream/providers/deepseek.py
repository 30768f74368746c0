"""DeepSeek. Says usage on the last choice's chunk; cached tokens as `prompt_cache_hit_tokens`."""

from baton.core.dialect import Dialect
from baton.core.failures import Kind
from baton.core.provider import KnownMessage, ModelClasses, ProviderSpec, Quirks, SchemaForm, SchemaRule

SPEC = ProviderSpec(
    name="deepseek",
    title="DeepSeek",
    base_url="https://api.deepseek.com",
    also=frozenset({Dialect.OPENAI_RESPONSES}),
    # Thoughts go back (recordings); of `developer` it says: unknown variant (openclaw issue 5704).
    quirks=Quirks(takes_thoughts=True, no_developer_role=True),
    messages=(
        KnownMessage(
            Kind.CONTEXT_LENGTH, r"maximum context length is \d+ tokens", "recording deepseek-bf6635378f"
        ),
    ),
    schemas=(
        SchemaRule(
            models="", form=SchemaForm.JSON_OBJECT, source="https://api-docs.deepseek.com/guides/json_mode"
        ),
    ),
    capabilities=frozenset({"streaming", "tools", "json"}),
    classes=ModelClasses(default="deepseek-flash", cheap="deepseek-flash", premium="deepseek-v4-pro"),
)
