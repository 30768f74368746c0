"""What OpenAI's chat completions cannot say, and what happens instead."""

from collections.abc import Mapping

from baton.core.losses import Feature

CANNOT: Mapping[Feature, str] = {
    Feature.TOP_K: "left out, but where an OpenAI-like takes it",
    Feature.TOOL_STRICT: "left out where a schema has open objects or optional fields",
    Feature.TOOL_CHOICE: "left out where the tool that it names could not be told",
    Feature.PARALLEL_TOOL_CALLS: "left out where no tool could be told",
    Feature.SERVER_TOOLS: "left out",
    Feature.LOGPROBS: "those of another dialect's answer are left out",
    Feature.REASONING: "left out of the history, but where an OpenAI-like takes it",
    Feature.REASONING_EFFORT: "`none` is left out: most models refuse it",
    Feature.REASONING_BUDGET: "left out beside an effort",
    Feature.REASONING_SIGNATURE: "goes to the caller marked; back to its own dialect only",
    Feature.REASONING_SHOWN: "left out: thoughts come where the provider shows them by itself",
    Feature.CACHE_MARKS: "left out, but where an OpenAI-like takes them",
    Feature.IMAGE: "left out of what a model or a system message said",
    Feature.IMAGE_DETAIL: "left out of documents, sounds and answers",
    Feature.DOCUMENT: "left out of answers, and of what a model or a system message said",
    Feature.DOCUMENT_URL: "left out: documents are sent as data",
    Feature.AUDIO: "left out, but for WAV and MP3 as data of a user's",
    Feature.VIDEO: "left out",
    Feature.FILE_ID: "another provider's files are left out",
    Feature.MEDIA_NAME: "left out of images and sounds",
    Feature.TOOL_RESULT_ERROR: "left out: the result's text has to say it",
    Feature.REFUSAL: "left out of what a user said",
    Feature.CITATIONS: "left out of the history, and where there is no address",
    Feature.FOREIGN_PARTS: "left out",
    Feature.UNKNOWN_FIELDS: "left out",
}
ADJUSTS: Mapping[Feature, str] = {
    Feature.TEMPERATURE: "2 at most",
    Feature.STOP: "the first four",
    Feature.LOGPROBS: "switched on where their number is asked for",
    Feature.TOOL_CALL_ID: "one of more than 40 characters is replaced by a shorter one",
    Feature.TOOL_NAME: "what is not `[A-Za-z0-9_-]{1,64}` becomes so; answers have the caller's",
    Feature.RESPONSE_FORMAT: "JSON without a schema is also asked for in words",
    Feature.SCHEMA_STRICT: "strict where the schema allows it",
    Feature.REASONING: "several thoughts are one",
    Feature.REASONING_EFFORT: "`high` at most",
    Feature.REASONING_BUDGET: "the effort that is nearest above it, `high` at most",
    Feature.DEVELOPER_ROLE: "`system` where an OpenAI-like knows nothing else",
    Feature.PART_ORDER: "thoughts, then content, then calls",
    Feature.DOCUMENT: "a plain text is told as text",
    Feature.MEDIA_NAME: "a document without a name gets one",
    Feature.TOOL_RESULT_MEDIA: "shown in a user's message behind the results",
    Feature.CITATIONS: "told as link and title",
    Feature.FINISH: "a refusal is `content_filter`, every other end without a word is `stop`",
}
