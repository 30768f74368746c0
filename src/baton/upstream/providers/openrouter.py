"""OpenRouter. The reset is Unix milliseconds (recording openrouter-2dc3eeb43b); codes are numbers."""

from baton.core.dialect import Dialect
from baton.core.failures import Kind
from baton.core.provider import KnownMessage, LimitHeaders, ProviderSpec, Quirks, Service, WaitForm

SPEC = ProviderSpec(
    name="openrouter",
    title="OpenRouter",
    base_url="https://openrouter.ai/api/v1",
    also=frozenset({Dialect.OPENAI_RESPONSES}),
    services=frozenset({Service.EMBEDDINGS}),
    # Its guides on reasoning tokens and prompt caching, and its API reference.
    quirks=Quirks(takes_top_k=True, takes_thoughts=True, takes_signatures=True, takes_cache_marks=True),
    limits=LimitHeaders(
        remaining="x-ratelimit-remaining",
        reset="x-ratelimit-reset",
        reset_form=WaitForm.UNIX_MS,
    ),
    messages=(
        KnownMessage(
            pattern=r"maximum context length is \d+ tokens",
            kind=Kind.CONTEXT_LENGTH,
            source="recording openrouter-ac945964d7",
        ),
    ),
)
