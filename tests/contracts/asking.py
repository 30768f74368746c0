"""What the official SDKs are made to ask, in both languages: the same words, tools, schema and picture."""

from typing import Any

HELLO: list[Any] = [{"role": "user", "content": "Hello there"}]
ECHO = "simulated/echo;notice=off"
TOOLS_MODEL = "simulated/tools"


def tool(name: str) -> Any:
    """A function that takes a city and a number of days."""
    return {
        "type": "function",
        "function": {
            "name": name,
            "description": f"What {name} is like",
            "parameters": SCHEMA,
            "strict": True,
        },
    }


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOLS = [tool("weather"), tool("traffic")]
PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)
PICTURE: list[Any] = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": PIXEL, "detail": "low"}},
        ],
    }
]
FAULTS = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    422: "BadRequestError",
    429: "RateLimitError",
    500: "InternalServerError",
}
"""Statuses of a provider, and the class of the SDKs that a caller of Baton sees (decision 6)."""
