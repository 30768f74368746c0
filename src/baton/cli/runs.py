"""`baton runs`: pipelines, from their start to their end; at a running Baton."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import msgspec
import typer

from baton.cli.line import Line, Reach, ask, connected, line_to, parsed
from baton.cli.run_views import (
    ENDED,
    EventView,
    RunsView,
    RunView,
    WholeRunView,
    print_run,
    print_runs,
)
from baton.cli.stop import FAILED, MISUSED, Stop
from baton.cli.terminal import AsJson, note, print_json

_RUNS = "/api/runs"
_TRIES = 30
"""How often a lost connection is sought again, a second apart: a Baton that is started anew is back then."""

_Run = Annotated[str, typer.Argument(metavar="run", help="Its id.")]
_Budget = Annotated[str | None, typer.Option(metavar="usd", help="What all of it may cost.")]


class _Problem(msgspec.Struct):
    detail: str


class _Kept(msgspec.Struct, rename="camel"):
    id: str
    name: str
    notes: tuple[str, ...]
    left_out: tuple[str, ...]


class _Refused(Stop):
    """It is no use to ask again."""


def start(
    recipe: Annotated[str, typer.Argument(help="Which pipeline, e.g. brand-strategy.")],
    project: Annotated[str | None, typer.Option(help="The id of the project that it is for.")] = None,
    given: Annotated[
        Path | None, typer.Option("--input", help="JSON as the recipe takes it; - for what is piped in.")
    ] = None,
    brief: Annotated[
        Path | None, typer.Option(help="A text that is the brief; - for what is piped in.")
    ] = None,
    document: Annotated[
        list[Path] | None,
        typer.Option(help="A file that its agents shall read: PDF, Markdown, text; may be repeated."),
    ] = None,
    budget: _Budget = None,
    watch_it: Annotated[bool, typer.Option("--watch", help="Tell what happens until it has ended.")] = False,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Begin a run. It goes on whether or not anybody looks."""
    body: dict[str, Any] = {"recipe": recipe, "input": _given(given, brief)}
    if project is not None:
        body["projectId"] = project
    if budget is not None:
        body["budgetUsd"] = budget
    line = line_to(reach)
    if document:
        if project is None:
            raise Stop("documents are a project's: say --project.", MISUSED)
        body["input"]["documents"] = asyncio.run(_brought(line, project, document))
    run = parsed(asyncio.run(ask(line, _RUNS, method="POST", body=body)), WholeRunView)
    if watch_it:
        _watch(line, run.id, 0, as_json)
    elif as_json:
        print_json(run)
    else:
        print(f"Run {run.id} is {run.state}; `baton runs watch {run.id}` tells what happens.")


