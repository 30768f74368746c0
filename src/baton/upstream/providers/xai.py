"""xAI. No reset headers (recording xai-09a246cb79); a wrong key is a 400 (recording xai-adda48ae4a)."""

from baton.core.dialect import Dialect
from baton.core.failures import Kind
from baton.core.provider import KnownMessage, ModelClasses, ProviderSpec, Quirks, Service

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
    messages=(
        KnownMessage(Kind.CREDENTIAL, r"^incorrect api key provided", "recording xai-adda48ae4a"),
        KnownMessage(Kind.CONTEXT_LENGTH, r"maximum prompt length is \d+ but", "cline/cline#3120"),
        KnownMessage(Kind.EXHAUSTED, r"reached its monthly spending limit", "continuedev/continue#10373"),
        KnownMessage(
            Kind.CONTENT_FILTER, r"^content violates usage guidelines", "UKGovernmentBEIS/inspect_ai#2267"
        ),
    ),
    classes=ModelClasses(default="grok-4.3", cheap="grok-4.3", premium="grok-4.7"),
)
