"""`baton quality`: what judges say of answers, what people say of that, and how much is judged at all."""

import asyncio
from typing import Annotated, Any
from urllib.parse import quote, urlencode

import typer
from msgspec import Struct

from baton.cli.line import Line, Reach, ask, line_to, parsed
from baton.cli.stop import MISUSED, Stop
from baton.cli.terminal import AsJson, Column, counted, note, print_json, print_table
from baton.quality.queue.item import Opinion, State
from baton.quality.verdict import Verdict

_QUALITY = "/api/admin/ai/quality"
_REVIEW = _QUALITY + "/review"
_ANY = {"If-Match": "*"}
_DEFAULT = "default"

Id = Annotated[str, typer.Argument(metavar="id", help="The assessment's, as `list` gives it.")]


class ReviewView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What one person said."""

    reviewer: str
    reviewed_at: str
    verdict: str
    score: int | None
    notes: str | None


class ObjectionView(Struct, frozen=True, kw_only=True):
    """What a check says against an output."""

    kind: str
    severity: str
    because: str
    evidence: str


class AssessedView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One output that was assessed, as the API tells it."""

    id: str
    assessed_at: str
    interaction_id: str | None
    run_id: str | None
    step: str | None
    user_id: str
    project: str | None
    use_case: str | None
    provider: str | None
    model_name: str | None
    prompt: str | None
    state: str
    verdict: str
    score: float | None
    completeness: int | None
    coherence: int | None
    actionability: int | None
    objection_kinds: tuple[str, ...]
    judge: str | None
    judge_prompt: str | None
    asked: int
    left_out_chars: int
    cost_usd: str
    unpriced: bool
    reviews: tuple[ReviewView, ...]

    @property
    def of(self) -> str:
        """Which output it was."""
        return f"{self.run_id} {self.step}" if self.interaction_id is None else self.interaction_id

    @property
    def made_by(self) -> str:
        """`provider/name` of the model that made it."""
        return "" if self.model_name is None else f"{self.provider}/{self.model_name}"


class DetailView(AssessedView, frozen=True, kw_only=True, rename="camel"):
    """The same with what was said in words."""

    reasoning: str
    objections: tuple[ObjectionView, ...]
    problems: tuple[str, ...]


class AgreementView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How far scorers and reviewers agree."""

    pairs: int
    share: float | None
    share_low: float | None
    share_high: float | None
    kappa: float | None
    kappa_low: float | None
    kappa_high: float | None


class RuleView(Struct, frozen=True, kw_only=True, rename="camel"):
    """How much of a use case's answers is judged."""

    use_case: str
    share: float
    judge: str
    revision: int


class FigureView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Sums over assessments."""

    key: str | None
    assessed: int
    scored: int
    mean: float | None
    unscored_share: float | None
    verdicts: dict[str, int]
    judge_cost_usd: str
    unpriced: int


class SamplingView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What became of the answers that were drawn."""

    waiting: int
    drawn: int
    assessed: int
    dropped: int
    passed_over: int
    failed: int


class QualityView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Settings and figures."""

    rules: tuple[RuleView, ...]
    sampling: SamplingView
    since: str
    total: FigureView
    by_use_case: tuple[FigureView, ...]
    by_model: tuple[FigureView, ...]
    by_prompt: tuple[FigureView, ...]


class _Listed(Struct, frozen=True):
    items: tuple[AssessedView, ...]


def list_assessed(
    verdict: Annotated[Verdict | None, typer.Option(help="Only these.")] = None,
    state: Annotated[State | None, typer.Option(help="`waiting`: those to be looked at.")] = None,
    use_case: Annotated[str | None, typer.Option(help="Of this use case only.")] = None,
    model: Annotated[str | None, typer.Option(help="Made by this `provider/name` only.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many at most.")] = 50,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """What was assessed, last first; the outputs themselves are not kept."""
    wanted: dict[str, Any] = {"verdict": verdict, "state": state, "useCase": use_case, "model": model}
    query = urlencode({name: value for name, value in wanted.items() if value is not None} | {"limit": limit})
    found = parsed(asyncio.run(ask(line_to(reach), f"{_REVIEW}?{query}")), _Listed).items
    if as_json:
        print_json(found)
        return
    if not found:
        note("Nothing was assessed; `baton quality sampling USE_CASE --share 0.05` has some answers judged.")
    columns = (
        Column("id", whole=True),
        Column("assessed", whole=True),
        Column("verdict", whole=True),
        Column("score", right=True),
        Column("model", folded=True),
        Column("use case"),
        Column("against it"),
        Column("reviews", right=True),
    )
    print_table(
        columns,
        [
            (
                each.id,
                each.assessed_at[:19],
                each.verdict,
                _number(each.score),
                each.made_by,
                each.use_case or "",
                ", ".join(each.objection_kinds),
                str(len(each.reviews)),
            )
            for each in found
        ],
    )


def show(item: Id, as_json: AsJson = False, *, reach: Reach) -> None:
    """One assessment, with what the judge, the checks and people said."""
    _told(parsed(asyncio.run(ask(line_to(reach), _path(item))), DetailView), as_json)


def review(
    item: Id,
    verdict: Annotated[Opinion, typer.Argument(help="What you make of it.")],
    score: Annotated[
        int | None, typer.Option(min=0, max=100, help="60 and more where you accept it.")
    ] = None,
    notes: Annotated[str | None, typer.Option(help="In words; kept sealed.")] = None,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Say what you make of an output; said again, it takes the place of what you said before."""
    body = {"verdict": verdict.value, "score": score, "notes": notes}
    answer = asyncio.run(ask(line_to(reach), _path(item) + "/review", method="POST", body=body))
    _told(parsed(answer, DetailView), as_json)


