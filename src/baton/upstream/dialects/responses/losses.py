"""What this dialect cannot say, or says otherwise: the table of losses."""

from collections.abc import Mapping

from baton.core.losses import Feature

CANNOT: Mapping[Feature, str] = {
    Feature.FILE_ID: "left out where another vendor keeps the file",
    Feature.IMAGE_DETAIL: "left out of an answer's image",
    Feature.TOOL_STRICT: "left out where the schema is not one that OpenAI can be strict about",
    Feature.TOOL_CHOICE: "left out where there is no tool",
    Feature.PARALLEL_TOOL_CALLS: "left out where there is no tool",
    Feature.TOP_K: "left out",
    Feature.SEED: "left out",
    Feature.STOP: "left out: the answer goes on behind a stop word",
    Feature.PRESENCE_PENALTY: "left out",
    Feature.FREQUENCY_PENALTY: "left out",
    Feature.LOGIT_BIAS: "left out",
    Feature.LOGPROBS: "left out",
    Feature.N: "one answer is asked for, and one is told",
    Feature.CACHE_MARKS: "left out: prompts are cached without marks",
    Feature.MESSAGE_NAME: "left out",
    Feature.SERVER_TOOLS: "left out, but for the dialect's own",
    Feature.AUDIO: "left out",
    Feature.VIDEO: "left out",
    Feature.IMAGE: "left out of what a model said in earlier turns",
    Feature.IMAGE_URL: "an image in an answer is left out where only its address is known",
    Feature.DOCUMENT: "left out of what a model said",
    Feature.TOOL_RESULT_ERROR: "left out: the result's text has to say it",
    Feature.REASONING: "a thought goes back only in the dialect's own cipher",
    Feature.REASONING_SIGNATURE: "a signature goes back only to the dialect that it comes from",
    Feature.REASONING_SHOWN: "not asked for where the caller's dialect cannot ask either",
    Feature.REFUSAL: "left out of what a user said",
    Feature.CITATIONS: "left out without an address, and behind the end of the text",
    Feature.FOREIGN_PARTS: "left out",
    Feature.UNKNOWN_FIELDS: "left out",
}

ADJUSTS: Mapping[Feature, str] = {
    Feature.MEDIA_NAME: "left out, but for documents sent as data, which get one where they have none",
    Feature.CITATIONS: "one without place or title gets them; quoted words are left out",
    Feature.REASONING_EFFORT: "other vendors' words become the nearest of OpenAI's; none is left out",
    Feature.RESPONSE_FORMAT: "a JSON object is asked for in words too",
    Feature.SCHEMA_STRICT: "strict only where the schema is one that OpenAI can be strict about",
    Feature.DEVELOPER_ROLE: "a system message, for providers that know no developers",
    Feature.TEMPERATURE: "brought into 0 to 2",
    Feature.MAX_TOKENS: "at least 16",
    Feature.REASONING_BUDGET: "the effort that is nearest above it",
    Feature.TOOL_CALL_ID: "one of more than 64 characters is replaced by a shorter one",
    Feature.TOOL_NAME: "what is not `[A-Za-z0-9_-]{1,64}` becomes so; answers have the caller's",
    Feature.ALTERNATION: "turns of a model in a row are one, and so are those of tools",
    Feature.EMPTY_CONTENT: "a turn without content is left out, a user's is an empty text",
    Feature.FINISH: "an end that is neither cut short nor filtered is told as complete",
}
