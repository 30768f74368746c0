"""Groq. Usage of streams in `x_groq` (recording groq-4cf43a57e0); a wrong tool call is a 400."""

from baton.core.failures import Kind
from baton.core.provider import LimitHeaders, ProviderSpec, Quirks, SchemaForm, SchemaRule, Service

SPEC = ProviderSpec(
    name="groq",
    title="Groq",
    base_url="https://api.groq.com/openai/v1",
    services=frozenset({Service.TRANSCRIPTIONS}),
    # "Minimum billed length": https://console.groq.com/docs/speech-to-text
    quirks=Quirks(usage_in="x_groq", limit_name="max_completion_tokens", least_sound_s=10),
    limits=(LimitHeaders(),),
    waits={r"try again in ((?:\d+(?:\.\d+)?[a-zµ]+)+)": "continuedev/continue#10920"},
    schemas=(
        SchemaRule(
            models=r"(?!openai/gpt-oss|meta-llama/llama-4|moonshotai/kimi-k2)",
            form=SchemaForm.TOOL,
            source="https://console.groq.com/docs/structured-outputs",
        ),
    ),
    errors={
        (400, "tool_use_failed"): Kind.MALFORMED,  # recording groq-882092f654
        (498, "capacity_exceeded"): Kind.RATE_LIMIT,  # https://console.groq.com/docs/flex-processing
    },
)
