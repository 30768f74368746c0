"""Whose word names the model: the first that can be followed, and why those before it could not."""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from baton.catalog.lookup import Catalog
from baton.gateway.routing.decision import Ask
from baton.gateway.routing.ranking import Ranking, estimates
from baton.gateway.routing.rules.agents import Choice
from baton.gateway.routing.rules.use_cases import Aim
from baton.gateway.routing.terms import Override, Source

ADEQUATE = 0.8
"""The quality of a model that simple work may be left to: the lowest of those that were agreed on for it."""

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


def hear(catalog: Catalog, ranking: Ranking, ask: Ask, overrides: Sequence[Override]) -> Heard:
    """Whose word is followed in a ranking; a rule that names nobody who fits still says what counts."""
    notes: list[str] = []
    for override in overrides:
        places, because, against = _named(catalog, ranking, ask, override)
        if places:
            notes += _notes(override, against[:1] if override.source is Source.RULE else ())
            return Heard(
                order=_before(places, ranking.order),
                named=len(places),
                override=override,
                because=because,
                passed_over="".join(notes),
            )
        notes += _notes(override, against)
    rule = next((each for each in overrides if each.source is Source.RULE), None)
    if rule is None and ask.use_case is not None:
        places = _by_row(ranking, ask.use_case)
        if places:
            return Heard(
                order=_before(places, ranking.order),
                named=len(places),
                override=Override(source=Source.MODEL, whose="A model's row"),
                because=f"its row prefers it for {ask.use_case}",
                passed_over="".join(notes),
            )
    order = ranking.order if rule is None else _aimed(ranking, ask, rule.aim)
    return Heard(order=order, passed_over="".join(notes))


def _named(
    catalog: Catalog, ranking: Ranking, ask: Ask, override: Override
) -> tuple[list[int], str, list[tuple[str, str]]]:
    """The places of those that an override names and that fit, why its first serves, and what speaks against
    the others."""
    if override.choice is Choice.CHEAPEST:
        return _cheapest(ranking, ask, override)
    table = override.table
    said = "names it"
    if override.choice is not Choice.MODEL:
        spec = None if override.provider is None else catalog.provider(override.provider)
        if spec is None or spec.classes is None:
            return [], "", [(override.provider or "", "no provider of that name has classes")]
        table = (f"{spec.name}/{override.choice.of(spec.classes)}",)
        said = f"names {spec.title}'s {override.choice.value} model"
    places: list[int] = []
    against: list[tuple[str, str]] = []
    for at, name in enumerate(table):
        offer = catalog.served(name)
        if offer is None:
            against.append((name, "it is not in the catalog any more"))
            continue
        place = ranking.place(offer.id)
        if place is None:
            against.append((offer.id, ranking.against(offer.id)))
        elif place not in places:
            if not places:
                said = _said(override, said, at, name if offer.id.lower() != name.lower() else None)
            places.append(place)
    return places, said, against


def _said(override: Override, said: str, at: int, instead_of: str | None) -> str:
    """Why the one at this place of a table serves."""
    whose = override.whose[0].lower() + override.whose[1:]
    if override.source is Source.RULE:
        said = f"lists it {_ORDINALS[at] if at < len(_ORDINALS) else f'at place {at + 1}'}"
    return f"{whose} {said}{'' if instead_of is None else f', in place of {instead_of}'}"


def _cheapest(ranking: Ranking, ask: Ask, override: Override) -> tuple[list[int], str, list[tuple[str, str]]]:
    offers = ranking.pool.offers
    of = [
        each
        for each in (*ranking.order, *ranking.dropped)
        if override.provider is None or offers[each].model.provider == override.provider
    ]
    if not of:
        return [], "", [(override.provider or "", "no model of it can serve the request")]
    spent = estimates(ranking.pool, ask)
    whose = override.whose[0].lower() + override.whose[1:]
    return [min(of, key=spent.__getitem__)], f"{whose} wants the cheapest", []


def _by_row(ranking: Ranking, use_case: str) -> list[int]:
    """Those whose rows prefer them for a use case: by priority, then as they are ranked."""
    offers = ranking.pool.offers
    liked = [each for each in ranking.order if use_case in offers[each].model.preferred_for]
    return sorted(liked, key=lambda each: -offers[each].model.priority)


def _aimed(ranking: Ranking, ask: Ask, aim: Aim) -> Sequence[int]:
    """The order in which models fit the aim of a rule."""
    pool, order = ranking.pool, ranking.order
    if aim is Aim.QUALITY:
        return sorted(order, key=lambda each: -pool.quality[each])
    if aim is Aim.COST:
        spent = estimates(pool, ask)
        return sorted(order, key=lambda each: (pool.quality[each] < ADEQUATE, spent[each]))
    if aim is Aim.INNOVATION:
        released = [pool.offers[each].model.release_date for each in order]
        newest = dict(zip(order, (0 if day is None else -day.toordinal() for day in released), strict=True))
        return sorted(order, key=newest.__getitem__)
    return order


def _before(places: Sequence[int], order: Sequence[int]) -> list[int]:
    first = frozenset(places)
    return [*places, *(each for each in order if each not in first)]


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
