"""What runs and agents write is offered for review with what was said of it."""

from pathlib import Path

from msgspec import structs

from baton.access.signin.seal import Seal
from baton.core.clock import SystemClock
from baton.core.ids import UuidV7
from baton.pipelines.outputs.offered import OfferedOutputs
from baton.pipelines.outputs.store import OutputStore
from baton.quality.assessment import Assessment
from baton.quality.queue.item import State, state_of
from baton.quality.queue.store import Queue, Wanted
from baton.quality.verdict import Verdict
from baton.records.audit.keys import AuditKeys
from baton.records.audit.scribe import Scribe
from baton.storage.database import Database
from tests.databases import Place
from tests.pipelines.outputs.test_outputs import DRAFT
from tests.pipelines.recipes.strategist import Play
from tests.pipelines.recipes.test_brand_strategy import project, staged

KEYS = AuditKeys.derived(lambda purpose: purpose.encode().ljust(32, b"-")[:32])
HELD = Assessment(verdict=Verdict.HELD, score=45.0)


async def test_an_output_is_offered_once_however_often_it_is_saved(
    outputs: OutputStore, place: Place
) -> None:
    """A step that is done again after a death offers nothing twice; the output names run, step and model."""
    async with Database(place.settings) as database:
        queue = Queue(database, Scribe(KEYS), Seal(b"q" * 32))
        offered = OfferedOutputs(outputs, queue, UuidV7(), SystemClock())
        draft = structs.replace(DRAFT, said=HELD)
        assert await offered.save(draft) == await offered.save(draft)
        [item] = (await queue.page(Wanted())).items
        examined = item.examined
        assert (examined.run_id, examined.step, examined.interaction_id) == ("r1", "strategy", "i1")
        assert (examined.provider, examined.model, examined.project) == ("acme", "large", "p1")
        assert (item.verdict, state_of(item)) == (Verdict.HELD, State.WAITING)


async def test_what_a_person_has_changed_is_not_offered(outputs: OutputStore, place: Place) -> None:
    """Nor is what nobody looked at."""
    async with Database(place.settings) as database:
        queue = Queue(database, Scribe(KEYS), Seal(b"q" * 32))
        offered = OfferedOutputs(outputs, queue, UuidV7(), SystemClock())
        await offered.save(structs.replace(DRAFT, said=HELD, edited=True))
        await offered.save(structs.replace(DRAFT, source="r2:save:1.1"))
        assert (await queue.page(Wanted())).items == ()


async def test_what_agents_write_is_in_the_queue(tmp_path: Path) -> None:
    """With the score that its author was told, beside its interaction."""
    async with staged(Play(market="Everything about the market."), tmp_path) as web:
        body = {"projectId": await project(web), "brief": "What to find out: the market"}
        reply = await web.post("/api/ai/research", body)
        assert reply.status == 200, reply.body
        [item] = (await web.get("/api/admin/ai/quality/review")).json["items"]
        assert (item["score"], item["verdict"], item["step"]) == (80, "accepted", "research")
        shown = (await web.get(f"/api/interactions/{item['interactionId']}")).json
        assert shown["quality"]["id"] == item["id"]