def list_runs(
    project: Annotated[str | None, typer.Option(help="Only those for a project, by its id.")] = None,
    recipe: Annotated[str | None, typer.Option(help="Only those of a pipeline.")] = None,
    state: Annotated[str | None, typer.Option(help="Only those that are, e.g., waiting.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="So many at most.")] = 50,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """List runs, the newest first: one's own and one's projects'; an admin's are everybody's."""
    wanted = {"project": project, "recipe": recipe, "state": state}
    query = {name: value for name, value in wanted.items() if value is not None}
    found = asyncio.run(_list(line_to(reach), query, limit))
    if as_json:
        print_json(found)
        return
    if not found:
        note("There are no such runs." if query else "There are no runs; `baton runs start` begins one.")
    print_runs(found)


def show(run: _Run, as_json: AsJson = False, *, reach: Reach) -> None:
    """A run as far as it has come, with its steps."""
    _tell(parsed(asyncio.run(ask(line_to(reach), _path(run))), WholeRunView), as_json)


def watch(
    run: _Run,
    after: Annotated[int, typer.Option(min=0, help="Only what happened after this event.")] = 0,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Tell what happens to a run until it has ended; exit code 1 where it did not complete."""
    _watch(line_to(reach), run, after, as_json)


def steer(
    run: _Run,
    instruction: Annotated[str | None, typer.Option(help="For steps that begin from now on.")] = None,
    edit: Annotated[str | None, typer.Option(metavar="step", help="Replace what a step made …")] = None,
    file: Annotated[
        Path | None, typer.Option(help="… by what is in here: its text, or JSON; - for what is piped in.")
    ] = None,
    redo: Annotated[
        str | None, typer.Option(metavar="step", help="Do a step again, and what rests on it.")
    ] = None,
    budget: _Budget = None,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Say one thing to a run."""
    line = line_to(reach)
    said: dict[str, Any] = {"instruction": instruction, "redo": redo, "budgetUsd": budget}
    said = {name: value for name, value in said.items() if value is not None}
    if edit is not None:
        if file is None:
            raise Stop("say with --file what stands there from now on.", MISUSED)
        said["edit"] = asyncio.run(_edited(line, run, edit, _text(file)))
    if len(said) != 1:
        raise Stop("say one thing: --instruction, --edit, --redo or --budget.", MISUSED)
    _tell(_said(line, run, "steer", said), as_json)


def approve(
    run: _Run,
    gate: Annotated[str | None, typer.Option(help="Where it waits in several places.")] = None,
    reject: Annotated[bool, typer.Option("--reject", help="Do not approve it.")] = False,
    comment: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Let a run through a gate, or not."""
    line = line_to(reach)
    where = asyncio.run(_gate(line, run)) if gate is None else gate
    body = {"approve": {"gate": where, "approved": not reject, "comment": comment}}
    _tell(_said(line, run, "steer", body), as_json)


def resume(run: _Run, as_json: AsJson = False, *, reach: Reach) -> None:
    """Go on with a run that failed, was cancelled or had too small a budget; what is finished is kept."""
    _tell(_said(line_to(reach), run, "resume", {}), as_json)


def cancel(run: _Run, as_json: AsJson = False, *, reach: Reach) -> None:
    """End a run; what is under way is interrupted."""
    _tell(_said(line_to(reach), run, "cancel", {}), as_json)


def _tell(run: WholeRunView, as_json: bool) -> None:
    if as_json:
        print_json(run)
    else:
        print_run(run)


def _watch(line: Line, run_id: str, after: int, as_json: bool) -> None:
    run = asyncio.run(_watched(line, run_id, after, as_json))
    if not as_json:
        print_run(run)
    if run.state != "completed":
        raise typer.Exit(FAILED)


async def _watched(line: Line, run_id: str, after: int, as_json: bool) -> WholeRunView:
    """Tell each event once, whatever becomes of the connection; the run at its end."""
    tries = 0
    while True:
        try:
            async with aclosing(_events(line, run_id, after)) as events:
                async for event in events:
                    after, tries = event.number, 0
                    print(msgspec.json.encode(event).decode() if as_json else event.line(), flush=True)
                    if event.kind == "waiting":
                        note(f"`baton runs approve {run_id}` lets it through, with --reject it does not.")
            run = parsed(await ask(line, _path(run_id)), WholeRunView)
            if run.state in ENDED:
                return run
        except Stop as lost:
            tries += 1
            if isinstance(lost, _Refused) or not after or tries > _TRIES:
                raise
        await asyncio.sleep(1)


async def _events(line: Line, run_id: str, after: int) -> AsyncGenerator[EventView]:
    """What is told on one connection.

    Raises:
        Stop: it is lost, or the answer is an error.
    """
    path = f"{_path(run_id)}/events"
    async with (
        connected(line) as session,
        session.get(line.url + path, headers={"Last-Event-ID": str(after)}) as response,
    ):
        if response.status >= HTTPStatus.BAD_REQUEST:
            busy = response.status == HTTPStatus.SERVICE_UNAVAILABLE
            said = parsed(await response.read(), _Problem).detail
            raise Stop(said) if busy else _Refused(said)
        async for sent in response.content:
            if sent.startswith(b"data: "):
                yield parsed(sent[6:], EventView)


async def _list(line: Line, query: dict[str, str], limit: int) -> tuple[RunView, ...]:
    found: tuple[RunView, ...] = ()
    cursor: str | None = None
    while len(found) < limit:
        page = {"limit": str(min(limit - len(found), 500))} | ({"cursor": cursor} if cursor else {})
        answer = parsed(await ask(line, f"{_RUNS}?{urlencode(query | page)}"), RunsView)
        found += answer.runs
        cursor = answer.next_cursor
        if cursor is None:
            break
    return found


async def _brought(line: Line, project: str, files: list[Path]) -> list[str]:
    """The ids of documents that the project has from now on."""
    ids: list[str] = []
    for file in files:
        try:
            data = file.read_bytes()
        except OSError as error:
            raise Stop(f"{file} cannot be read.") from error
        path = f"/api/projects/{quote(project, safe='')}/documents?{urlencode({'name': file.name})}"
        kept = parsed(await ask(line, path, method="POST", file=data), _Kept)
        for told in (*kept.notes, *kept.left_out):
            note(f"{kept.name}: {told}")
        ids.append(kept.id)
    return ids


async def _gate(line: Line, run_id: str) -> str:
    """Where it waits."""
    gates = parsed(await ask(line, _path(run_id)), WholeRunView).gates()
    match gates:
        case [gate]:
            return gate
        case []:
            raise Stop("the run waits for nobody.")
        case _:
            raise Stop(f"the run waits in several places; say --gate: {', '.join(gates)}.", MISUSED)


async def _edited(line: Line, run_id: str, step: str, text: str) -> dict[str, Any]:
    """What shall stand there: a text, or where the step made something else JSON in its shape."""
    run = parsed(await ask(line, _path(run_id)), WholeRunView)
    output: object = next((each.output for each in run.steps if each.name == step), None)
    is_text = isinstance(output, dict) and "content" in output
    try:
        value = text.rstrip("\n") if is_text else json.loads(text)
    except ValueError as error:
        raise Stop(f"what {step} made is no text; the file must hold JSON in its shape.") from error
    return {"step": step, "output": value, "after": run.last_event}


def _said(line: Line, run_id: str, what: str, body: dict[str, Any]) -> WholeRunView:
    path = f"{_path(run_id)}/{what}"
    return parsed(asyncio.run(ask(line, path, method="POST", body=body)), WholeRunView)


def _given(given: Path | None, brief: Path | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if given is not None:
        try:
            values = msgspec.json.decode(_text(given), type=dict[str, Any])
        except msgspec.DecodeError as error:
            raise Stop(f"{given} holds no JSON object.") from error
    if brief is not None:
        values["brief"] = _text(brief)
    return values


def _text(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(f"{file} cannot be read as text.") from error


def _path(run_id: str) -> str:
    return f"{_RUNS}/{quote(run_id, safe='')}"


COMMANDS = {
    "start": start,
    "list": list_runs,
    "show": show,
    "watch": watch,
    "steer": steer,
    "approve": approve,
    "resume": resume,
    "cancel": cancel,
}
