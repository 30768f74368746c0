"""A recipe for tests: parallel research, a text, a gate; each call of a step's body leaves a line in a file.

The brief says what goes wrong, so that it holds in whichever process the step runs.
"""

import asyncio
import os
from pathlib import Path

import msgspec
from msgspec import Raw, Struct

from baton.core.errors import Unavailable
from baton.pipelines.engine.recipe import Cookbook, Recipe
from baton.pipelines.engine.running import Running
from baton.pipelines.engine.step import Step, StepFailed
from baton.pipelines.engine.work import Work


class Brief(Struct, frozen=True, kw_only=True):
    """What is asked for."""

    log: str
    """The file in which bodies leave a line when they begin (`+`) and when they end (`-`)."""
    topics: int = 3
    pause_s: float = 0.0
    """How long each body takes."""
    fails: dict[str, int] = {}
    """How often a step fails, by its name; for good from 100 on."""
    hangs: tuple[str, ...] = ()
    """Steps that never end by themselves."""
    cost_nanos: int = 0
    """Of each attempt."""
    most_nanos: int = 0
    gate: bool = False
    timeout_s: float = 60.0
    """Of steps that hang."""


class Text(Struct, frozen=True):
    """What a step wrote."""

    words: str


def lines(log: str) -> list[list[str]]:
    """What bodies have said, in order: sign, step, key, process, instructions."""
    try:
        return [line.split(" ", 4) for line in Path(log).read_text().splitlines()]
    except FileNotFoundError:
        return []


def ended(log: str) -> list[str]:
    """The steps whose bodies have come to their end, in order."""
    return [line[1] for line in lines(log) if line[0] == "-"]


async def brand(run: Running, given: Raw) -> Text:
    """Two steps for each topic, the topics beside each other; a text of them; an end once people agree."""
    brief = msgspec.json.decode(given, type=Brief)

    async def topic(n: int) -> str:
        found = await run.do(_step(brief, f"search {n}", f"found{n}"))
        return (await run.do(_step(brief, f"digest {n}", f"{found.words}!"))).words

    extra = run.begin(_step(brief, "extra", "more"))
    texts = await asyncio.gather(*(topic(n) for n in range(brief.topics)))
    try:
        texts.append((await extra).words)
    except StepFailed:
        texts.append("without")
    text = await run.do(_step(brief, "text", "+".join(texts)))
    if brief.gate:
        verdict = await run.gate("agreed", shows=text)
        if not verdict.approved:
            return Text(f"refused: {verdict.comment}")
    return await run.do(_step(brief, "finish", f"[{text.words}]"))


def _step(brief: Brief, name: str, words: str) -> Step[Text]:
    return Step(
        name=name,
        body=lambda work: _body(brief, name, words, work),
        returns=Text,
        wait_s=0.01,
        timeout_s=brief.timeout_s if name in brief.hangs else 60.0,
        most_nanos=brief.most_nanos,
    )


async def _body(brief: Brief, name: str, words: str, work: Work) -> Text:
    _say(brief, "+", name, work)
    await work.progress(1, 2, "halves")
    if name in brief.hangs:
        work.spent(brief.cost_nanos)
        await asyncio.Event().wait()
    await asyncio.sleep(brief.pause_s)
    work.spent(brief.cost_nanos)
    if work.attempt <= brief.fails.get(name, 0):
        raise Unavailable(f"{name} is not to be had", code="not_to_be_had")
    await work.interim({"half": words[: len(words) // 2]})
    _say(brief, "-", name, work)
    return Text(words + "".join(f"({text})" for text in work.instructions))


def _say(brief: Brief, sign: str, name: str, work: Work) -> None:
    told = (sign, _word(name), _word(work.key()), str(os.getpid()), str(list(work.instructions)))
    with open(brief.log, "a") as log:
        log.write(" ".join(told) + "\n")


def _word(text: str) -> str:
    return text.replace(" ", "_")


COOKBOOK = Cookbook([Recipe("brand", 1, brand)])
