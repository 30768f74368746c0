"""vLLM's OpenAI-compatible server, on one's own machine: `VLLM_BASE_URL` switches it on."""

from baton.core.failures import Kind
from baton.core.provider import Auth, KnownMessage, ProviderSpec, Quirks, Service

SPEC = ProviderSpec(
    name="vllm",
    title="vLLM",
    base_url="http://127.0.0.1:8000/v1",
    services=frozenset(Service),
    auth=Auth(required=False),
    # Further parameters: its guide to the OpenAI-compatible server.
    quirks=Quirks(takes_top_k=True, takes_thoughts=True),
    messages=(
        KnownMessage(Kind.CONTEXT_LENGTH, r"maximum context length is \d+ tokens", "vllm-project/vllm#33425"),
        # What FastAPI, on which it runs, says of a path that is not served.
        KnownMessage(Kind.SERVER, r"^not found$", "https://fastapi.tiangolo.com/tutorial/handling-errors/"),
    ),
    local=True,
)
