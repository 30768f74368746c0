"""Calibrates the estimates of tokens on the recordings, and writes `docs/tokens.md` with their errors:
`python -m tests.contracts.estimates`, with `--check` to compare only."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from statistics import median

import msgspec
from msgspec.structs import replace
from rs_bpe.bpe import openai  # pyright: ignore[reportMissingModuleSource, reportMissingTypeStubs]

from baton.catalog.tokens.families import Calibration, Family
from baton.catalog.tokens.measure import Measure, chars_of, measure
from baton.catalog.tokens.transcript import declared_texts, said_texts
from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.request import ChatRequest
from baton.upstream.dialects.anthropic.requests import read_request as read_messages
from baton.upstream.dialects.google.requests import read_request as read_generation
from baton.upstream.dialects.openai.requests import read_request as read_chat
from baton.upstream.dialects.responses.requests import read_request as read_responses
from tests.contracts.facts.reading import Unreadable, answer_of, streamed_answer_of
from tests.contracts.recordings import ROOT, Exchange, exchanges
from tests.contracts.scripts import PAGE_TEXT, SAMPLES, UNITS_SOURCE

DATA = ROOT / "src" / "baton" / "catalog" / "data" / "tokens.json"
PAGE = ROOT / "docs" / "tokens.md"
FOLDS = 5

_READERS: dict[Dialect, Callable[[bytes], ChatRequest]] = {
    Dialect.OPENAI: read_chat,
    Dialect.OPENAI_RESPONSES: read_responses,
    Dialect.ANTHROPIC: read_messages,
}
_SEARCHES = ("sonar", "search", "compound", ":online")
"""Models that read the web before they answer, and bill it as prompt."""


@dataclass(frozen=True)
class Case:
    """A recorded prompt and its tokens."""

    provider: str
    model: str
    request: ChatRequest
    sizes: Measure
    tokens: int
    fold: int


def read_cases() -> list[Case]:
    """Every recorded chat whose prompt is all there: no searches, files, steps of a server's tools."""
    cases: list[Case] = []
    for exchange in exchanges(lambda one: one.dialect is not None and one.status == 200):
        case = _case(exchange)
        if case is not None:
            cases.append(case)
    return cases


def _case(exchange: Exchange) -> Case | None:
    assert exchange.dialect is not None
    body = json.dumps(exchange.request, ensure_ascii=False).encode()
    try:
        answer = (streamed_answer_of if exchange.streamed else answer_of)(exchange.dialect, exchange.body)
        if exchange.dialect is Dialect.GOOGLE:
            request = read_generation(body, exchange.model, stream=exchange.streamed)
        else:
            request = _READERS[exchange.dialect](body)
    except (Unreadable, Invalid):
        return None
    sizes = measure(request)
    begun = any(exchange.request.get(name) for name in ("previous_response_id", "conversation", "prompt"))
    cached = exchange.request.get("cachedContent")
    if answer.tokens is None or answer.tokens.prompt < 1 or sizes.foreign or sizes.files or begun or cached:
        return None
    if any(word in exchange.model for word in _SEARCHES) or "plugins" in exchange.request:
        return None
    said = "".join(said_texts(request))[:400]
    fold = sha256(said.encode("utf-8", "replace")).digest()[0] % FOLDS
    return Case(exchange.provider, exchange.model, request, sizes, answer.tokens.prompt, fold)


class Exact:
    """The encodings."""

    def __init__(self) -> None:
        self._vocabularies = {"o200k_base": openai.o200k_base(), "cl100k_base": openai.cl100k_base()}

    def count(self, encoding: str, texts: Sequence[str]) -> int:
        """Tokens of texts, each by itself."""
        return sum(self._vocabularies[encoding].count(text) for text in texts)


