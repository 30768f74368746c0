"""A few sentences in many scripts and forms: what a character of each kind is worth in tokens."""

UNITS_SOURCE = "texts of the recordings and samples in twelve languages, in tokens of o200k_base"

SAMPLES = (
    "The committee will meet again on Thursday to decide how the remaining money is to be spent.",
    "Die Versammlung beschloss, die übrigen Mittel für größere Brücken und Straßen auszugeben.",
    "L'été dernier, ils ont décidé de réparer l'école après la tempête qui avait abîmé le toit.",
    "El próximo año la compañía construirá tres fábricas más en la región del sur.",
    "Завтра утром мы поедем на вокзал встречать наших старых друзей из деревни.",
    "Αύριο το πρωί θα πάμε στην αγορά για να αγοράσουμε φρούτα και ψωμί.",
    "سوف نذهب غدا إلى السوق لشراء الخبز والفواكه قبل أن يصل الضيوف.",
    "מחר בבוקר נלך לשוק לקנות לחם ופירות לפני שהאורחים מגיעים.",
    "कल सुबह हम बाजार जाकर फल और रोटी खरीदेंगे ताकि मेहमानों के लिए खाना बन सके।",
    "พรุ่งนี้เช้าเราจะไปตลาดเพื่อซื้อผลไม้และขนมปังก่อนที่แขกจะมาถึง",
    "明天早上我们要去市场买水果和面包,然后在客人到来之前准备晚饭。",
    "明日の朝、お客さんが来る前に市場へ行って果物とパンを買うつもりです。",
    "내일 아침에 손님이 오기 전에 시장에 가서 과일과 빵을 살 생각입니다.",
    '{"id": 40213, "name": "lamp", "tags": ["red", "small"], "price": 19.95, "sold": false}',
    "def area(width: float, height: float) -> float:\n    if width < 0:\n        raise ValueError\n",
    "2026-03-14 09:26:53 3141592653 2718281828 +49 30 123456 0xDEADBEEF 12.50 7/8",
    "Great news 🎉🎉 we won 🏆! See you at the party 🥳🍕 tonight 😀👍",
)

PAGE_TEXT = """# Tokens

Written by `python -m tests.contracts.estimates`; a test keeps it true.

After a call, the provider's own count is recorded. Before one, `POST /v1/messages/count_tokens`,
`:countTokens` and `/v1/responses/input_tokens` ask the provider that would answer, where it has a counter.
Where it has none, or cannot be reached, Baton counts by itself, offline, with no vocabulary to download:

- **Exactly**, for prompts of text alone to models whose encoding is public: `o200k_base` and `cl100k_base`,
  by `rs-bpe`; 3 tokens a message, and what the table below has under `once` and `answer`. Such a count
  carries no mark.
- **By calibration** otherwise, marked `x-baton-estimated: true`: from the characters by kind, messages,
  tools, calls and images, with coefficients of the model's family (`src/baton/catalog/data/tokens.json`).
  Texts and tools for models of a public encoding are still counted by it; what tools, schemas and images
  cost besides is fitted. Documents, sounds and films count nothing: nobody can tell from outside.

## In the ledger and in routing

Before every request a figure is needed that costs next to nothing: it decides, and it stands in the row until
the provider has told its own, or for good if that never comes (a crash, a cut stream). No request is opened
for it. It is made **from outside**: the characters that were read anyway (those beyond ASCII weighed by their
bytes), whether there are tools and images, and the coefficients of the model's family under `outside`.

What a model has said when its reader leaves is counted by the tokenizer: its first 8192 characters, in the
model's own encoding or, where that is not public, in `o200k_base` times the family's factor (`outside:
answer`). The rest, a stream that its provider cut, and what cannot be counted within two seconds, are
estimated by kind of character; where the provider had reported its usage along the way, all this is only for
what came after the report. Of {answers} recorded answers of {short} tokens or more, with no
hidden thoughts and no calls, that estimate's error is {answers_error} (median and p90; the one
factor of a family was fitted on the same answers); with characters / 4 it would be
{answers_rough}. Of texts whose tokens are known exactly, cut at 50 random
points, prose, Markdown, JSON, code, German and Japanese are all within 10 %
(`tests/chaos/test_aborted_streams.py`). Whole answers that nobody counted are estimated by kind of character.

**Not seen, and so not in it: thoughts that the provider hides, and the frame of a tool call.** A cut answer
of a model that thinks in secret costs more than its row says; the row is marked `usageEstimated`. To learn
the truth instead, set `BATON_ABORTED_STREAMS=drain`.

## Where it runs

Nothing is tokenized in the process that serves: `rs-bpe` holds the interpreter while it counts (5 to 63 ms
a megabyte) and takes 19 to 50 ms to load a vocabulary. One child process does it, started with the first
count. It ends with its parent, is started anew when it dies, and takes at most 64 counts in waiting. Beyond
that, above 4 million characters, after 10 s, or where it cannot be started, the calibrated estimate stands
in. Resident memory of the child, besides the interpreter's: 33 MB for `cl100k_base`, 67 MB for
`o200k_base`, only once each is needed; none in the serving process.

How long the serving loop is held up while a megabyte is counted is in [performance.md](performance.md).

## Errors

{used} recorded prompts whose parts are all there: no searches, no files, no steps of the provider's own
tools, no conversation kept by the provider. Each was estimated with what was fitted on other recordings
({folds} folds; prompts that begin alike are in the same fold). Errors are relative to the provider's
number, and beside that in tokens: most of these prompts are short, and of a prompt of ten tokens a hidden
sentence of the provider's makes several hundred per cent.

Which families there are, and how strongly they are drawn to what is usual, was chosen by looking at these
errors: new prompts will do somewhat worse. An estimate is fit for routing and for a first figure, not for a
bill. Characters / 4, which were used before, are off by {rough} (median and p90).

Prompts of text alone, encoding known: {exact} to the token. Some providers wrap a model's prompt in words
of their own, and deployments may be named after another model, so that not all are.

{exact_row}

By what is in them (short: less than {short} tokens):

{kinds}

Most of the far ones are understood: images that are somewhere else, whose size nobody can see (counted as
640 x 480); prompts that a relay or a host rewrites (tools left out, a system prompt put before); models of
one name whose deployments differ. These are single recordings, and no coefficient was bent for them. Gemini's
tools are not understood: descriptions of the same length differ by half in what they take.

By provider:

{providers}

By family:

{families}

## Images

By the vendors' published rules where there are any, from the size that stands in the first bytes of a PNG,
JPEG or GIF:

{visions}

## Coefficients

What characters and their neighbourhoods are worth (ASCII letter, digit, space, other ASCII; accented Latin;
Cyrillic, Greek, Hebrew, Arabic; Indic and Thai; dashes and quotes; kana, Han, Hangul; emoji; a letter behind
a space, a space behind a space, a letter behind a mark): {units} ({units_source}). `said`, `declared` (tools)
and `formed` (the answer's schema) are per such unit, or per exact token of the encoding; `outside: rough` is
per four characters.

{numbers}
"""
