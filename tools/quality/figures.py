"""The figures of `docs/quality.md`, told from what the checks say of recorded answers."""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import sqrt
from pathlib import Path
from statistics import median
from time import process_time

from msgspec import Struct
from tools.quality.recorded import Answered, answered, earlier

from baton.core.answer import Finish
from baton.quality.checks.checks import Checks, packaged_checks
from baton.quality.objection import Kind, Objection
from baton.quality.output import Output
from baton.quality.task import Task

HEADING = "## Figures"
SEEN = Path(__file__).parent / "seen.toml"

_Z = 1.96
_TOLD = {Kind.EMPTY: None, Kind.TRUNCATED: Finish.LENGTH}
"""Objections that need no look: nothing is there, or the provider itself says that the answer was cut."""

_FOUND = ("right", "wrong")
"""What may stand in `seen.toml`."""

_LONG = 1000
_SPEED_CHARS = 10_000


class Found(Struct, frozen=True):
    """An objection to a recorded answer."""

    answer: Answered
    objection: Objection

    @property
    def is_told(self) -> bool:
        """Whether it is its provider's own word, or plain to see."""
        kind, output = self.objection.kind, self.answer.output
        if kind in _TOLD:
            return _TOLD[kind] in (None, output.finish)
        return kind is Kind.REFUSED and output.is_taken_away


def figures() -> str:
    """The section of the page, its heading included."""
    return "\n".join(_lines()) + "\n"


def put_into(page: str, told: str) -> str:
    """The page with these figures at its end, in place of those before."""
    return page.partition(HEADING)[0] + told


def _lines() -> Iterator[str]:
    checks = packaged_checks()
    seen: Mapping[str, Mapping[str, str]] = tomllib.loads(SEEN.read_text(encoding="utf-8"))
    answers, turns = tuple(answered()), tuple(earlier())
    yield HEADING
    yield ""
    yield "Written by `python -m tools.quality --write`; do not edit."
    yield ""
    yield (
        "**Recorded answers of real providers** (`BATON_TEST_DATA`), and the assistant's earlier turns that"
        " stand in recorded requests. *Told*: its provider says so itself (its finish, a filter), or there is"
        " nothing in it. *By look*: only its text speaks for it; each of these was looked at by hand"
        " (`tools/quality/seen.toml`). Of those with text, in brackets Wilson's 95 % interval."
    )
    yield ""
    yield "| | answers | with text | objections told | by look | of these wrong | false alarms |"
    yield "|---|---|---|---|---|---|---|"
    yield _row("answers", answers, checks, seen)
    yield _row("earlier turns", turns, checks, seen)
    yield ""
    yield _lengths([each.output.text.strip() for each in answers if each.output.text.strip()])
    yield ""
    kinds = Counter(
        (each.objection.kind, each.objection.severity) for each in _found((*answers, *turns), checks)
    )
    yield "| objection | severity | times |"
    yield "|---|---|---|"
    for (kind, severity), count in sorted(kinds.items()):
        yield f"| {kind} | {severity} | {count} |"
    yield ""
    yield (
        f"**Speed.** All checks of {_SPEED_CHARS} characters of recorded prose take"
        f" {_speed_ms(answers, checks):.0f} ms of CPU; the time grows as the length does."
    )


def _row(
    name: str, answers: Sequence[Answered], checks: Checks, seen: Mapping[str, Mapping[str, str]]
) -> str:
    found = _found(answers, checks)
    looked = [each for each in found if not each.is_told]
    words = [seen.get(each.answer.id, {}).get(each.objection.kind, "not looked at") for each in looked]
    unknown = [each.answer.id for each, word in zip(looked, words, strict=True) if word not in _FOUND]
    if unknown:
        raise SystemExit(f"look at {', '.join(unknown)}, and say in {SEEN.name} what you find")
    wrong = words.count("wrong")
    texts = sum(bool(each.output.text.strip()) for each in answers)
    low, high = _wilson(wrong, texts)
    rate = f"{wrong / texts:.1%} ({low:.1%}-{high:.1%})"
    told = len(found) - len(looked)
    return f"| {name} | {len(answers)} | {texts} | {told} | {len(looked)} | {wrong} | {rate} |"


def _lengths(texts: Sequence[str]) -> str:
    long = sum(len(text) > _LONG for text in texts)
    return (
        f"These are mostly short: half of the texts have at most {median(map(len, texts)):.0f} characters,"
        f" and {long} more than {_LONG}; nearly all are in English. Of long ones they say little."
    )


def _found(answers: Sequence[Answered], checks: Checks) -> list[Found]:
    return [
        Found(answer, objection)
        for answer in answers
        for objection in checks.objections(answer.task, answer.output)
    ]


def _speed_ms(answers: Sequence[Answered], checks: Checks) -> float:
    """Of recorded texts, strung together to one length; the least of some runs."""
    prose = "\n\n".join(each.output.text for each in answers if each.output.text.isascii())[:_SPEED_CHARS]
    output = Output(text=prose, finish=Finish.STOP)
    times: list[float] = []
    for _ in range(10):
        began = process_time()
        checks.objections(Task(asked="Tell me all of it."), output)
        times.append(process_time() - began)
    return min(times) * 1000


def _wilson(hits: int, total: int) -> tuple[float, float]:
    share = hits / total
    middle = share + _Z * _Z / (2 * total)
    half = _Z * sqrt(share * (1 - share) / total + _Z * _Z / (4 * total * total))
    scale = 1 + _Z * _Z / total
    return max(0.0, (middle - half) / scale), (middle + half) / scale