COLUMNS = (
    "once",
    "message",
    "answer",
    "said",
    "declared",
    "tools",
    "tools_in_chat",
    "tool",
    "call",
    "schema",
    "image",
)
PRIOR = (3.0, 3.5, 0.5, 1.1, 0.6, 30.0, 0.0, 10.0, 20.0, 20.0, 500.0)
ENCODED = (3.0, 3.0, 0.0, 1.0, 1.0, 8.0, 0.0, 0.0, 8.0, 30.0, 500.0)
_FIXED_OF_ENCODED = ("message", "said", "declared", "tool")
_TURNS = 800
_LEAST = {"said": 0.8, "declared": 0.3}
"""Short prompts say little of these, and a long one must not come out as next to nothing."""
_SHORT_TOKENS = 30
"""Added to what errors are relative to while fitting: a few tokens of a short prompt matter little."""
_PULL = 0.3
"""How many rows the prior of a coefficient is worth."""


def row_of(case: Case, said: float, declared: float) -> list[float]:
    """What each coefficient is multiplied with."""
    sizes = case.sizes
    chat = case.request.dialect in (Dialect.OPENAI, Dialect.NATIVE)
    return [
        1.0, sizes.messages, sizes.answers, said, declared, bool(sizes.tools), bool(sizes.tools) and chat,
        sizes.tools, sizes.calls, sizes.schema, sizes.images,
    ]  # fmt: skip


def fit(family: Family, cases: Sequence[Case], calibration: Calibration, exact: Exact) -> Family:
    """The family with the coefficients that suit its cases best."""
    fixed = _FIXED_OF_ENCODED if family.encoding else ("tools_in_chat",)
    prior = ENCODED if family.encoding else PRIOR
    rows: list[list[float]] = []
    goals: list[float] = []
    for case in cases:
        row = row_of(case, *sizes_of(family, case, calibration, exact))
        rows.append(row)
        goals.append(case.tokens)
    free = [at for at, name in enumerate(COLUMNS) if name not in fixed]
    base = [sum(prior[at] * row[at] for at in range(len(prior)) if at not in free) for row in rows]
    kept = [at for at, goal in enumerate(goals) if goal > base[at] * 0.5]
    scales = [goal + _SHORT_TOKENS for goal in goals]
    weighed = [[rows[at][column] / scales[at] for column in free] for at in kept]
    found = _relative(
        weighed,
        [(goals[at] - base[at]) / scales[at] for at in kept],
        [prior[at] for at in free],
        [_LEAST.get(COLUMNS[at], 0.0) for at in free],
    )
    values = dict(zip(COLUMNS, prior, strict=True)) | {
        COLUMNS[at]: round(value, 3) for at, value in zip(free, found, strict=True)
    }
    return replace(family, **values)


