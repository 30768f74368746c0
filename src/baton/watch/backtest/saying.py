"""A backtest in sentences: what was assumed, and what it comes to."""

from collections.abc import Callable

from msgspec.structs import replace

from baton.core.money import usd_text
from baton.watch.backtest.case import Case
from baton.watch.backtest.estimating import Outcome
from baton.watch.backtest.means import LEAST
from baton.watch.backtest.report import Compared, Report

_Written = Callable[[float], str]

_ALWAYS = (
    "Answers are taken to be as long as those of the other model to such work are in the ledger (use case,"
    f" task, complexity; from {LEAST} answers of both on), prompts to take the tokens that the other model"
    " makes of them, and what a provider's cache held of a prompt to be held by the other's too. Who served"
    " what was no chance: a model that is given other work than it had may do otherwise.",
    "Quality is the catalog's, as moved by feedback; its interval tells how requests differ, not how sure the"
    " catalog is.",
)


class Assumed:
    """What was taken to be so, counted."""

    def __init__(self) -> None:
        self.unpriced = 0
        self.untimed = 0
        self._lengths = 0
        self._listed = 0

    def note(self, case: Case, in_force: Outcome, proposed: Outcome) -> None:
        """One more case."""
        if case.in_force.model != case.proposed.model:
            self._lengths += in_force.length_assumed or proposed.length_assumed
            self._listed += in_force.latency_listed or proposed.latency_listed

    def sentences(self, interactions: int, examined: int, moved: int) -> tuple[str, ...]:
        """Those that hold."""
        found: list[str] = []
        if examined < interactions:
            found.append(
                f"{examined} of {interactions} interactions were drawn, by chance; costs are told for all."
            )
        if self._lengths:
            found.append(
                f"Of {self._lengths} of {moved} requests that move there are fewer than {LEAST} answers of"
                " both models to such work: the other's answer is taken to be as long."
            )
        if self._listed:
            found.append(
                f"Of {self._listed} that move the latency is the catalog's: the model has answered too few."
            )
        if self.untimed:
            found.append(f"Of {self.untimed} no latency is known; they are in no latency.")
        if self.unpriced:
            found.append(f"Of {self.unpriced} no price is known; they are in no cost.")
        if moved:
            found += _ALWAYS
        return tuple(found)


def verdict_of(report: Report) -> Report:
    """The same with what it comes to, in a few sentences."""
    return replace(report, verdict=" ".join(_sentences(report)))


def _sentences(report: Report) -> list[str]:
    control, cost = report.control, report.cost
    if not control.replayed:
        return ["No decision of the router's is in this period."]
    told = [
        f"{control.same} of {control.replayed} decisions ({control.same / control.replayed:.1%}) come out by"
        " what is in force as they were made."
    ]
    refused = report.coverage.refused
    if refused:
        told.append(f"{refused} requests could be served by nobody under the proposal.")
    if cost.difference == 0 and not report.moved:
        told.append("The proposal gives no request to another model, and changes no cost.")
        return told
    told.append(
        f"{report.moved} of {control.replayed} requests would go to another model. Cost"
        f" {_usd(cost.difference)} USD{_share(cost)}{_between(cost, _usd)}."
    )
    if report.latency.requests:
        told.append(f"Latency {_ms(report.latency.difference)} in the mean{_between(report.latency, _ms)}.")
    if report.quality.requests:
        told.append(f"Quality {report.quality.difference:+.2f} points{_between(report.quality, _points)}.")
    if cost.why_none is not None and cost.interval is None:
        told.append(f"No interval: {cost.why_none}.")
    return told


def _between(each: Compared, written: _Written) -> str:
    if each.interval is None:
        return ""
    return f" (95 %: {written(each.interval.low)} to {written(each.interval.high)})"


def _share(cost: Compared) -> str:
    return f", {cost.difference / cost.in_force:+.1%}" if cost.in_force else ""


def _usd(nanos: float) -> str:
    text = usd_text(round(nanos))
    return text if text.startswith("-") else f"+{text}"


def _ms(value: float) -> str:
    return f"{value:+.0f} ms"


def _points(value: float) -> str:
    return f"{value:+.2f}"
