"""The routes beside chat."""

from baton.api.compat.described.chats import OPENAI
from baton.api.compat.described.shapes import (
    ANSWER,
    BATON,
    MODEL,
    OBJECTS,
    SWITCH,
    TEXT,
    WHOLE,
    Schema,
    body,
    json_body,
    operation,
)

_TEXTS: Schema = {"type": "array", "minItems": 1, "items": TEXT}
_TOKENS: Schema = {"type": "array", "minItems": 1, "items": WHOLE}

_EMBEDDING = body(
    ["model", "input"],
    "OpenAI's own body",
    model=MODEL,
    input={"anyOf": [TEXT, _TEXTS, _TOKENS, {"type": "array", "minItems": 1, "items": _TOKENS}]},
    dimensions=WHOLE,
    encoding_format={"enum": ["float", "base64"]},
)
_IMAGE = body(
    ["prompt"],
    "OpenAI's own body",
    model=MODEL,
    prompt=TEXT,
    n=WHOLE,
    size=TEXT,
    quality=TEXT,
    response_format={"enum": ["url", "b64_json"]},
)
_MODERATION = body(["input"], "OpenAI's own body", model=MODEL, input={"anyOf": [TEXT, _TEXTS, OBJECTS]})
_FORM: Schema = {
    "type": "object",
    "required": ["model", "file"],
    "properties": {
        "model": MODEL,
        "file": {"type": "string", "format": "binary", "description": "The recording."},
        "response_format": {"enum": ["json", "text", "srt", "verbose_json", "vtt", "diarized_json"]},
        "language": TEXT,
        "prompt": TEXT,
        "stream": {**SWITCH, "description": "Only false."},
        "baton": BATON,
    },
}

ERRANDS: dict[str, Schema] = {
    "/v1/embeddings": operation(
        OPENAI,
        "Embeddings",
        "Vectors of texts. Name the model: those of different models cannot be compared.",
        json_body(
            _EMBEDDING,
            one={"model": "simulated/embedding", "input": "Say hello."},
            several={"model": "simulated/embedding", "input": ["Hello", "World"], "dimensions": 64},
        ),
        ANSWER,
    ),
    "/v1/images/generations": operation(
        OPENAI,
        "Images",
        "Pictures made from a text.",
        json_body(_IMAGE, plain={"model": "simulated/image", "prompt": "A lighthouse at dusk"}),
        ANSWER,
    ),
    "/v1/audio/transcriptions": operation(
        OPENAI,
        "Transcriptions",
        "The words of a recording, in the format that is asked for.",
        {"multipart/form-data": {"schema": _FORM}},
        {**ANSWER, "text/plain": {"schema": TEXT}},
    ),
    "/v1/moderations": operation(
        OPENAI,
        "Moderations",
        "Whether texts or images are harmful, and how.",
        json_body(_MODERATION, plain={"input": "Say hello."}),
        ANSWER,
    ),
}