def _relative(
    rows: list[list[float]], goals: list[float], prior: list[float], least: list[float] | None = None
) -> list[float]:
    found = list(prior)
    speaks = [sum(1 for row in rows if row[at]) for at in range(len(prior))]
    left = [
        goal - sum(f * v for f, v in zip(found, row, strict=True))
        for row, goal in zip(rows, goals, strict=True)
    ]
    for turn in range(_TURNS):
        # A prompt that is far off (by hidden words of a provider's, say) pulls no more than one that is a
        # little off; at first more roughly, to come near.
        trust = [1 / max(0.3 if turn < _TURNS // 2 else 0.03, abs(off)) for off in left]
        for at in range(len(prior)):
            if not speaks[at]:
                continue
            norm = sum(t * row[at] ** 2 for t, row in zip(trust, rows, strict=True))
            weight = _PULL * norm / speaks[at] + 1e-12
            slope = sum(t * off * row[at] for t, off, row in zip(trust, left, rows, strict=True))
            better = max(
                least[at] if least else 0.0, (slope + norm * found[at] + weight * prior[at]) / (norm + weight)
            )
            step = better - found[at]
            if step:
                found[at] = better
                left = [off - step * row[at] for off, row in zip(left, rows, strict=True)]
    return found


def sizes_of(family: Family, case: Case, calibration: Calibration, exact: Exact) -> tuple[float, float]:
    """What is said and what is declared, in tokens of the family's encoding or in units."""
    if family.encoding is None:
        return calibration.units_of(case.sizes.said), calibration.units_of(case.sizes.declared)
    said, declared = said_texts(case.request), declared_texts(case.request)
    return exact.count(family.encoding, said), exact.count(family.encoding, declared)


def total_of(family: Family, case: Case, calibration: Calibration, exact: Exact) -> int:
    """The estimate, or the exact count, of a case."""
    said, declared = sizes_of(family, case, calibration, exact)
    return family.total(case.sizes, said, declared, case.request.dialect)


_RECORDED = "fitted on recorded exchanges by tests/contracts/estimates.py"
_OPENAI = (
    "encoding: tiktoken's table of models; 3 a message and 3 before the answer: OpenAI's cookbook; the rest "
)
FAMILIES = (
    Family(name="gpt-4o and 4.1", models=r"(^|/|:)(chatgpt-|openai-)?gpt-4(o|\.\d)",
           encoding="o200k_base", exact=True,
           source=_OPENAI + _RECORDED),
    Family(name="gpt-4 and 3.5", models=r"(^|/|:)gpt-(4|3\.?5)", encoding="cl100k_base", exact=True,
           source=_OPENAI + _RECORDED),
    Family(name="gpt-5 and o", models=r"(^|[/:.])(gpt-5|o[134](-|$))", encoding="o200k_base", exact=True,
           source=_OPENAI + _RECORDED),
    Family(name="gpt-oss", models=r"gpt-oss", source=_RECORDED),
    Family(name="claude, new", models=r"claude-(opus-4[.-][789]|(opus|sonnet|haiku|fable)-[5-9])",
           source=_RECORDED),
    Family(name="claude 4.5 and 4.6", models=r"claude-(opus|sonnet|haiku)-4[.-][56]", source=_RECORDED),
    Family(name="claude", models=r"claude", source=_RECORDED),
    Family(name="gemini 1 and 2.0", models=r"gemini-(1|2\.0)", source=_RECORDED),
    Family(name="gemini 2.5", models=r"gemini-2", source=_RECORDED),
    Family(name="gemini", models=r"gemini|gemma", source=_RECORDED),
    Family(name="grok code and 4.3", models=r"grok-(code|4\.[2-9])", source=_RECORDED),
    Family(name="grok 4 fast", models=r"grok-4-fast", source=_RECORDED),
    Family(name="grok", models=r"grok", source=_RECORDED),
    Family(name="deepseek", models=r"deepseek", source=_RECORDED),
    Family(name="mistral", models=r"mi[sx]tral|pixtral|voxtral|codestral|devstral", source=_RECORDED),
    Family(name="llama", models=r"llama", source=_RECORDED),
    Family(name="kimi", models=r"kimi", source=_RECORDED),
    Family(name="glm", models=r"glm", source=_RECORDED),
    Family(name="qwen", models=r"qwen|qwq", source=_RECORDED),
    Family(name="others", models=r"", source=_RECORDED),
)  # fmt: skip
"""What is known beforehand; the first whose pattern is found in a model's name counts."""


def units(exact: Exact, cases: Sequence[Case]) -> tuple[float, ...]:
    """What a character of each kind is worth."""
    recorded: set[str] = set()
    for case in cases:
        recorded |= {text for text in said_texts(case.request) if 40 < len(text) < 20_000}
    texts = [*sorted(recorded), *SAMPLES * 3]
    goals = [exact.count("o200k_base", [text]) for text in texts]
    rows = [[count / goal for count in chars_of([text])] for text, goal in zip(texts, goals, strict=True)]
    found = _relative(rows, [1.0] * len(rows), [0.2, 0.4, 0.05, 0.5, 0.35, 0.65, 1.5])
    return tuple(round(value, 4) for value in found)


def calibrate(cases: Sequence[Case], exact: Exact) -> Calibration:
    """Everything, fitted on these cases."""
    bare = Calibration(units=units(exact, cases), families=FAMILIES)
    fitted: list[Family] = []
    for family in FAMILIES:
        own = [case for case in cases if bare.family_of(case.model).name == family.name]
        if not family.models:  # whoever is unknown is like the others that are counted from outside
            own = [case for case in cases if bare.family_of(case.model).encoding is None]
        found = fit(family, own, bare, exact)
        if family.exact:
            found = replace(found, once=float(round(found.once)), answer=float(round(found.answer)))
        fitted.append(found)
    return replace(bare, families=tuple(fitted))


@dataclass(frozen=True)
class Error:
    """How far one estimate was off."""

    case: Case
    family: Family
    estimated: int

    @property
    def exact(self) -> bool:
        sizes = self.case.sizes
        return self.family.exact and not (
            sizes.tools or sizes.calls or sizes.results or sizes.images or sizes.schema
        )

    @property
    def relative(self) -> float:
        return abs(self.estimated - self.case.tokens) / self.case.tokens


def cross_validate(cases: Sequence[Case], exact: Exact) -> list[Error]:
    """Each case estimated by what was fitted on the other folds."""
    errors: list[Error] = []
    for fold in range(FOLDS):
        calibration = calibrate([case for case in cases if case.fold != fold], exact)
        for case in cases:
            if case.fold == fold:
                family = calibration.family_of(case.model)
                errors.append(Error(case, family, total_of(family, case, calibration, exact)))
    return errors


def row(name: str, errors: Sequence[Error]) -> str:
    """A line of a table: how many, median, 90th percentile, and the rough count's median beside it."""
    sizes = sorted(error.relative for error in errors)
    p90 = sizes[min(len(sizes) - 1, int(0.9 * len(sizes)))]
    rough = median(abs(_rough(error.case) - error.case.tokens) / error.case.tokens for error in errors)
    return f"| {name} | {len(sizes)} | {median(sizes):.1%} | {p90:.1%} | {rough:.0%} |"


def _rough(case: Case) -> int:
    return max(1, (sum(case.sizes.said) + sum(case.sizes.declared)) // 4)


def page(cases: Sequence[Case], calibration: Calibration, exact: Exact) -> str:
    """The whole of `docs/tokens.md`."""
    errors = cross_validate(cases, exact)
    head = ["| | recordings | median error | p90 | median of characters / 4 |", "|---|---|---|---|---|"]
    providers = sorted({case.provider for case in cases})
    by_provider = [
        row(name, [error for error in errors if error.case.provider == name]) for name in providers
    ]
    by_family: list[str] = []
    numbers: list[str] = []
    for family in calibration.families:
        own = [error for error in errors if error.family.name == family.name]
        if own:
            by_family.append(row(family.name, own))
        values = " | ".join(f"{getattr(family, name):g}" for name in COLUMNS)
        numbers.append(f"| {family.name} | {family.encoding or ''} | {values} |")
    sure = [error for error in errors if error.exact]
    hit = sum(error.estimated == error.case.tokens for error in sure)
    return PAGE_TEXT.format(
        exact=f"{hit} of {len(sure)}",
        exact_row="\n".join([*head, row("prompts of text alone, encoding known", sure)]),
        providers="\n".join([*head, *by_provider, row("all", errors)]),
        families="\n".join([*head, *by_family]),
        units=", ".join(str(worth) for worth in calibration.units),
        units_source=UNITS_SOURCE,
        columns=" | ".join(COLUMNS),
        rule="|---" * (len(COLUMNS) + 2) + "|",
        numbers="\n".join(numbers),
        folds=FOLDS,
        used=len(cases),
    )


def made_of(cases: Sequence[Case], exact: Exact) -> dict[Path, str]:
    """What both files say."""
    calibration = calibrate(cases, exact)
    return {
        DATA: msgspec.json.format(msgspec.json.encode(calibration), indent=1).decode() + "\n",
        PAGE: page(cases, calibration, exact),
    }


def main() -> int:
    """Writes both files, or says whether they are up to date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    arguments = parser.parse_args()
    made = made_of(read_cases(), Exact())
    stale = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    if not arguments.check:
        for path in stale:
            path.write_text(made[path])
    for path in stale:
        print(f"{path.relative_to(ROOT)} {'is out of date' if arguments.check else 'written'}")
    return 1 if arguments.check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
