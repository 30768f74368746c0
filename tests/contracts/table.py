"""Writes `docs/contracts.md`: `python -m tests.contracts.table`, with `--check` to compare only."""

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.conftest import serving
from tests.contracts.contract import REFUSED_BEFOREHAND, Aspect, Verdict, contract, environment
from tests.contracts.recordings import PROVIDERS, ROOT, by_base, chats
from tests.contracts.replay import replaying

PAGE = ROOT / "docs" / "contracts.md"

INTRODUCTION = """\
# Recorded exchanges

Written by `python -m tests.contracts.table`; do not edit.

Real exchanges with providers, recorded by other projects, are replayed by a server on a socket; a real Baton
stands between it and a client. Each figure is *passed/judged* exchanges:

- **requests**: what reached the provider means what the caller sent, to the letter: nulls, unknown fields,
  the order of fields and the text of numbers; path, query and key header are the provider's.
- **whole**: the answer's bytes are the provider's.
- **streamed**: the same JSON objects in the same order, with usage asked for and not, the stream cut into
  one piece, at its events, at random, and (short ones) at every byte.
- **errors**: the provider's status, message, type, param, code and further fields, in OpenAI's shape; the
  official SDK raises the class that it raises when it asks the provider itself; a stream that breaks ends in
  one error event and no `[DONE]`.
- **usage**: the ledger's tokens (cached and reasoning among them) and finish are those in the raw answer;
  where the provider reported nothing the row says that it is an estimate.
"""

DIFFERENCES = """\
## Declared differences

- The model's name: `provider/model` becomes the provider's own.
- On streams `stream_options.include_usage` is set, so that the ledger knows; to a caller who did not ask,
  neither the usage chunk nor `usage: null` is shown. Mistral takes no `stream_options` and is sent none.
- The usage chunk comes last and has a `baton` object; where the provider puts usage beside the choices, Baton
  adds a usage chunk for callers who asked.
- Comments are left out, `[DONE]` is added where the provider has none, events end in LF.
- What looks like a key is hidden in error messages.
- More cached tokens than the prompt has (Grok on Azure), or more reasoning tokens than the completion has
  (MiniMax through OpenRouter), are counted as all of it.

What goes through the core (an answer given whole to a wish for a stream; other dialects) differs further, as
`tests/upstream/dialects/openai/test_round_trip.py` holds it: null fields count as absent; the limit of tokens
has the provider's word for it; a text part that stands alone is a string; a bare image URL is an object;
`reasoning` and Mistral's thinking parts are `reasoning_content`; tool calls have a type, no `index`, and
arguments; `any` is `required`, `stop` is a list; a schema without a name is called `answer`; an answer has
`refusal`, `logprobs` and a finish in one of OpenAI's words.
"""


async def judge(provider: str, folder: Path) -> list[Verdict]:
    """Every chat completion of a provider."""
    verdicts: list[Verdict] = []
    async with replaying() as replay:
        for number, (base, exchanges) in enumerate(by_base(provider, chats(provider)).items()):
            settings = environment(provider, replay.url, base)
            async with (
                serving(settings, folder / f"{provider}-{number}", {}) as baton,
                contract(baton, replay) as between,
            ):
                verdicts += [await between.judge(exchange) for exchange in exchanges]
    return verdicts


def page(verdicts: Mapping[str, Sequence[Verdict]]) -> str:
    """The whole page."""
    lines = ["| provider | " + " | ".join(Aspect) + " |", "|---|" + "---|" * len(Aspect)]
    lines += [line(provider, found) for provider, found in verdicts.items()]
    lines.append(line("all", [verdict for found in verdicts.values() for verdict in found]))
    refused = [f"- `{name}`: {why}." for name, why in sorted(REFUSED_BEFOREHAND.items())]
    failed = [f"- {problem}" for found in verdicts.values() for one in found for problem in one.problems]
    return "\n".join(
        [
            INTRODUCTION,
            *lines,
            "",
            DIFFERENCES,
            "## Refused without asking",
            "",
            "The provider refused these too; Baton's own 400 is of the same kind.",
            "",
            *refused,
            *(["", "## Failing", "", *failed] if failed else []),
            "",
        ]
    )


def line(name: str, verdicts: Sequence[Verdict]) -> str:
    """One row of the table."""
    cells: list[str] = []
    for aspect in Aspect:
        judged = [verdict.judged[aspect] for verdict in verdicts if aspect in verdict.judged]
        cells.append(f"{sum(not found for found in judged)}/{len(judged)}" if judged else "–")
    return f"| {name} | " + " | ".join(cells) + " |"


async def _verdicts() -> dict[str, list[Verdict]]:
    with tempfile.TemporaryDirectory() as folder:
        return {provider: await judge(provider, Path(folder)) for provider in PROVIDERS}


def main() -> int:
    """Write the page, or say whether it would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    logging.disable()
    verdicts = asyncio.run(_verdicts())
    text = page(verdicts)
    if not arguments.check:
        PAGE.write_text(text, encoding="utf-8")
    elif text != PAGE.read_text(encoding="utf-8"):
        print(f"{PAGE.relative_to(ROOT)} is out of date", file=sys.stderr)
        return 1
    return int(any(verdict.problems for found in verdicts.values() for verdict in found))


if __name__ == "__main__":
    sys.exit(main())
