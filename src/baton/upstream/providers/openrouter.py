"""OpenRouter. The reset is Unix milliseconds (recording openrouter-2dc3eeb43b); codes are numbers."""

from baton.core.dialect import Dialect
from baton.core.failures import Kind
from baton.core.provider import KnownMessage, LimitHeaders, ProviderSpec, Quirks, Service, WaitForm

_ERRORS = "https://openrouter.ai/docs/api/reference/errors-and-debugging"
_LIMITS = LimitHeaders(
    remaining="x-ratelimit-remaining", reset="x-ratelimit-reset", reset_form=WaitForm.UNIX_MS
)
SPEC = ProviderSpec(
    name="openrouter",
    title="OpenRouter",
    base_url="https://openrouter.ai/api/v1",
    also=frozenset({Dialect.OPENAI_RESPONSES}),
    services=frozenset({Service.EMBEDDINGS}),
    # Its guides on reasoning tokens and prompt caching, and its API reference.
    quirks=Quirks(takes_top_k=True, takes_thoughts=True, takes_signatures=True, takes_cache_marks=True),
    limits=(_LIMITS,),
    messages=(
        KnownMessage(
            Kind.CONTEXT_LENGTH, r"maximum context length is \d+ tokens", "recording openrouter-ac945964d7"
        ),
        KnownMessage(Kind.CONTENT_FILTER, r"requires moderation on .*your input was flagged", _ERRORS),
        KnownMessage(Kind.EXHAUSTED, r"^key limit exceeded", "gptme/gptme#1449"),
    ),
)
