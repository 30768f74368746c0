"""What this dialect cannot say, or says otherwise: the table of losses."""

from collections.abc import Mapping

from baton.core.losses import Feature

CANNOT: Mapping[Feature, str] = {
    Feature.TEMPERATURE: "left out for models that take none",
    Feature.TOP_P: "left out for models that take none, or none beside a temperature",
    Feature.TOP_K: "left out for models that take none, and while thinking",
    Feature.SEED: "left out",
    Feature.PRESENCE_PENALTY: "left out",
    Feature.FREQUENCY_PENALTY: "left out",
    Feature.LOGPROBS: "left out",
    Feature.LOGIT_BIAS: "left out",
    Feature.N: "one answer, the first",
    Feature.STOP: "sequences of white space alone are left out",
    Feature.TOOL_CHOICE: "left out where no tool is left",
    Feature.TOOL_STRICT: "left out for models that promise no schema",
    Feature.SERVER_TOOLS: "other dialects' server-side tools are left out",
    Feature.REASONING_EFFORT: "left out for models that do not think",
    Feature.REASONING_BUDGET: "left out for models that do not think",
    Feature.REASONING: "to models, thoughts without a signature of Anthropic's are left out",
    Feature.REASONING_SIGNATURE: "to models, other providers' signatures, ciphers and ids are left out",
    Feature.MESSAGE_NAME: "left out",
    Feature.IMAGE: "kinds other than JPEG, PNG, GIF and WebP are left out; in answers all are",
    Feature.IMAGE_DETAIL: "left out",
    Feature.DOCUMENT: "kinds other than PDF and text are left out; in answers all are",
    Feature.AUDIO: "left out",
    Feature.VIDEO: "left out",
    Feature.FILE_ID: "another provider's file is left out",
    Feature.MEDIA_NAME: "an image's is left out",
    Feature.CITATIONS: "to models, other dialects' are left out; in answers those without a link",
    Feature.FOREIGN_PARTS: "left out",
    Feature.UNKNOWN_FIELDS: "left out",
}

ADJUSTS: Mapping[Feature, str] = {
    Feature.MAX_TOKENS: "2000 and what thinking may take, where nobody said",
    Feature.TEMPERATURE: "at most 1; 1 while thinking",
    Feature.TOP_P: "at least 0.95 while thinking",
    Feature.REASONING_EFFORT: "the next level that the model has; none beside a forced call, or behind calls "
    "without a signed thought, for models that think by a budget",
    Feature.REASONING_BUDGET: "within the model's range and three quarters of the limit, or an effort",
    Feature.TOOLS: "arguments that are no JSON object are put into one as `_raw`",
    Feature.TOOL_CHOICE: "`auto` for models that cannot be made to call, a named tool offered alone",
    Feature.TOOL_SCHEMA: "what is not known of a schema goes into its description",
    Feature.TOOL_CALL_ID: "rewritten where it has other letters than the API takes",
    Feature.ALLOWED_TOOLS: "only the allowed ones are offered",
    Feature.RESPONSE_FORMAT: "an instruction, where JSON is wished for without a schema",
    Feature.RESPONSE_SCHEMA: "objects are closed; what is not known goes into the description",
    Feature.DEVELOPER_ROLE: "a system message",
    Feature.SYSTEM_POSITION: "moved to the beginning, or, where the model takes it, behind the user's turn",
    Feature.ALTERNATION: "messages of one role in a row are joined; a user's `.` before an assistant's first",
    Feature.EMPTY_CONTENT: "empty texts are left out; a user's turn without any says `.`",
    Feature.PREFILL: "white space at its end is left out; newer models are asked to go on",
    Feature.REFUSAL: "a text",
    Feature.DOCUMENT: "text of other kinds is plain text",
    Feature.FINISH: "`refusal` for a content filter, `end_turn` for reasons it has no word for",
}
