"""Outputs written for the checks, with what is to be said against each."""

from dataclasses import dataclass
from pathlib import Path

from msgspec import Raw

from baton.core.answer import Finish
from baton.quality.output import Output
from baton.quality.task import Task

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Case:
    """One output."""

    expected: frozenset[str]
    """Kind and severity of each objection, such as `refused serious`."""
    task: Task
    output: Output


def cases(name: str) -> list[Case]:
    """Of the text file of that name.

    `@` begins a case and says what is expected (`-`: nothing); `?` is what was asked; `+` is one more thing
    that is known (`lang`, `finish`, `schema`, `most`, `stops`, `refusal`); all else is the output.
    """
    text = (HERE / f"{name}.txt").read_text(encoding="utf-8")
    return [_case(block) for block in ("\n" + text).split("\n@ ")[1:]]


def _case(block: str) -> Case:
    first, asked, *lines = block.rstrip("\n").split("\n")
    known: dict[str, str] = {}
    while lines and lines[0].startswith("+ "):
        name, _, value = lines.pop(0)[2:].partition("=")
        known[name] = value
    task = Task(
        asked=asked.removeprefix("? "),
        language=known.get("lang"),
        schema=Raw(known["schema"].encode()) if "schema" in known else None,
        most_chars=int(known["most"]) if "most" in known else None,
        stops="stops" in known,
    )
    output = Output(
        text="\n".join(lines),
        finish=Finish(known.get("finish", "stop")),
        refusal=known.get("refusal", ""),
    )
    return Case(frozenset() if first == "-" else frozenset(first.split(", ")), task, output)
