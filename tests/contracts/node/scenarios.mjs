// Asks a Baton by OpenAI's own npm SDK, and prints what came of it as JSON: scenario → what was seen.
// usage: node scenarios.mjs BASE_URL KEY WORDS, where WORDS is the JSON of asking.py's names.

import OpenAI from "openai";

const [baseURL, apiKey, words] = process.argv.slice(2);
const { ECHO, TOOLS_MODEL, HELLO, PICTURE, TOOLS, SCHEMA, FAULTS } = JSON.parse(words);
const client = new OpenAI({ baseURL, apiKey, maxRetries: 0 });

const ask = (wishes) => client.chat.completions.create({ model: ECHO, messages: HELLO, ...wishes });

async function gather(wishes) {
  const chunks = [];
  for await (const chunk of await ask({ ...wishes, stream: true })) chunks.push(chunk);
  return chunks;
}

const textOf = (chunks) => chunks.map((chunk) => chunk.choices[0]?.delta?.content ?? "").join("");

async function raised(work) {
  try {
    await work();
    return "nothing";
  } catch (error) {
    return error.constructor.name;
  }
}

const scenarios = {
  async plain() {
    const { choices, usage } = await ask({});
    return [choices[0].message.content, choices[0].finish_reason, usage.total_tokens > 0];
  },
  async streamedWithoutUsage() {
    const chunks = await gather({});
    return [textOf(chunks), chunks.every((chunk) => !chunk.usage && chunk.choices.length === 1)];
  },
  async streamedWithUsage() {
    const chunks = await gather({ stream_options: { include_usage: true } });
    const { usage } = await ask({});
    const seen = chunks.filter((chunk) => chunk.usage).map((chunk) => chunk.usage);
    return [textOf(chunks), JSON.stringify(seen) === JSON.stringify([usage]), chunks.at(-1).choices.length];
  },
  async toolLoop() {
    const first = await ask({ model: TOOLS_MODEL, tools: TOOLS });
    const { message } = first.choices[0];
    const results = message.tool_calls.map((call, n) => ({
      role: "tool",
      tool_call_id: call.id,
      content: `result ${n}`,
    }));
    const messages = [...HELLO, message, ...results];
    const second = await ask({ model: TOOLS_MODEL, tools: TOOLS, messages });
    const said = second.choices[0].message.content;
    return [
      message.tool_calls.map((call) => call.function.name),
      message.tool_calls.every((call) => "city" in JSON.parse(call.function.arguments)),
      said.includes("result 0") && said.includes("result 1"),
    ];
  },
  async streamedTools() {
    const whole = await ask({ model: TOOLS_MODEL, tools: TOOLS });
    const stream = client.chat.completions.stream({ model: TOOLS_MODEL, messages: HELLO, tools: TOOLS });
    const { choices } = await stream.finalChatCompletion();
    const plain = (calls) => JSON.stringify(calls.map((call) => [call.id, call.function.arguments]));
    const same = plain(choices[0].message.tool_calls) === plain(whole.choices[0].message.tool_calls);
    return [same, choices[0].finish_reason];
  },
  async oneToolAtATime() {
    const answer = await ask({ model: TOOLS_MODEL, tools: TOOLS, parallel_tool_calls: false });
    return answer.choices[0].message.tool_calls.length;
  },
  async structured() {
    const answer = await client.chat.completions.parse({
      model: "simulated/json",
      messages: HELLO,
      response_format: {
        type: "json_schema",
        json_schema: { name: "trip", strict: true, schema: SCHEMA },
      },
    });
    return Object.keys(JSON.parse(answer.choices[0].message.content)).sort();
  },
  async picture() {
    const answer = await ask({ messages: PICTURE });
    return answer.choices[0].message.content.includes("[saw 1 image]");
  },
  async severalChoices() {
    const answer = await ask({ model: "simulated/lorem;words=8", n: 3 });
    return answer.choices.map((choice) => choice.index);
  },
  async providersErrors() {
    const seen = {};
    for (const status of Object.keys(FAULTS)) {
      seen[status] = await raised(() => ask({ model: `simulated/echo;fault=${status}` }));
    }
    return seen;
  },
  async errorsBeforeAStream() {
    const seen = {};
    for (const status of Object.keys(FAULTS)) {
      seen[status] = await raised(() => gather({ model: `simulated/echo;fault=${status}` }));
    }
    return seen;
  },
  async callersMistakes() {
    const stranger = new OpenAI({ baseURL, apiKey: "sk-wrong", maxRetries: 0 });
    return [
      await raised(() => stranger.chat.completions.create({ model: ECHO, messages: HELLO })),
      await raised(() => ask({ model: "nobody-has-this" })),
      await raised(() => ask({ messages: [] })),
    ];
  },
  async brokenStreams() {
    const seen = [];
    for (const fault of ["cut", "error", "unfinished"]) {
      seen.push((await raised(() => gather({ model: `simulated/lorem;fault=${fault}` }))) !== "nothing");
    }
    return seen;
  },
  async models() {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    return [ids.includes("auto"), ids.includes("simulated/echo")];
  },
};

const seen = {};
for (const [name, scenario] of Object.entries(scenarios)) {
  try {
    seen[name] = await scenario();
  } catch (error) {
    seen[name] = `failed: ${error.stack ?? error}`;
  }
}
console.log(JSON.stringify(seen));
