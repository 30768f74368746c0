"""Whose word names the model: the first that can be followed, and why those before it could not."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import NamedTuple

from msgspec import Struct

from baton.catalog.lookup import Catalog
from baton.gateway.routing.decision import Ask
from baton.gateway.routing.ranking import Ranking, estimates
from baton.gateway.routing.rules.agents import Choice
from baton.gateway.routing.rules.use_cases import Aim
from baton.gateway.routing.terms import Override, Source

ADEQUATE = 0.8
"""The quality of a model that simple work may be left to: the lowest of those that were agreed on for it."""

_AIMED = 4
"""The first by an aim, and those that are asked after it, as many as a decision tells of."""

_WANTED = {
    Aim.QUALITY: "the best",
    Aim.COST: "the cheapest that is adequate",
    Aim.INNOVATION: "the newest",
}

_ORDINALS = ("first", "second", "third", "fourth", "fifth")


class Heard(Struct, frozen=True, kw_only=True):
    """What became of the words."""

    order: Sequence[int]
    """The ranking's, with those that somebody named before all others."""
    named: int = 0
    """How many of the order somebody named; 0: nobody's word could be followed."""
    override: Override | None = None
    """Whose word is followed."""
    because: str = ""
    """Why its first serves, the end of a sentence."""
    passed_over: str = ""
    """Sentences about words that could not be followed."""


class Named(NamedTuple):
    """What an override comes to in a ranking."""

    places: Sequence[int]
    """Of those that it names and that fit, in its order."""
    because: str
    """Why the first of them serves, the end of a sentence."""
    against: Sequence[tuple[str, str]]
    """What speaks against those that it names before the first that fits, or against all of them."""


def hear(
    catalog: Catalog, ranking: Ranking, ask: Ask, overrides: Sequence[Override], *, rows: bool = True
) -> Heard:
    """Whose word is followed in a ranking; a rule that names nobody who fits still says what counts. `rows`:
    whether a model's row counts where no rule does."""
    notes: list[str] = []
    for override in overrides:
        named = _named(catalog, ranking, ask, override)
        notes += _notes(override, named.against)
        if named.places:
            return _heard(named, ranking, override, notes)
    rule = next((each for each in overrides if each.rules), None)
    if rule is not None:
        aimed = _aimed(ranking, ask, rule.aim)
        if aimed is not None:
            because = f"{_small(rule.whose)} names nobody else who fits, and wants {_WANTED[rule.aim]}"
            return _heard(Named(aimed[:_AIMED], because, ()), ranking, rule, notes)
    elif rows and ask.use_case is not None and (liked := _by_row(ranking, ask.use_case)):
        row = Override(source=Source.MODEL, whose="A model's row")
        return _heard(Named(liked, f"its row prefers it for {ask.use_case}", ()), ranking, row, notes)
    return Heard(order=ranking.order, passed_over="".join(notes))


def _heard(named: Named, ranking: Ranking, override: Override, notes: Sequence[str]) -> Heard:
    first = frozenset(named.places)
    return Heard(
        order=[*named.places, *(each for each in ranking.order if each not in first)],
        named=len(named.places),
        override=override,
        because=named.because,
        passed_over="".join(notes),
    )


def _named(catalog: Catalog, ranking: Ranking, ask: Ask, override: Override) -> Named:
    if override.choice is Choice.CHEAPEST:
        return _cheapest(ranking, ask, override)
    table, said = override.table, "names it"
    if override.choice is not Choice.MODEL:
        spec = None if override.provider is None else catalog.provider(override.provider)
        if spec is None or spec.classes is None:
            return Named((), "", [(override.provider or "", "no provider of that name has classes")])
        table = (f"{spec.name}/{override.choice.of(spec.classes)}",)
        said = f"names {spec.title}'s {override.choice.value} model"
    places: list[int] = []
    against: list[tuple[str, str]] = []
    for at, name in enumerate(table):
        offer = catalog.served(name)
        place = None if offer is None else ranking.place(offer.id)
        if offer is None or place is None:
            if not places:
                why = _gone(catalog, name) if offer is None else ranking.against(offer.id)
                against.append((name if offer is None else offer.id, why))
        elif place not in places:
            if not places:
                said = _said(override, said, at, name if offer.id.lower() != name.lower() else None)
            places.append(place)
    return Named(places, said, against)


def _gone(catalog: Catalog, name: str) -> str:
    """Why nobody serves by a name."""
    row = catalog.row(name)
    if row is None:
        return "it is not in the catalog any more"
    return f"it was retired on {row.model.retired_at}, and nothing takes its place"


def _said(override: Override, said: str, at: int, instead_of: str | None) -> str:
    """Why the one at this place of a table serves."""
    if override.source in (Source.RULE, Source.EXPERIMENT):
        said = f"lists it {_ORDINALS[at] if at < len(_ORDINALS) else f'at place {at + 1}'}"
    return f"{_small(override.whose)} {said}{'' if instead_of is None else f', in place of {instead_of}'}"


def _small(whose: str) -> str:
    return whose[0].lower() + whose[1:]


def _cheapest(ranking: Ranking, ask: Ask, override: Override) -> Named:
    offers = ranking.pool.offers
    of = [
        each
        for each in (*ranking.order, *ranking.dropped)
        if override.provider is None or offers[each].model.provider == override.provider
    ]
    if not of:
        return Named((), "", [(override.provider or "", "no model of it can serve the request")])
    spent = estimates(ranking.pool, ask)
    cheapest = min(of, key=lambda each: (spent[each], offers[each].id))
    return Named([cheapest], f"{_small(override.whose)} wants the cheapest", ())


def _by_row(ranking: Ranking, use_case: str) -> list[int]:
    """Those whose rows prefer them for a use case, also where the profile drops them: by priority, then as
    they are ranked."""
    offers = ranking.pool.offers
    fitting = (*ranking.order, *ranking.dropped)
    liked = [each for each in fitting if use_case in offers[each].model.preferred_for]
    return sorted(liked, key=lambda each: -offers[each].model.priority)


def _aimed(ranking: Ranking, ask: Ask, aim: Aim) -> Sequence[int] | None:
    """The order in which models fit the aim of a rule; None: the one of the score."""
    pool, order = ranking.pool, ranking.order
    match aim:
        case Aim.QUALITY:
            return sorted(order, key=lambda each: -pool.quality[each])
        case Aim.COST:
            spent = estimates(pool, ask)
            return sorted(order, key=lambda each: (pool.quality[each] < ADEQUATE, spent[each]))
        case Aim.INNOVATION:
            released = {each: pool.offers[each].model.release_date or date.min for each in order}
            return sorted(order, key=lambda each: -released[each].toordinal())
        case _:
            return None


def _notes(override: Override, against: Iterable[tuple[str, str]]) -> Iterable[str]:
    """Sentences behind others, on those that an override names and that do not serve."""
    told = list(against)
    if not told:
        return
    if override.source is Source.PREFERENCE:
        name, reason = told[0]
        yield f" Your preferred model {name} was passed over: {reason}."
        return
    yield f" {override.whose} passes over {'; '.join(f'{name}: {reason}' for name, reason in told)}."
