"""Ollama, on one's own machine: `OLLAMA_BASE_URL` switches it on."""

from baton.core.failures import Kind
from baton.core.provider import Auth, KnownMessage, ProviderSpec, Quirks, Service

SPEC = ProviderSpec(
    name="ollama",
    title="Ollama",
    base_url="http://127.0.0.1:11434/v1",
    services=frozenset({Service.EMBEDDINGS}),
    auth=Auth(required=False),
    # Its templates know system, user, assistant and tool (its documentation of templates).
    quirks=Quirks(takes_thoughts=True, no_developer_role=True),
    messages=(
        KnownMessage(
            Kind.CONTEXT_LENGTH,
            r"^prompt too long; exceeded max context length",
            "recording ollama-a9dfe61511",
        ),
    ),
    local=True,
)
