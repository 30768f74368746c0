"""vLLM's OpenAI-compatible server, on one's own machine: `VLLM_BASE_URL` switches it on."""

from baton.core.provider import Auth, ProviderSpec

SPEC = ProviderSpec(
    name="vllm",
    title="vLLM",
    base_url="http://127.0.0.1:8000/v1",
    auth=Auth(required=False),
    local=True,
)
