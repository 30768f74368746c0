"""Every fault, before and after another one, whole and streamed, for callers of every dialect, from providers
of the same and of another: what another model could serve is served, once, whole, and at its cost."""

import asyncio
from collections.abc import AsyncGenerator, Callable

import pytest
import pytest_asyncio

from baton.core.dialect import Dialect
from tests.chaos.faults import (
    AFTER_WORDS,
    ANSWERED,
    BEFORE_A_WORD,
    HARMLESS,
    UNREACHED,
    WHOLE_BREAKS,
    Fault,
)
from tests.chaos.matrix import DIALECTS, HANGING_S, SLACK_S, Cell, House, judge, open_house
from tests.proofs import FOUND

pytestmark = pytest.mark.asyncio(loop_scope="module")

SILENT_S = 1.0
"""How long a stream may say nothing."""

ABROAD = {Dialect.OPENAI: 2, Dialect.OPENAI_RESPONSES: 2, Dialect.ANTHROPIC: 3, Dialect.GOOGLE: 1}
"""How many steps further in the list the other dialect of a cell is."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[House]:
    """One for a whole module: no cell asks what another one has asked."""
    folder = tmp_path_factory.mktemp("matrix")
    async with open_house(folder, 1500, first_token_s=SILENT_S, stall_s=SILENT_S) as house:
        yield house


def other(dialect: Dialect) -> Dialect:
    """Another dialect."""
    return DIALECTS[(DIALECTS.index(dialect) + ABROAD[dialect]) % len(DIALECTS)]


Place = Callable[[House, str, Fault, Dialect, Dialect, bool], Cell]
"""Given caller's dialect and the failing provider's."""


def _failing(house: House, fault: Fault, home: Dialect) -> str:
    return house.route(home, fault.settings, fault.nowhere)


def first(house: House, name: str, fault: Fault, caller: Dialect, home: Dialect, stream: bool) -> Cell:
    """The first route that is asked."""
    failing = _failing(house, fault, home)
    spare = house.route(caller if home is not caller else other(caller))
    return Cell(name, fault, caller, failing, (failing, spare), stream)


def later(house: House, name: str, fault: Fault, caller: Dialect, home: Dialect, stream: bool) -> Cell:
    """A fallback, after a route that has failed before."""
    cell = first(house, name, fault, caller, home, stream)
    cell.routes = (house.route(other(home), "fault=503"), *cell.routes)
    return cell


def rescuing(house: House, name: str, fault: Fault, caller: Dialect, home: Dialect, stream: bool) -> Cell:
    """A fallback that is asked to rescue an answer that has broken off after three words."""
    cell = first(house, name, fault, caller, home, stream)
    cell.routes = (house.route(other(home), "fault=cut;after=3"), *cell.routes)
    cell.broken = True
    return cell


PLACES: dict[str, Place] = {"first": first, "later": later, "rescuing": rescuing}
Faults = dict[str, Fault]


def _batches(faults: Faults) -> dict[str, Faults]:
    """Each by itself, but for those that hang: they wait together."""
    single = {name: {name: fault} for name, fault in faults.items() if not fault.hangs}
    hanging = {name: fault for name, fault in faults.items() if fault.hangs}
    begun = {name: fault for name, fault in hanging.items() if name in AFTER_WORDS}
    return single | {
        "hangs": {name: fault for name, fault in hanging.items() if name not in begun},
        **({"hangs after words": begun} if begun else {}),
    }


WHOLES = _batches({**ANSWERED, **UNREACHED, **WHOLE_BREAKS, **HARMLESS})
STREAMS = _batches({**ANSWERED, **UNREACHED, **BEFORE_A_WORD, **AFTER_WORDS, **HARMLESS})


async def run(house: House, faults: Faults, place: Place, *, stream: bool) -> list[Cell]:
    """Faults at a place, for every caller, from providers of its own dialect and of another, all at once."""
    cells = [
        place(house, name, fault, caller, home, stream)
        for name, fault in faults.items()
        for caller in DIALECTS
        for home in (caller, other(caller))
        if place is not rescuing or home not in fault.finishes_in
    ]
    return list(await asyncio.gather(*(judge(house, cell) for cell in cells)))


RESOLVER_S = 10.0
"""What the machine may take to say that there is no such host: it asks again 5 s after a lost answer."""


def all_well(cells: list[Cell]) -> None:
    """Fails with what is wrong, cell by cell."""
    for cell in cells:
        hanging_s = len(cell.routes) * max(HANGING_S, SILENT_S) if cell.fault.hangs else 0.0
        resolver_s = RESOLVER_S if cell.fault.nowhere == "dns" else 0.0
        bound_s = SLACK_S + cell.fault.waits_s + hanging_s + resolver_s
        cell.check(cell.took_s <= bound_s, f"took {cell.took_s:.2f} s")
    wrong = [
        f"{cell.name}, {cell.caller.value} from {cell.failing.partition('/')[0]}: {'; '.join(cell.problems)}"
        for cell in cells
        if cell.problems
    ]
    assert not wrong, "\n" + "\n".join(wrong)


@pytest.mark.parametrize("place", ["first", "later"])
@pytest.mark.parametrize("name", WHOLES)
async def test_a_whole_answer_comes_whole(house: House, name: str, place: str) -> None:
    """Whatever goes wrong with one model, the answer is that of another, or of the same where it recovers."""
    all_well(await run(house, WHOLES[name], PLACES[place], stream=False))


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", STREAMS)
async def test_a_stream_comes_whole(house: House, name: str, place: str) -> None:
    """Whatever goes wrong with one model, before a word or after some, the caller has the whole answer."""
    all_well(await run(house, STREAMS[name], PLACES[place], stream=True))


@pytest.mark.soak
async def test_the_matrix_in_figures(house: House, record_property: Callable[[str, object], None]) -> None:
    """Of every fault, at every place, for every caller: how many were served whole, and how long the slowest
    took."""
    took: dict[str, list[float]] = {}
    for faults, places, stream in ((WHOLES, ("first", "later"), False), (STREAMS, tuple(PLACES), True)):
        for batch in faults.values():
            for place in places:
                cells = await run(house, batch, PLACES[place], stream=stream)
                all_well(cells)
                for cell in cells:
                    took.setdefault(cell.name, []).append(cell.took_s)
    lines = [f"{name}: {len(each)} of {len(each)}, slowest {max(each):.2f} s" for name, each in took.items()]
    record_property(FOUND, "\n    ".join([f"{sum(map(len, took.values()))} cells", *lines]))
