// Asks a Baton by OpenAI's own npm SDK: a question a line of JSON on standard input, with what to do (ask,
// stream or count), and what came of it a line on standard output; questions and answers as conversation.py
// has them.
// usage: node ask.mjs chat|responses BATON_URL KEY WORDS, where WORDS is the JSON of npm.py's.

import { createInterface } from "node:readline";
import OpenAI, { APIError } from "openai";
import { standardResponseFormat, standardTextFormat } from "openai/helpers/standard-schema";

const [api, url, apiKey, words] = process.argv.slice(2);
const { schema, pictureType } = JSON.parse(words);
const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
const trip = {
  "~standard": {
    version: 1,
    vendor: "tests",
    validate: (value) =>
      typeof value?.city === "string" && Number.isInteger(value.days) && typeof value.season === "string"
        ? { value }
        : { issues: [{ message: "not a trip" }] },
    jsonSchema: { input: () => schema },
  },
};

const picture = (turn) => `data:${pictureType};base64,${turn.picture}`;
const described = (name) => ({ name, description: `Tells of ${name}`, parameters: schema, strict: true });

const chat = {
  message(turn) {
    if (turn.type === "Answer") return turn.turn;
    if (turn.type === "Brought") return { role: "tool", tool_call_id: turn.call.id, content: turn.text };
    const text = { type: "text", text: turn.text };
    const shown = { type: "image_url", image_url: { url: picture(turn) } };
    return { role: "user", content: turn.picture ? [text, shown] : turn.text };
  },
  wishes(question) {
    const { model, turns, system, tools, named } = question;
    const said = system ? [{ role: "system", content: system }] : [];
    return {
      model,
      messages: [...said, ...turns.map(chat.message)],
      ...(tools.length && { tools: tools.map((name) => ({ type: "function", function: described(name) })) }),
      ...(named && { tool_choice: { type: "function", function: { name: named } } }),
      ...(question.thinking && { reasoning_effort: "low" }),
      ...(question.shaped && { response_format: standardResponseFormat(trip, "trip") }),
    };
  },
  async ask(question) {
    const ask = question.shaped ? "parse" : "create";
    return chat.answer(await client.chat.completions[ask](chat.wishes(question)), 0);
  },
  async stream(question) {
    const usage = { stream_options: { include_usage: true } };
    const stream = client.chat.completions.stream({ ...chat.wishes(question), ...usage });
    let pieces = 0;
    let thoughts = "";
    stream.on("content.delta", () => (pieces += 1));
    // Of a field that it does not know the SDK keeps the last piece only: who wants them all gathers them.
    stream.on("chunk", ({ choices }) => (thoughts += choices[0]?.delta?.reasoning_content ?? ""));
    const completion = await stream.finalChatCompletion();
    if (thoughts) completion.choices[0].message.reasoning_content = thoughts;
    return chat.answer(completion, pieces);
  },
  answer({ choices: [{ message, finish_reason }], usage }, pieces) {
    const { parsed, ...turn } = message;
    return {
      text: message.content ?? "",
      finish: finish_reason,
      spent: usage && {
        prompt: usage.prompt_tokens,
        completion: usage.completion_tokens,
        cached: usage.prompt_tokens_details?.cached_tokens ?? 0,
      },
      thoughts: message.reasoning_content ?? "",
      calls: (message.tool_calls ?? []).map((call) => ({
        id: call.id,
        name: call.function.name,
        arguments: JSON.parse(call.function.arguments),
      })),
      pieces,
      parsed: parsed ?? null,
      turn,
    };
  },
};

const responses = {
  items(turn) {
    if (turn.type === "Answer") return turn.turn;
    if (turn.type === "Brought")
      return [{ type: "function_call_output", call_id: turn.call.id, output: turn.text }];
    const text = { type: "input_text", text: turn.text };
    const shown = { type: "input_image", image_url: picture(turn), detail: "auto" };
    return [{ role: "user", content: turn.picture ? [text, shown] : turn.text }];
  },
  wishes(question) {
    const { model, turns, system, tools, named } = question;
    return {
      model,
      input: turns.flatMap(responses.items),
      store: false,
      ...(system && { instructions: system }),
      ...(tools.length && { tools: tools.map((name) => ({ type: "function", ...described(name) })) }),
      ...(named && { tool_choice: { type: "function", name: named } }),
      ...(question.thinking && {
        reasoning: { effort: "low", summary: "auto" },
        include: ["reasoning.encrypted_content"],
      }),
      ...(question.shaped && { text: { format: standardTextFormat(trip, "trip") } }),
    };
  },
  async ask(question) {
    const ask = question.shaped ? "parse" : "create";
    return responses.answer(await client.responses[ask](responses.wishes(question)), 0);
  },
  async stream(question) {
    const stream = client.responses.stream(responses.wishes(question));
    let pieces = 0;
    stream.on("response.output_text.delta", () => (pieces += 1));
    return responses.answer(await stream.finalResponse(), pieces);
  },
  async count({ model, turns }) {
    const { input_tokens } = await client.responses.inputTokens.count({
      model,
      input: turns.flatMap(responses.items),
    });
    return input_tokens;
  },
  answer(response, pieces) {
    const { output, usage } = response;
    const thoughts = output.filter((item) => item.type === "reasoning");
    return {
      text: response.output_text ?? "",
      finish: response.status,
      spent: usage && {
        prompt: usage.input_tokens,
        completion: usage.output_tokens,
        cached: usage.input_tokens_details.cached_tokens,
      },
      thoughts: thoughts
        .flatMap((item) => [...item.summary, ...(item.content ?? [])])
        .map((part) => part.text)
        .join(""),
      calls: output
        .filter((item) => item.type === "function_call")
        .map((item) => ({ id: item.call_id, name: item.name, arguments: JSON.parse(item.arguments) })),
      pieces,
      parsed: response.output_parsed ?? null,
      turn: output,
    };
  },
};

async function told({ verb, question }) {
  try {
    const found = await { chat, responses }[api][verb](question);
    return verb === "count" ? { count: found } : { answer: found };
  } catch (error) {
    if (!(error instanceof APIError)) return { crash: String(error.stack ?? error) };
    const { status, message } = error;
    return { error: { name: error.constructor.name, status: status ?? null, message } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await told(JSON.parse(line)))}\n`);
}
