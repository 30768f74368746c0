"""The chat routes of all dialects, and the counting of their tokens."""

from baton.api.compat.described.shapes import (
    ANSWER,
    ANSWER_OR_STREAM,
    MODEL,
    OBJECT,
    OBJECTS,
    SWITCH,
    TEXT,
    WHOLE,
    Schema,
    body,
    json_body,
    operation,
    paid,
)

OPENAI, ANTHROPIC, GOOGLE = "OpenAI-compatible", "Anthropic-compatible", "Google-compatible"
"""Tags."""

_HELLO = [{"role": "user", "content": "Say hello."}]
_COUNT = [{"role": "user", "content": "Count to three."}]
_CONTENTS = [{"role": "user", "parts": [{"text": "Say hello."}]}]
_CONTENT: Schema = {"anyOf": [TEXT, OBJECTS]}
_IN_PATH: list[Schema] = [{"name": "model_id", "in": "path", "required": True, "schema": MODEL}]
_MODELS = "/v1beta/models/{model_id}"

_COMPLETION = body(
    ["model", "messages"],
    "OpenAI's own body",
    model=MODEL,
    messages={"type": "array", "minItems": 1, "items": OBJECT},
    stream=SWITCH,
    stream_options={"type": "object", "properties": {"include_usage": SWITCH}},
    max_completion_tokens=WHOLE,
    temperature={"type": "number"},
    tools=OBJECTS,
    response_format=OBJECT,
)
_RESPONSE = body(
    ["input"],
    "OpenAI's own body",
    model=MODEL,
    input=_CONTENT,
    instructions=TEXT,
    stream=SWITCH,
    store={"type": "boolean", "description": "Only false: Baton stores no responses."},
    max_output_tokens=WHOLE,
    tools=OBJECTS,
    reasoning=OBJECT,
    text=OBJECT,
)
_TURNS: Schema = {
    "model": MODEL,
    "messages": {"type": "array", "minItems": 1, "items": OBJECT},
    "system": _CONTENT,
    "tools": OBJECTS,
}
_MESSAGE = body(
    ["model", "messages", "max_tokens"],
    "Anthropic's own body",
    max_tokens=WHOLE,
    stream=SWITCH,
    thinking=OBJECT,
    **_TURNS,
)
_COUNTED = body(["model", "messages"], "Anthropic's own body", **_TURNS)
_GENERATION = body(
    ["contents"],
    "Google's own body",
    contents={"type": "array", "minItems": 1, "items": OBJECT},
    systemInstruction=OBJECT,
    generationConfig=OBJECT,
    tools=OBJECTS,
)

_PAID: dict[str, Schema] = {
    "/v1/chat/completions": operation(
        OPENAI,
        "Chat completions",
        "OpenAI's chat completions, whole or streamed; any provider answers in this dialect.",
        json_body(
            _COMPLETION,
            whole={"model": "auto", "messages": _HELLO},
            streamed={
                "model": "auto",
                "stream": True,
                "stream_options": {"include_usage": True},
                "messages": _COUNT,
            },
        ),
        ANSWER_OR_STREAM,
    ),
    "/v1/responses": operation(
        OPENAI,
        "Responses",
        "OpenAI's Responses, whole or streamed; any provider answers in this dialect. Nothing is stored.",
        json_body(
            _RESPONSE,
            whole={"model": "auto", "input": "Say hello."},
            streamed={"model": "auto", "stream": True, "input": "Count to three."},
        ),
        ANSWER_OR_STREAM,
    ),
    "/v1/messages": operation(
        ANTHROPIC,
        "Messages",
        "Anthropic's Messages, whole or streamed; any provider answers in this dialect.",
        json_body(
            _MESSAGE,
            whole={"model": "auto", "max_tokens": 100, "messages": _HELLO},
            streamed={"model": "auto", "max_tokens": 100, "stream": True, "messages": _COUNT},
        ),
        ANSWER_OR_STREAM,
    ),
    f"{_MODELS}:generateContent": operation(
        GOOGLE,
        "Generate content",
        "Google's generateContent; any provider answers in this dialect. A model's name may hold slashes.",
        json_body(_GENERATION, plain={"contents": _CONTENTS}),
        ANSWER,
        _IN_PATH,
    ),
    f"{_MODELS}:streamGenerateContent": operation(
        GOOGLE,
        "Stream content",
        "The same as it comes: events with `?alt=sse`, else the elements of one JSON array.",
        json_body(_GENERATION, plain={"contents": _CONTENTS}),
        ANSWER_OR_STREAM,
        _IN_PATH,
    ),
}
_FREE: dict[str, Schema] = {
    "/v1/responses/input_tokens": operation(
        OPENAI,
        "Count the tokens of a response's input",
        "How many tokens a request has, by the provider's own counter where there is one.",
        json_body(_RESPONSE, plain={"model": "auto", "input": "Say hello."}),
        ANSWER,
    ),
    "/v1/messages/count_tokens": operation(
        ANTHROPIC,
        "Count the tokens of a message",
        "How many tokens a request has, by the provider's own counter where there is one.",
        json_body(_COUNTED, plain={"model": "auto", "messages": _HELLO}),
        ANSWER,
    ),
    f"{_MODELS}:countTokens": operation(
        GOOGLE,
        "Count the tokens of contents",
        "How many tokens a request has, by the provider's own counter where there is one.",
        json_body(_GENERATION, plain={"contents": _CONTENTS}),
        ANSWER,
        _IN_PATH,
    ),
}

CHATS: dict[str, Schema] = {**{path: paid(told) for path, told in _PAID.items()}, **_FREE}
