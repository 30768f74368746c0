"""What this dialect cannot say, or says otherwise: the table of losses."""

from collections.abc import Mapping

from baton.core.losses import Feature

CANNOT: Mapping[Feature, str] = {
    Feature.SEED: "left out",
    Feature.PRESENCE_PENALTY: "left out",
    Feature.FREQUENCY_PENALTY: "left out",
    Feature.LOGPROBS: "left out",
    Feature.LOGIT_BIAS: "left out",
    Feature.N: "one answer, the first",
    Feature.STOP: "sequences of white space alone are left out",
    Feature.SERVER_TOOLS: "other dialects' server-side tools are left out",
    Feature.TOOL_STRICT: "left out where the model promises no schema",
    Feature.REASONING: "thoughts without a signature of Anthropic's are left out",
    Feature.REASONING_SIGNATURE: "other providers' signatures, ciphers and ids of thoughts are left out",
    Feature.MESSAGE_NAME: "left out",
    Feature.IMAGE: "kinds other than JPEG, PNG, GIF and WebP are left out; in answers all are",
    Feature.IMAGE_DETAIL: "left out",
    Feature.DOCUMENT: "kinds other than PDF and text are left out; in answers all are",
    Feature.AUDIO: "left out",
    Feature.VIDEO: "left out",
    Feature.FILE_ID: "another provider's file is left out",
    Feature.MEDIA_NAME: "an image's is left out",
    Feature.CITATIONS: "those that are no links are left out; none of another dialect goes to a model",
    Feature.FOREIGN_PARTS: "left out",
    Feature.UNKNOWN_FIELDS: "left out",
}

ADJUSTS: Mapping[Feature, str] = {
    Feature.MAX_TOKENS: "2000 where nobody said",
    Feature.TEMPERATURE: "at most 1",
    Feature.TOOLS: "arguments that are no JSON object are put into one as `_raw`",
    Feature.TOOL_SCHEMA: "what is not known of a schema goes into its description",
    Feature.TOOL_CALL_ID: "rewritten where it has other letters than the API takes",
    Feature.ALLOWED_TOOLS: "only the allowed ones are offered",
    Feature.RESPONSE_SCHEMA: "objects are closed; what is not known goes into the description",
    Feature.DEVELOPER_ROLE: "part of the system prompt",
    Feature.SYSTEM_POSITION: "moved to the beginning",
    Feature.ALTERNATION: "messages of one role in a row are joined",
    Feature.EMPTY_CONTENT: "empty texts are left out; a user's turn without any says `.`",
    Feature.REFUSAL: "a text",
    Feature.DOCUMENT: "text of other kinds is plain text",
    Feature.FINISH: "`refusal` for a content filter, `end_turn` for reasons it has no word for",
}
