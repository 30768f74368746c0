"""Ollama, on one's own machine: `OLLAMA_BASE_URL` switches it on."""

from baton.core.provider import Auth, ProviderSpec

SPEC = ProviderSpec(
    name="ollama",
    title="Ollama",
    base_url="http://127.0.0.1:11434/v1",
    auth=Auth(required=False),
    local=True,
)
