"""Routes that people may look for and that this version does not have (decision 22): each says so."""

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
    "/v1beta/tunedModels": "Tuned models are not served at this path; use /v1beta/models/{model}.",
    "/v1beta/files": "Files are not served; send them inline.",
    "/v1beta/cachedContents": "Google's explicit caches are not served.",
    "/v1beta/batches": "Google's batch API is not served.",
    "/v1beta/interactions": "Google's Interactions API is not served; use :generateContent.",
    "/model/": "Bedrock's native format is not served; use /v1/chat/completions.",
    "/v1/projects/": "Vertex AI's native format is not served; use /v1/chat/completions.",
    "/v1/assistants": "Assistants are not served; use /v1/chat/completions.",
    "/v1/files": "Files are not served.",
    "/v1/batches": "OpenAI's batch API is not served.",
}


def absence(path: str) -> str | None:
    """What to say to whoever asks for a route that is known and absent; None: it is not known at all."""
    for beginning, sentence in _BEGINNINGS.items():
        if path == beginning or path.startswith(beginning.rstrip("/") + "/"):
            return sentence
    return None
