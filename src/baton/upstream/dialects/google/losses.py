"""What Google's dialect cannot say, or says otherwise, and what happens instead."""

from collections.abc import Mapping

from baton.core.losses import Feature

CANNOT: Mapping[Feature, str] = {
    Feature.LOGIT_BIAS: "left out",
    Feature.LOGPROBS: "another dialect's log probabilities are left out of the answer",
    Feature.USER: "left out",
    Feature.PARALLEL_TOOL_CALLS: "left out; the models make several calls at once where they see fit",
    Feature.TOOL_STRICT: "left out; Google's models keep to a tool's schema by themselves",
    Feature.SERVER_TOOLS: "another dialect's tools are left out, and named",
    Feature.FOREIGN_PARTS: "another dialect's parts are left out, and named",
    Feature.CACHE_MARKS: "left out; Google's models cache by themselves",
    Feature.MESSAGE_NAME: "left out",
    Feature.MEDIA_NAME: "left out",
    Feature.IMAGE: "an image without data or address is left out",
    Feature.AUDIO: "a sound that Baton may not fetch is left out",
    Feature.VIDEO: "a film that Baton may not fetch is left out",
    Feature.DOCUMENT: "a document without data or address is left out",
    Feature.IMAGE_URL: "one that Baton may not fetch is left out",
    Feature.DOCUMENT_URL: "one that Baton may not fetch is left out",
    Feature.FILE_ID: "files known to another provider are left out",
    Feature.IMAGE_DETAIL: "left out",
    Feature.CITATIONS: "citations in earlier answers are left out",
    Feature.REASONING: "thoughts without a signature of Google's do not go back to the model",
    Feature.REASONING_SIGNATURE: "thoughts signed or encrypted by another provider are left out",
    Feature.REASONING_EFFORT: "left out for models that do not think",
    Feature.REASONING_BUDGET: "left out for models that do not think",
    Feature.TOOL_SCHEMA: "a schema that is no JSON is left out",
    Feature.RESPONSE_SCHEMA: "a schema that is no JSON is left out",
    Feature.UNKNOWN_FIELDS: "left out, and named",
    Feature.USAGE_DETAILS: "what was written to a cache counts as prompt only",
}
ADJUSTS: Mapping[Feature, str] = {
    Feature.TEMPERATURE: "clamped to 0-2",
    Feature.STOP: "the first five sequences count",
    Feature.TOOLS: 'arguments that are no JSON object travel as `{"_raw": text}`',
    Feature.TOOL_SCHEMA: "references and constants are written out, `$schema` is left out",
    Feature.RESPONSE_SCHEMA: "references and constants are written out, `$schema` is left out",
    Feature.ALLOWED_TOOLS: "a free choice among some tools becomes the mode VALIDATED",
    Feature.DEVELOPER_ROLE: "developer messages become system instructions",
    Feature.SYSTEM_POSITION: "system messages go to the front; alone, they become the user's",
    Feature.REASONING_EFFORT: "the nearest level that the model has",
    Feature.REASONING_BUDGET: "a budget for models that take no level; clamped to what the model takes",
    Feature.REASONING_SIGNATURE: "calls that another model made carry Google's mark for unsigned ones",
    Feature.TOOL_RESULT_MEDIA: "media in a result stand behind it for models that take none inside",
    Feature.CITATIONS: "those of all texts of an answer stand on its last one",
    Feature.ALTERNATION: "turns of the model in a row become one",
    Feature.EMPTY_CONTENT: "a turn without content is left out, a user's says `.`",
    Feature.REFUSAL: "a refusal becomes text",
    Feature.FINISH: "a refusal ends with SAFETY, a pause and a call that was not made with STOP",
}
