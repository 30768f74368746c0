"""Routes that people may look for and that this version does not have (decision 22): each says so."""

from baton.api.spoken import UNVERSIONED

_BEGINNINGS = {
    "/v1/completions": "The legacy completions API is not served; use /v1/chat/completions.",
    "/v1/realtime": "The realtime API is not served.",
    "/v1/rerank": "Reranking is not served.",
    "/v2/rerank": "Reranking is not served.",
    "/mcp": "The Model Context Protocol is not served.",
    "/v1/mcp": "The Model Context Protocol is not served.",
    "/v1/responses": "Stored responses are not served: Baton stores none.",
    "/v1/images": "Of images only their making from a text is served, at /v1/images/generations.",
    "/v1/audio": "Of audio only transcription is served, at /v1/audio/transcriptions.",
    "/v1/messages/batches": "Anthropic's batch API is not served.",
    "/v1beta/files": "Files are not served; send them inline.",
    "/v1beta/batches": "Google's batch API is not served.",
    **{
        f"{version}/{name}": sentence
        for version in ("/v1beta", "/v1")
        for name, sentence in {
            "tunedModels": "Tuned models are not served at this path; use /v1beta/models/{model}.",
            "cachedContents": "Google's explicit caches are not served.",
            "interactions": "Google's Interactions API is not served; use :generateContent.",
        }.items()
    },
    "/model/": "Bedrock's native format is not served; use /v1/chat/completions.",
    "/v1/projects/": "Vertex AI's native format is not served; use /v1/chat/completions.",
    "/v1/assistants": "Assistants are not served; use /v1/chat/completions.",
    "/v1/files": "Files are not served.",
    "/v1/batches": "Batch APIs are not served.",
    "/v1/v1": "The base URL has a /v1 too many: the SDK adds its own.",
    "/v1/v1beta": "The base URL has a /v1 too many: the SDK adds a version of its own.",
    "/v1beta/v1beta": "The base URL has a /v1beta too many: the SDK adds its own.",
    **dict.fromkeys(UNVERSIONED, "The base URL lacks its end: OpenAI's SDKs need this address with /v1."),
}


def absence(path: str) -> str | None:
    """What to say to whoever asks for a route that is known and absent; None: it is not known at all."""
    if path == "/":
        return "Baton is asked by programs; its routes are shown at /docs."
    for beginning, sentence in _BEGINNINGS.items():
        if path == beginning or path.startswith(beginning.rstrip("/") + "/"):
            return sentence
    return None
