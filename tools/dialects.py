"""Writes `docs/dialects.md`, the losses of each pair of dialects, from the dialects' own declarations.

python -m tools.dialects            write the page
python -m tools.dialects --check    say whether that would change anything (exit status 1 if so)
"""

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from baton.core.dialect import Dialect
from baton.core.losses import Feature
from baton.upstream.dialects.codec import Codec
from baton.upstream.dialects.registry import CODECS

PAGE = Path(__file__).parents[1] / "docs" / "dialects.md"

NEVER_SAYS: Mapping[Dialect, frozenset[Feature]] = {
    Dialect.OPENAI: frozenset(
        {
            Feature.REASONING_BUDGET,
            Feature.DOCUMENT_URL,
            Feature.VIDEO,
            Feature.PART_ORDER,
            Feature.TOOL_RESULT_ERROR,
            Feature.TOOL_RESULT_MEDIA,
        }
    ),
    Dialect.OPENAI_RESPONSES: frozenset(
        {
            Feature.TOP_K,
            Feature.SEED,
            Feature.STOP,
            Feature.PRESENCE_PENALTY,
            Feature.FREQUENCY_PENALTY,
            Feature.LOGIT_BIAS,
            Feature.N,
            Feature.REASONING_BUDGET,
            Feature.CACHE_MARKS,
            Feature.MESSAGE_NAME,
            Feature.AUDIO,
            Feature.VIDEO,
            Feature.TOOL_RESULT_ERROR,
        }
    ),
    Dialect.ANTHROPIC: frozenset(
        {
            Feature.SEED,
            Feature.PRESENCE_PENALTY,
            Feature.FREQUENCY_PENALTY,
            Feature.LOGPROBS,
            Feature.LOGIT_BIAS,
            Feature.N,
            Feature.MESSAGE_NAME,
            Feature.DEVELOPER_ROLE,
            Feature.AUDIO,
            Feature.VIDEO,
            Feature.IMAGE_DETAIL,
            Feature.REFUSAL,
        }
    ),
    Dialect.GOOGLE: frozenset(
        {
            Feature.LOGIT_BIAS,
            Feature.USER,
            Feature.PARALLEL_TOOL_CALLS,
            Feature.TOOL_STRICT,
            Feature.CACHE_MARKS,
            Feature.MESSAGE_NAME,
            Feature.DEVELOPER_ROLE,
            Feature.SYSTEM_POSITION,
            Feature.REFUSAL,
        }
    ),
}
"""What a dialect has no word for, so that nothing of it can be lost on the way to another."""

_TITLES = {
    Dialect.OPENAI: "OpenAI's chat completions",
    Dialect.OPENAI_RESPONSES: "OpenAI's Responses",
    Dialect.ANTHROPIC: "Anthropic's Messages",
    Dialect.GOOGLE: "Google's generateContent",
}

INTRODUCTION = """\
# Dialects

Written by `python -m tools.dialects`; do not edit.

What is lost or said otherwise when a request or an answer of one dialect is written in another; how it is
done stands in [translation.md](translation.md). In the same dialect nothing is lost: the bytes are passed on.

Each table is for the dialect that is *written*: of a request, the provider's; of an answer, the caller's. A
column says where it came *from*: **–** left out, **~** said otherwise, **– ~** the one or the other, as the
case may be, blank: it has no such word. All else is translated. What happened in a request stands in
`x-baton-dropped` and `x-baton-adjusted` by the names below; of a stream's answer in the `baton` object of its
last event. The tests hold the dialects to these declarations
(`tests/upstream/dialects/test_properties.py`): what is not declared here is not lost.
"""


def page(codecs: Mapping[Dialect, Codec]) -> str:
    """The whole page."""
    return "\n".join([INTRODUCTION, *(line for codec in codecs.values() for line in table(codec, codecs))])


def table(target: Codec, codecs: Mapping[Dialect, Codec]) -> list[str]:
    """The losses of one dialect, a column for each other one."""
    sources = [dialect for dialect in codecs if dialect is not target.dialect]
    lines = [
        f"## To {_TITLES[target.dialect]} (`{target.dialect}`)",
        "",
        "| what | " + " | ".join(f"from {source}" for source in sources) + " | what happens instead |",
        "|---|" + ":---:|" * len(sources) + "---|",
    ]
    for feature in Feature:
        signs = [sign for said, sign in ((target.cannot, "–"), (target.adjusts, "~")) if feature in said]
        cells = ["" if feature in NEVER_SAYS[source] else " ".join(signs) for source in sources]
        if not any(cells):
            continue
        told = [said[feature] for said in (target.cannot, target.adjusts) if feature in said]
        lines.append(f"| `{feature}` | " + " | ".join(cells) + " | " + "; ".join(told) + " |")
    return [*lines, ""]


def main() -> int:
    """Write the page, or say whether it would change."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    text = page(CODECS)
    if not arguments.check:
        PAGE.write_text(text, encoding="utf-8")
    elif text != PAGE.read_text(encoding="utf-8"):
        print(f"{PAGE.name} is out of date", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
