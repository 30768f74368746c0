"""Why a model was chosen, in sentences for a person."""

from collections.abc import Sequence

from baton.core.money import usd_text
from baton.core.profile import Profile
from baton.core.task import level_of
from baton.gateway.routing.authority import Heard
from baton.gateway.routing.decision import Ask, Scored
from baton.gateway.routing.ranking import Ranking
from baton.gateway.routing.terms import Source, Terms, Trial, Way


def said_of_data(ask: Ask) -> str:
    """What is required of its provider, as a sentence behind others."""
    if not ask.data_needs:
        return ""
    return f" Its provider meets {', '.join(sorted(ask.data_needs))}, as is required."


def said_of_trial(trial: Trial | None, heard: Heard) -> str:
    """What it counts for, as a sentence behind others that do not say so."""
    if trial is None or (heard.override is not None and heard.override.source is Source.EXPERIMENT):
        return ""
    return f" It counts for {trial.whose}."


def reasoning_of(heard: Heard, way: Way | None, ranked: Sequence[Scored], ranking: Ranking, ask: Ask) -> str:
    """Why the first of the ranked serves, in sentences for a person."""
    chosen, override = ranked[0].offer, heard.override
    if override is not None and override.source is Source.PREFERENCE:
        named = override.table[0]
        if named.lower() != chosen.id.lower():
            return (
                f"{chosen.id} takes the place of {named}, which your preference names and which is retired."
            )
        return f"{chosen.id} is the model that your preference names."
    if override is not None:
        return f"{chosen.id} serves: {heard.because}.{heard.passed_over}"
    if way is not None:
        return f"{chosen.id} serves: {way.because}.{heard.passed_over}"
    why = _why_chosen(ranked, len(heard.order)) + _said_of_work(ask) + _said_of_money(ask)
    return why + _said_of_profile(ranking, ask.terms) + heard.passed_over


def _said_of_work(ask: Ask) -> str:
    """What the prompt was read as, as a sentence behind others."""
    if ask.complexity is None:
        return ""
    task = "work of no sure kind" if ask.task is None else ask.task.value.replace("_", " ")
    return f" Read as {task}, {level_of(ask.complexity).value} ({ask.complexity:.2f})."


def _said_of_money(ask: Ask) -> str:
    return " A budget nears its end, so cost weighs more." if ask.pressure else ""


def _said_of_profile(ranking: Ranking, terms: Terms) -> str:
    """What the profile has done, as a sentence behind others."""
    if not ranking.dropped or terms.profile is None:
        return ""
    half = "cheaper" if terms.profile is Profile.COST_OPTIMIZED else "better"
    kept = len(ranking.order)
    return (
        f" The profile {terms.profile.value} ({terms.whose('profile')}) leaves the {half} {kept} of"
        f" {kept + len(ranking.dropped)}."
    )


def _why_chosen(ranked: Sequence[Scored], candidates: int) -> str:
    best = ranked[0]
    scores = best.scores
    price = "price unknown" if best.estimate is None else f"about {usd_text(best.estimate)} USD"
    told = (
        f"{best.offer.id} scores {scores.final:.3f} (quality {scores.quality:.2f}, cost {scores.cost:.2f}, "
        f"availability {scores.availability:.2f}; {price})"
    )
    if candidates == 1:
        return f"{told}; no other model can serve this request."
    if len(ranked) == 1:
        return f"{told}, the best of {candidates}."
    return (
        f"{told}, the best of {candidates}; next is {ranked[1].offer.id} with {ranked[1].scores.final:.3f}."
    )
