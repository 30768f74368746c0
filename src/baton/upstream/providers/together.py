"""Together. Limit headers in seconds and `top_k` (recording together-1a98f80611)."""

from baton.core.failures import Kind
from baton.core.provider import KnownMessage, LimitHeaders, ProviderSpec, Quirks, Service, WaitForm

_LIMITS = LimitHeaders(
    remaining="x-ratelimit-remaining", reset="x-ratelimit-reset", reset_form=WaitForm.SECONDS
)
SPEC = ProviderSpec(
    name="together",
    title="Together AI",
    base_url="https://api.together.xyz/v1",
    services=frozenset({Service.EMBEDDINGS, Service.IMAGES, Service.TRANSCRIPTIONS}),
    quirks=Quirks(takes_top_k=True),
    limits=(_LIMITS,),
    messages=(
        KnownMessage(
            Kind.CONTEXT_LENGTH, r"`inputs` tokens \+ `max_new_tokens` must be <=", "stanford-crfm/helm#2079"
        ),
    ),
)
