"""`baton experiments`: what is tried on some users, and what came of it, by a running Baton."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
import typer
from msgspec import Struct

from baton.cli.line import Line, Reach, ask, line_to, parsed
from baton.cli.stop import Stop
from baton.cli.terminal import AsJson, Column, counted, note, print_json, print_table

_EXPERIMENTS = "/api/admin/ai/experiments"
_ANY = {"If-Match": "*"}
_RELATIVE = frozenset({"cost", "latency"})
_SAID = {
    "better": "better",
    "worse": "worse",
    "open": "nothing shown",
    "too_few": "too few users or requests",
}

Name = Annotated[str, typer.Argument(metavar="name", help="The experiment's.")]


class RuleView(Struct, frozen=True, kw_only=True):
    """A rule that an arm tries."""

    preferred: tuple[str, ...]
    fallbacks: tuple[str, ...]
    aim: str


class ArmView(Struct, frozen=True, kw_only=True):
    """One arm."""

    name: str
    share: float
    models: tuple[str, ...]
    rule: RuleView | None
    prompt: str | None
    stopped: str | None

    @property
    def does(self) -> str:
        """What is tried in it, in words."""
        if self.rule is not None:
            listed = ", ".join((*self.rule.preferred, *self.rule.fallbacks))
            return f"the rule {listed or 'of no model'} ({self.rule.aim})"
        return self.prompt or ", ".join(self.models) or "the usual way"


class ExperimentView(Struct, frozen=True, kw_only=True):
    """One experiment, as the API tells it."""

    name: str
    description: str
    status: str
    arms: tuple[ArmView, ...]
    scope: msgspec.Raw
    salt: str
    guard: msgspec.Raw
    goal: str
    promotes: bool
    phase: str
    revision: int


class DifferenceView(Struct, frozen=True, kw_only=True):
    """How far an arm is from the control."""

    metric: str
    finding: str
    estimate: float | None
    low: float | None
    high: float | None

    @property
    def told(self) -> str:
        """The estimate with its interval, and what it says."""
        if self.estimate is None or self.low is None or self.high is None:
            return _SAID.get(self.finding, self.finding)
        form = "{:+.1%}" if self.metric in _RELATIVE or self.metric == "failures" else "{:+.2f}"
        value, low, high = (form.format(each) for each in (self.estimate, self.low, self.high))
        return f"{value} ({low} … {high}): {_SAID.get(self.finding, self.finding)}"


class ArmResultView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of an arm."""

    arm: str
    share: float
    stopped: str | None
    requests: int
    users: int
    failures: int
    cost_usd: str
    mean_cost_usd: str | None
    mean_latency_ms: float | None
    mean_failures: float | None
    mean_feedback: float | None
    differences: tuple[DifferenceView, ...]


class ResultsView(Struct, frozen=True, kw_only=True):
    """What came of all of them."""

    experiment: str
    status: str
    phase: str
    goal: str
    level: float
    winner: str | None
    arms: tuple[ArmResultView, ...]


class ShownView(Struct, frozen=True, kw_only=True):
    """An experiment and what came of it."""

    experiment: ExperimentView
    results: ResultsView


class RevisedRule(Struct, frozen=True, kw_only=True, rename="camel"):
    """A rule that was written."""

    use_case: str
    revision: int


class RevisedPrompt(Struct, frozen=True, kw_only=True):
    """A prompt whose production label was moved."""

    name: str
    revision: int


class PromotedView(Struct, frozen=True, kw_only=True):
    """What became of a promotion."""

    experiment: ExperimentView
    rules: tuple[RevisedRule, ...]
    prompts: tuple[RevisedPrompt, ...]


class _Listed(Struct, frozen=True):
    experiments: tuple[ExperimentView, ...]


def list_experiments(as_json: AsJson = False, *, reach: Reach) -> None:
    """All experiments with their arms."""
    found = parsed(asyncio.run(ask(line_to(reach), _EXPERIMENTS)), _Listed).experiments
    if as_json:
        print_json(found)
        return
    if not found:
        note("Nothing is tried; `baton experiments set NAME FILE` begins something.")
    columns = (Column("experiment", whole=True), Column("status", whole=True), Column("arms", folded=True))
    print_table(columns, [(each.name, each.status, _shares(each)) for each in found])


def show(name: Name, as_json: AsJson = False, *, reach: Reach) -> None:
    """An experiment, and what may be said of its arms so far; looking changes nothing, however often."""
    found = asyncio.run(_show(line_to(reach), name))
    if as_json:
        print_json(found)
    else:
        _print(found)