def agreement(
    use_case: Annotated[str | None, typer.Option(help="Of this use case only.")] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="How far back is looked.")] = 90,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """How far judges and reviewers agree, in the grades good, middling and bad."""
    query = urlencode({"days": days} | ({} if use_case is None else {"useCase": use_case}))
    found = parsed(asyncio.run(ask(line_to(reach), f"{_REVIEW}/agreement?{query}")), AgreementView)
    if as_json:
        print_json(found)
        return
    if found.share is None or found.share_low is None or found.share_high is None:
        print("Nothing was both scored and reviewed.")
        return
    print(
        f"{counted(found.pairs, 'review')}: the same grade in {found.share:.0%}"
        f" ({found.share_low:.0%} … {found.share_high:.0%})."
    )
    if found.kappa is not None:
        sure = "" if found.kappa_low is None else f" ({found.kappa_low:.2f} … {found.kappa_high:.2f})"
        print(f"Beyond chance, weighted: {found.kappa:.2f}{sure}.")


def sampling(
    use_case: Annotated[
        str | None, typer.Argument(metavar="[use_case]", help="`default`: all without a rule of their own.")
    ] = None,
    share: Annotated[float | None, typer.Option(min=0, max=1, help="0.05: one answer in twenty.")] = None,
    judge: Annotated[str | None, typer.Option(help="A model, or `auto`: one of the cheap ones.")] = None,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """How much is judged and what came of it; with a use case and a share, have that much judged."""
    line = line_to(reach)
    if use_case is None and (share is not None or judge is not None):
        raise Stop("say of which use case; `default` is that of all without a rule of their own.", MISUSED)
    if use_case is not None:
        found = asyncio.run(_set(line, use_case, share, judge))
        if as_json:
            print_json(found)
        else:
            print(f"{found.use_case}: {found.share:.2%} of the answers are judged, by {found.judge}.")
        return
    shown = parsed(asyncio.run(ask(line, _QUALITY)), QualityView)
    if as_json:
        print_json(shown)
    else:
        _print_figures(shown)


async def _set(line: Line, use_case: str, share: float | None, judge: str | None) -> RuleView:
    rules = parsed(await ask(line, _QUALITY), QualityView).rules
    before = next((each for each in rules if each.use_case == use_case), None)
    if before is None and share is None:
        raise Stop(f"{use_case} has no rule; say what share of its answers is judged, by --share.", MISUSED)
    body = {
        "share": before.share if share is None and before is not None else share,
        "judge": judge or ("auto" if before is None else before.judge),
    }
    path = f"{_QUALITY}/rules/{quote(use_case, safe='')}"
    headers = None if before is None else _ANY
    return parsed(await ask(line, path, method="PUT", body=body, headers=headers), RuleView)


def _print_figures(shown: QualityView) -> None:
    for rule in shown.rules:
        name = "all others" if rule.use_case == _DEFAULT else rule.use_case
        print(f"{name}: {rule.share:.2%} of the answers are judged, by {rule.judge}.")
    if not shown.rules:
        note("Nothing is judged; `baton quality sampling USE_CASE --share 0.05` begins it.")
    counts, total = shown.sampling, shown.total
    print(
        f"Since {shown.since[:10]}: {total.assessed} assessed, {total.scored} scored"
        f"{'' if total.mean is None else f', {total.mean:.0f} in the mean'}; judges cost"
        f" {total.judge_cost_usd} USD."
    )
    print(
        f"This process: {counts.drawn} drawn, {counts.waiting} waiting, {counts.dropped} dropped,"
        f" {counts.passed_over} passed over, {counts.failed} failed."
    )
    columns = (
        Column("of", folded=True),
        Column("assessed", right=True),
        Column("mean", right=True),
        Column("unscored", right=True),
        Column("USD", right=True),
    )
    figures = [*shown.by_use_case, *shown.by_model, *shown.by_prompt]
    print_table(
        columns,
        [
            (
                each.key,
                str(each.assessed),
                _number(each.mean),
                "" if each.unscored_share is None else f"{each.unscored_share:.0%}",
                each.judge_cost_usd,
            )
            for each in figures
            if each.key is not None
        ],
    )


def _told(found: DetailView, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    score = "no score" if found.score is None else f"{_number(found.score)} of 100"
    print(f"{found.of}: {found.verdict}, {score}.")
    if found.completeness is not None:
        print(
            f"Completeness {found.completeness}, coherence {found.coherence},"
            f" actionability {found.actionability}, by {found.judge} ({found.judge_prompt})."
        )
    if found.reasoning:
        print(found.reasoning)
    for each in found.objections:
        print(f"{each.severity}, {each.kind}: {each.because} “{each.evidence}”")
    for problem in found.problems:
        print(f"The judge: {problem}")
    for each in found.reviews:
        given = "" if each.score is None else f", {each.score}"
        print(f"{each.reviewer} says {each.verdict}{given}. {each.notes or ''}".rstrip())


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.0f}"


def _path(item: str) -> str:
    return f"{_REVIEW}/{quote(item, safe='')}"


COMMANDS = {
    "list": list_assessed,
    "show": show,
    "review": review,
    "agreement": agreement,
    "sampling": sampling,
}
