"""Mistral. Usage comes by itself at a stream's end; errors as `detail` (recording mistral-e56e3b1fe6)."""

from baton.core.failures import Kind
from baton.core.provider import KnownMessage, LimitHeaders, ProviderSpec, Quirks, Service, WaitForm

_SEEN = "https://github.com/badlogic/pi-mono/blob/main/packages/ai/src/utils/overflow.ts"
_LIMITS = LimitHeaders(
    remaining="ratelimitbysize-remaining", reset="ratelimitbysize-reset", reset_form=WaitForm.SECONDS
)
SPEC = ProviderSpec(
    name="mistral",
    title="Mistral",
    base_url="https://api.mistral.ai/v1",
    services=frozenset({Service.EMBEDDINGS, Service.TRANSCRIPTIONS, Service.MODERATIONS}),
    # Call ids: magentic issue 276. The roles of its API reference are system, user, assistant and tool.
    quirks=Quirks(no_stream_options=True, no_developer_role=True, short_call_ids=True),
    limits=(_LIMITS,),
    messages=(
        KnownMessage(Kind.CONTEXT_LENGTH, r"too large for model with \d+ maximum context length", _SEEN),
    ),
)
