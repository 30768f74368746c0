"""The words of `docs/contracts.md`."""

INTRODUCTION = """\
# Recorded exchanges

Written by `python -m tests.contracts.table`; do not edit.

Real exchanges with providers, recorded by other projects, are replayed by a server on a socket; a real
Baton stands between it and a client. Each row holds a provider, the dialect that it was recorded in, and
the dialect on the other side: its own, or one of the three others. Each figure is *passed/judged*
exchanges.

- **requests**. In its own dialect: what reached the provider means what the caller sent, to the letter:
  nulls, unknown fields, the order of fields and the text of numbers; path, query, key header and the
  dialect's own headers are the provider's. To another one: the recorded request is sent for a model of a
  provider of that dialect, and what arrives there is read from plain JSON: the system's words, who said
  what, tools and their properties, calls with their arguments, results with their calls, media, sampling,
  formats, thinking and unknown fields are there, or named in `x-baton-dropped` or `x-baton-adjusted`.
- **whole**: in its own dialect the answer's bytes are the provider's. In another one the answer is read
  from plain JSON: text, thoughts, refusal, calls with arguments and ids, why it ended, sources, media,
  signatures and tokens are those that the provider reported, or what is lost is named; the official SDK's
  types accept it, and OpenAI's API description where the dialect is one of theirs.
- **retold**: the same answer, told to a caller who wished for a stream.
- **streamed**: in its own dialect the same JSON objects in the same order, with usage asked for and not; in
  another one as *whole*, put together from the events, whose order is judged too. Through sockets cut into
  one piece and at its events (in its own dialect at random and, short ones, at every byte too), and in the
  process at its events and at 20 random places by 20 seeds: the caller's bytes and the ledger's notes never
  differ.
- **errors**: the provider's status and message, in the caller's shape and with its word for the kind; in
  its own dialect with type, param, code and all further fields; a stream that breaks ends in one error
  event.
- **usage**: the ledger's tokens (cached and reasoning among them) and finish are those in the raw answer,
  whoever asked; where the provider reported nothing the row says that it is an estimate.

Google's streams that were recorded as one JSON array are replayed as events, as Baton asks for them.
"""

DIFFERENCES = """\
## Declared differences

In a dialect of the provider's own:

- The model's name: `provider/model` becomes the provider's own; of a name that the catalog knows as another's
  it is that (`claude-3-5-haiku-latest` is `claude-3-5-haiku-20241022`).
- On streams of chat completions `stream_options.include_usage` is set, so that the ledger knows; to a
  caller who did not ask, neither the usage chunk nor `usage: null` is shown. Mistral takes no
  `stream_options` and is sent none.
- The usage chunk comes last and has a `baton` object; where the provider puts usage beside the choices,
  Baton adds a usage chunk for callers who asked. In the other dialects `baton` rides on the last event that
  says something, for callers who said anything to Baton.
- Comments are left out; `[DONE]` is added to chat completions where the provider has none, and left out of
  Responses where it has one (OpenRouter); events end in LF.
- What looks like a key is hidden in error messages.
- A model that the provider does not know is a 404, also where it says 400 (OpenAI's Responses).
- More cached tokens than the prompt has (Grok on Azure), or more reasoning tokens than the completion has
  (MiniMax through OpenRouter), are counted as all of it.

In another one, besides what [dialects.md](dialects.md) says of each pair:

- Parts of a thought, and of what somebody says in a row, are joined with more or less white space.
- Where a dialect knows one answer only (Anthropic, Responses), the first of several is told.
- A refusal's words are text where the dialect has no place for them (Anthropic, Google).
- A block for safety ends as `refusal` in Anthropic's words.
- Arguments that are no JSON object are `{"_raw": text}` where an object is demanded.
- A reason to end that nobody else knows is any of the caller's.
"""
