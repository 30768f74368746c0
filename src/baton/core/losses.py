"""What is lost in translation: everything that one dialect can say and another cannot, by one name.

A dialect declares which of these it cannot say and what happens instead (`upstream.dialects.codec`); whoever
writes it notes each that it met. The caller is told in `x-baton-dropped` and `x-baton-adjusted`.
"""

from enum import StrEnum


class Feature(StrEnum):
    """What a request or an answer can hold. The names are what the caller gets to read."""

    TEMPERATURE = "temperature"
    TOP_P = "top_p"
    TOP_K = "top_k"
    SEED = "seed"
    STOP = "stop"
    PRESENCE_PENALTY = "presence_penalty"
    FREQUENCY_PENALTY = "frequency_penalty"
    N = "n"
    LOGPROBS = "logprobs"
    LOGIT_BIAS = "logit_bias"
    MAX_TOKENS = "max_tokens"
    USER = "user"

    TOOLS = "tools"
    TOOL_SCHEMA = "tool_schema"
    """Keywords of a tool's JSON Schema."""
    TOOL_STRICT = "tool_strict"
    TOOL_CHOICE = "tool_choice"
    ALLOWED_TOOLS = "allowed_tools"
    """A choice restricted to some of the tools."""
    PARALLEL_TOOL_CALLS = "parallel_tool_calls"
    SERVER_TOOLS = "server_tools"
    """Tools that only one dialect knows: web search, code execution, a custom grammar."""
    TOOL_CALL_ID = "tool_call_id"
    TOOL_NAME = "tool_name"
    """Names of tools that a dialect does not take; answers carry the caller's own."""

    RESPONSE_FORMAT = "response_format"
    RESPONSE_SCHEMA = "response_schema"
    """Keywords of the JSON Schema of an answer."""
    SCHEMA_STRICT = "schema_strict"

    REASONING_EFFORT = "reasoning_effort"
    REASONING_BUDGET = "reasoning_budget"
    REASONING = "reasoning"
    """The text of thoughts."""
    REASONING_SIGNATURE = "reasoning_signature"
    """Signatures, thoughts in cipher, ids of thoughts."""
    REASONING_SHOWN = "reasoning_shown"
    """Whether thoughts come with the answer, and in how many words."""

    CACHE_MARKS = "cache_control"
    MESSAGE_NAME = "message_name"
    DEVELOPER_ROLE = "developer_role"
    SYSTEM_POSITION = "system_position"
    """System messages behind the first user's."""
    ALTERNATION = "alternation"
    """Several messages of one role in a row."""
    PART_ORDER = "part_order"
    """The order of thoughts, texts and calls within one message."""
    EMPTY_CONTENT = "empty_content"
    PREFILL = "prefill"
    """An assistant's message at the end, which the model shall go on with."""
    IMAGE = "image"
    IMAGE_URL = "image_url"
    IMAGE_DETAIL = "image_detail"
    DOCUMENT = "document"
    DOCUMENT_URL = "document_url"
    AUDIO = "audio"
    VIDEO = "video"
    FILE_ID = "file_id"
    """A file known to one provider only."""
    MEDIA_NAME = "media_name"
    TOOL_RESULT_ERROR = "tool_result_error"
    TOOL_RESULT_MEDIA = "tool_result_media"
    REFUSAL = "refusal"
    CITATIONS = "citations"
    FOREIGN_PARTS = "foreign_parts"
    """Parts that only one dialect knows: steps of server-side tools, containers."""

    FINISH = "finish"
    """The reason why an answer ended, in all its shades."""
    USAGE_DETAILS = "usage_details"
    UNKNOWN_FIELDS = "unknown_fields"
    """Fields that only the caller's dialect, or nobody, knows; told by their paths."""


class Losses:
    """What one translation could not say, or said otherwise."""

    __slots__ = ("adjusted", "dropped", "features")

    def __init__(self) -> None:
        self.dropped: dict[str, None] = {}
        """What was left out, in order, each once."""
        self.adjusted: dict[str, None] = {}
        """What was said otherwise."""
        self.features: set[Feature] = set()
        """All that was met; each must be declared by the dialect that was written."""

    def drop(self, feature: Feature, path: str | None = None) -> None:
        """Note that something was left out; `path` where the feature's name does not say what."""
        self.features.add(feature)
        self.dropped[path or feature.value] = None

    def adjust(self, feature: Feature, now: str | None = None) -> None:
        """Note that something was said otherwise; `now`: what it has become, where a few letters can tell."""
        self.features.add(feature)
        self.adjusted[feature.value if now is None else f"{feature.value}={now}"] = None

    def __bool__(self) -> bool:
        return bool(self.features)
