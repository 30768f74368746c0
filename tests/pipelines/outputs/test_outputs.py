"""Outputs: versions are added, never changed, and what people write stands beside what models wrote."""

import asyncio

import pytest
from msgspec import structs

from baton.core.errors import Conflict, Invalid, NotFound
from baton.pipelines.engine.run import Call
from baton.pipelines.outputs.output import LONGEST_CHARS, Draft, Edit, Origin
from baton.pipelines.outputs.store import OutputStore
from tests.databases import Place

DRAFT = Draft(
    project_id="p1",
    kind="strategy",
    by="u1",
    source="r1:save:1.1",
    run_id="r1",
    content="By hand.",
    score=81.5,
    verdict="accepted",
    call=Call(
        interaction="i1",
        provider="acme",
        model="large",
        prompt="strategy@1",
        tokens=12,
        cost_nanos=34,
        cached=False,
        fallback=False,
    ),
)


async def test_what_is_saved_twice_is_kept_once(outputs: OutputStore) -> None:
    """A step that is done again after a crash saves under the same source, and nothing is doubled."""
    first = await outputs.save(DRAFT)
    assert await outputs.save(DRAFT) == first
    found = await outputs.one(first.output_id)
    assert (found.versions, found.version.content, found.version.origin) == (1, "By hand.", Origin.GENERATED)
    assert (found.version.score, found.version.model, found.version.cost_nanos) == (81.5, "large", 34)


async def test_a_run_has_one_output_of_each_kind(outputs: OutputStore) -> None:
    """A revision becomes the next version of it; another kind, and another run, have their own."""
    first = await outputs.save(DRAFT)
    again = await outputs.save(structs.replace(DRAFT, source="r1:save 2:1.1", content="Better."))
    assert (again.output_id, again.version) == (first.output_id, 2)
    kinds = structs.replace(DRAFT, source="r1:save 3:1.1", kind="critique")
    others = structs.replace(DRAFT, source="r2:save:1.1", run_id="r2")
    alone = structs.replace(DRAFT, source="request 1", run_id=None)
    ids = {(await outputs.save(each)).output_id for each in (DRAFT, kinds, others, alone)}
    assert len(ids) == 4
    assert (await outputs.one(first.output_id, 1)).version.content == "By hand."
    listed = await outputs.of_project("p1", "strategy")
    assert [each.id for each in listed] == sorted((each.id for each in listed), reverse=True)
    assert [each.version.number for each in listed] == [1, 1, 2]
    assert {each.version.content for each in listed} == {None}
    older = await outputs.of_project("p1", "strategy", before=listed[0].id, limit=1)
    assert [each.id for each in older] == [listed[1].id]


async def test_an_edit_stands_beside_what_was_generated(outputs: OutputStore) -> None:
    """It is the next version, says who made it of which, and is refused on one that is not the newest."""
    saved = await outputs.save(DRAFT)
    edited = await outputs.edit(saved.output_id, Edit(content="By foot.", by="u2", based_on=1))
    assert (edited.version.number, edited.version.origin, edited.version.based_on, edited.version.by) == (
        2,
        Origin.EDITED,
        1,
        "u2",
    )
    assert (edited.version.content, edited.version.model, edited.version.score) == ("By foot.", None, None)
    with pytest.raises(Conflict, match="version 2 by now"):
        await outputs.edit(saved.output_id, Edit(content="Late.", by="u1", based_on=1))
    assert [each.origin for each in await outputs.history(saved.output_id)] == [
        Origin.EDITED,
        Origin.GENERATED,
    ]
    with pytest.raises(NotFound):
        await outputs.one("o999")
    with pytest.raises(NotFound, match="no version 9"):
        await outputs.one(saved.output_id, 9)
    with pytest.raises(Invalid):
        await outputs.edit(saved.output_id, Edit(content="x" * (LONGEST_CHARS + 1), by="u", based_on=2))


async def test_of_many_edits_at_once_one_wins(outputs: OutputStore) -> None:
    """All others are told that there is a newer version."""
    saved = await outputs.save(DRAFT)
    edits = [outputs.edit(saved.output_id, Edit(content=f"{n}", by="u", based_on=1)) for n in range(8)]
    done = await asyncio.gather(*edits, return_exceptions=True)
    assert sum(isinstance(each, Conflict) for each in done) == 7
    assert (await outputs.one(saved.output_id)).versions == 2


async def test_who_has_the_database_alone_reads_nothing(outputs: OutputStore, place: Place) -> None:
    """What was written is sealed, and belongs to its place."""
    saved = await outputs.save(DRAFT)
    await outputs.edit(saved.output_id, Edit(content="By foot.", by="u2", based_on=1))
    place.execute(
        "UPDATE output_versions SET content = (SELECT content FROM output_versions v WHERE v.number = 1) "
        "WHERE number = 2"
    )
    with pytest.raises(Exception, match=r"secret|open"):
        await outputs.one(saved.output_id)
