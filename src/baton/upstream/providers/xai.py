"""xAI. No reset headers (recording xai-09a246cb79); a wrong key is a 400 (recording xai-adda48ae4a)."""

from baton.core.dialect import Dialect
from baton.core.failures import Kind
from baton.core.provider import KnownMessage, LimitHeaders, ModelClasses, ProviderSpec, Quirks, Service

SPEC = ProviderSpec(
    name="xai",
    title="xAI",
    base_url="https://api.x.ai/v1",
    also=frozenset({Dialect.OPENAI_RESPONSES}),
    services=frozenset({Service.IMAGES}),
    aliases=("grok",),
    key_names=("GROK_API_KEY",),
    # Thoughts go back (recordings); `developer` is refused (openclaw's model-compat).
    quirks=Quirks(reasoning_beside_completion=True, takes_thoughts=True, no_developer_role=True),
    limits=LimitHeaders(remaining="x-ratelimit-remaining-{}"),
    messages=(
        KnownMessage(
            pattern=r"^incorrect api key provided", kind=Kind.CREDENTIAL, source="recording xai-adda48ae4a"
        ),
    ),
    classes=ModelClasses(default="grok-4.3", cheap="grok-4.3", premium="grok-4.7"),
)