def set_experiment(
    name: Name,
    file: Annotated[Path, typer.Argument(help="JSON as the API takes it; - for what is piped in.")],
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Set an experiment, whole. A new one is a draft: `start` has it run."""
    found = asyncio.run(_set(line_to(reach), name, _body_in(file)))
    _told(found, f"{name} is set ({found.status}): {_shares(found)}.", as_json)


def start(name: Name, as_json: AsJson = False, *, reach: Reach) -> None:
    """Have it run, from the next request on."""
    _told(_done(reach, name, "start"), f"{name} runs.", as_json)


def stop(name: Name, as_json: AsJson = False, *, reach: Reach) -> None:
    """Have everybody go the usual way, from the next request on."""
    _told(_done(reach, name, "stop"), f"{name} is stopped; everybody goes the usual way.", as_json)


def rollout(
    name: Name,
    percent: Annotated[float, typer.Argument(help="Of the users, two decimals at most.")],
    arm: Annotated[str | None, typer.Option(help="Where there are several beside the control.")] = None,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Give an arm another share: nobody leaves it where that is larger, and the control gives what lacks."""
    found = _done(reach, name, "rollout", {"percent": percent, "arm": arm})
    _told(found, f"{name}: {_shares(found)}.", as_json)


def promote(
    name: Name,
    arm: Annotated[str | None, typer.Option(help="Which; the winner, unless it is said.")] = None,
    use_case: Annotated[
        list[str] | None, typer.Option(help="Whose rule it becomes; the scope's, unless it is said.")
    ] = None,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Make an arm the rule of its use cases, and stop the experiment; both can be undone."""
    body = {"arm": arm, "useCases": use_case or []}
    answer = asyncio.run(
        ask(line_to(reach), _path(name) + "/promote", method="POST", body=body, headers=_ANY)
    )
    found = parsed(answer, PromotedView)
    if as_json:
        print_json(found)
        return
    if found.prompts:
        print(f"{name} is stopped, and what was tried is in production of {found.prompts[0].name}.")
        return
    rules = ", ".join(each.use_case for each in found.rules)
    print(f"{name} is stopped, and what was tried is the rule for {rules}.")


def undo(name: Name, as_json: AsJson = False, *, reach: Reach) -> None:
    """Go back to how it was before its last change; undoing twice does it again."""
    found = _done(reach, name, "undo")
    _told(found, f"The last change of {name} is undone ({found.status}): {_shares(found)}.", as_json)


async def _show(line: Line, name: str) -> ShownView:
    experiment = parsed(await ask(line, _path(name)), ExperimentView)
    return ShownView(
        experiment=experiment, results=parsed(await ask(line, _path(name) + "/results"), ResultsView)
    )


async def _set(line: Line, name: str, body: dict[str, Any]) -> ExperimentView:
    there = {each.name for each in parsed(await ask(line, _EXPERIMENTS), _Listed).experiments}
    headers = _ANY if name in there else None
    return parsed(await ask(line, _path(name), method="PUT", body=body, headers=headers), ExperimentView)


def _done(reach: Reach, name: str, what: str, body: dict[str, Any] | None = None) -> ExperimentView:
    path = f"{_path(name)}/{what}"
    return parsed(
        asyncio.run(ask(line_to(reach), path, method="POST", body=body, headers=_ANY)), ExperimentView
    )


def _told(found: ExperimentView, words: str, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        print(words)


def _print(found: ShownView) -> None:
    experiment, results = found.experiment, found.results
    print(f"{experiment.name}, {experiment.status}. {experiment.description}".rstrip())
    columns = (
        Column("arm", whole=True),
        Column("share", right=True),
        Column("serves", folded=True),
        Column("users", right=True),
        Column("requests", right=True),
        Column("USD each", right=True),
        Column("ms", right=True),
        Column("failures", right=True),
        Column("feedback", right=True),
    )
    does = {each.name: each.does for each in experiment.arms}
    print_table(
        columns,
        [
            (
                each.arm,
                f"{each.share:g} %",
                does.get(each.arm, ""),
                str(each.users),
                str(each.requests),
                each.mean_cost_usd or "",
                _figure(each.mean_latency_ms, "{:.0f}"),
                _figure(each.mean_failures, "{:.1%}"),
                _figure(each.mean_feedback, "{:.2f}"),
            )
            for each in results.arms
        ],
    )
    for line in _findings(results):
        print(line)


def _findings(results: ResultsView) -> Iterator[str]:
    control = results.arms[0].arm
    for each in results.arms[1:]:
        yield ""
        yield f"{each.arm} beside {control}{'' if each.stopped is None else ', stopped: ' + each.stopped}"
        for found in each.differences:
            yield f"  {found.metric}: {found.told}"
    yield ""
    if results.winner is not None:
        yield f"{results.winner} has won by {results.goal}."
    users = sum(each.users for each in results.arms)
    yield (
        f"Of {counted(users, 'user')}. All intervals of this phase hold together, at every look, with"
        f" {1 - results.level:.0%}."
    )


def _figure(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def _shares(experiment: ExperimentView) -> str:
    return "; ".join(
        f"{each.name} {each.share:g} % ({each.does}{'' if each.stopped is None else ', stopped'})"
        for each in experiment.arms
    )


def _body_in(file: Path) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        return msgspec.json.decode(text, type=dict[str, Any])
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise Stop(f"{file} holds no experiment in JSON.") from error


def _path(name: str) -> str:
    return f"{_EXPERIMENTS}/{quote(name, safe='')}"


COMMANDS = {
    "list": list_experiments,
    "show": show,
    "set": set_experiment,
    "start": start,
    "stop": stop,
    "rollout": rollout,
    "promote": promote,
    "undo": undo,
}
