"""What follows from everything that was found in a plan."""

from msgspec import Struct, structs

from baton.pipelines.itinerary.amendment import amended, checked
from baton.pipelines.itinerary.facts import FactCheck
from baton.pipelines.itinerary.outcome import Report
from baton.pipelines.itinerary.plan import Plan, bare
from baton.pipelines.itinerary.review import Issue, Review, has_errors
from baton.pipelines.itinerary.rules import Rules, score_by
from baton.pipelines.itinerary.wish import Wish

MOST_WITH_ERRORS = 5.0
"""The score that a plan has at most in which errors are left: 4-5 are errors to fix."""

_NOT_AGAIN = "What was made anew was not reviewed again."


class Assessed(Struct, frozen=True, kw_only=True):
    """A plan as it is after a review."""

    plan: Plan
    approved: bool
    score: float
    report: Report
    by_rules: tuple[Issue, ...]
    """Those of the report's issues that rules found."""


def assessed(
    plan: Plan, wish: Wish, rules: Rules, review: Review | None, facts: FactCheck | None
) -> Assessed:
    """Carry out what reviewers say, then look at what came of it by rules. None: nobody said anything."""
    issues: tuple[Issue, ...] = ()
    carried_out = 0
    left: tuple[str, ...] = ()
    if review is not None:
        done = amended(plan, review)
        plan, issues, carried_out, left = done.plan, done.issues, done.carried_out, done.left
    if facts is not None:
        plan, doubts = checked(plan, facts)
        issues += doubts
    by_rules = rules.issues(plan, wish)
    issues = _each_once(issues + by_rules)
    return Assessed(
        plan=plan,
        approved=(review is None or review.approved) and not has_errors(issues),
        score=_score(review, issues),
        report=Report(issues=issues, carried_out=carried_out, left=left, facts_checked=facts is not None),
        by_rules=by_rules,
    )


def mended(first: Assessed, second: Assessed, replaced: frozenset[str], *, is_reviewed: bool) -> Assessed:
    """After one cycle: what was found first, marked where it is mended, and what was found then.

    `replaced`: names of activities that are gone. `is_reviewed`: whether more than rules looked again.
    """
    gone = {bare(name) for name in replaced}
    still = set(second.by_rules)

    def marked(issue: Issue) -> Issue:
        of_replaced = issue.activity is not None and bare(issue.activity) in gone
        kept_no_more = issue in first.by_rules and issue not in still
        return structs.replace(issue, auto_fixed=True) if of_replaced or kept_no_more else issue

    issues = _each_once(tuple(map(marked, first.report.issues)) + second.report.issues)
    report = Report(
        issues=issues,
        revision_cycles=1,
        carried_out=first.report.carried_out + second.report.carried_out,
        left=first.report.left + second.report.left + (() if is_reviewed else (_NOT_AGAIN,)),
        facts_checked=first.report.facts_checked,
    )
    score = second.score if is_reviewed else first.score
    return Assessed(
        plan=second.plan,
        approved=is_reviewed and second.approved and not has_errors(issues),
        score=min(score, MOST_WITH_ERRORS) if has_errors(issues) else score,
        report=report,
        by_rules=second.by_rules,
    )


def _score(review: Review | None, issues: tuple[Issue, ...]) -> float:
    score = score_by(issues) if review is None else review.score
    return min(score, MOST_WITH_ERRORS) if has_errors(issues) else score


def _each_once(issues: tuple[Issue, ...]) -> tuple[Issue, ...]:
    return tuple(dict.fromkeys(issues))
