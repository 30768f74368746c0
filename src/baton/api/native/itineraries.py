"""`/api/itineraries`: trips that are made, listed, shown and changed."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import Annotated

import msgspec
from fastapi import FastAPI, Query, Request, Response

from baton.access.identity.ownership import require_role
from baton.access.identity.project import ProjectRole
from baton.access.identity.projects import Projects
from baton.access.identity.rights import require_project
from baton.api.callers import JudgingCaller, ReadingCaller
from baton.api.closing import Closing
from baton.api.exchange import REQUEST_ID, Exchange
from baton.api.native.itinerary_shapes import (
    ItineraryAsked,
    ItineraryList,
    ItineraryMade,
    RevisionAsked,
    RevisionMade,
    line_shown,
    made_shown,
    revision_shown,
)
from baton.api.once import Repeats, key_in
from baton.api.paging import Cursor, Limit, behind, cursor_of
from baton.core.caller import Caller
from baton.core.errors import Conflict, NotFound, Unavailable
from baton.pipelines.engine.run import ENDED, Owner, RunShown, RunState, RunWish, json
from baton.pipelines.itinerary.allowance import Allowance
from baton.pipelines.itinerary.outcome import NotMade
from baton.pipelines.itinerary.store import RECIPE, Itineraries, Kept
from baton.pipelines.itinerary.tally import Metrics
from baton.pipelines.recipes.itinerary_revision import NAME as REVISION
from baton.pipelines.recipes.itinerary_revision import Instruction, Made
from baton.pipelines.worker import Worker

PATH = "/api/itineraries"
_GENERATE = PATH + "/generate-v2"
_ONE = PATH + "/{itinerary_id}"
_REVISE = _ONE + "/revise"
_TAG = "Itineraries"
_LOOK_S = 1.0
_UNKNOWN = "There is no such itinerary."


class ItineraryRoutes:
    """One's own trips and those of one's projects; an admin may look at, and change, any."""

    def __init__(
        self,
        worker: Worker,
        itineraries: Itineraries,
        allowance: Allowance,
        projects: Projects,
        repeats: Repeats,
        closing: Closing,
    ) -> None:
        self._worker = worker
        self._itineraries = itineraries
        self._allowance = allowance
        self._projects = projects
        self._repeats = repeats
        self._closing = closing

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(
            _GENERATE, self.generate, methods=["POST"], response_model=ItineraryMade, tags=[_TAG]
        )
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=ItineraryList, tags=[_TAG])
        to.add_api_route(_ONE, self.one, methods=["GET"], response_model=ItineraryMade, tags=[_TAG])
        to.add_api_route(_REVISE, self.revise, methods=["POST"], response_model=RevisionMade, tags=[_TAG])

    async def generate(self, caller: JudgingCaller, body: ItineraryAsked, request: Request) -> Response:
        """Make a trip: planned, looked up and reviewed as deeply as the tier has it. Whoever leaves
        finds it in `GET /api/itineraries` later: it is made all the same. With an `Idempotency-Key` once."""
        if body.project_id is not None:
            require_project(caller, body.project_id)
            if body.project_id not in caller.projects:
                raise NotFound("There is no such project.", code="project_not_found", param="projectId")
        owner = Owner(user_id=caller.user_id, key_id=caller.key_id, project_id=body.project_id)
        wish = RunWish(owner=owner, recipe=RECIPE, input=json(body.wish))

        async def make() -> bytes:
            await self._allowance.admit(caller.user_id, caller.tier)
            shown = await self._carried_out(wish)
            if shown.failure is not None and shown.failure.code == "limit_exceeded":
                await self._allowance.admit(caller.user_id, caller.tier)  # says how much is used
            _require_made(shown)
            kept = await self._itineraries.get(shown.id, 1)
            return made_shown(kept).model_dump_json(by_alias=True).encode()

        return await self._once(caller, request, _GENERATE, make)

    async def list(self, caller: ReadingCaller, limit: Limit = 50, cursor: Cursor = None) -> ItineraryList:
        """List one's trips and those of one's projects, the newest first."""
        found = await self._itineraries.find(
            caller.user_id, caller.projects, before=behind(cursor) or None, limit=limit + 1
        )
        following = cursor_of(found[limit - 1].id) if len(found) > limit else None
        return ItineraryList(itineraries=[line_shown(line) for line in found[:limit]], next_cursor=following)

    async def one(
        self,
        caller: ReadingCaller,
        itinerary_id: str,
        version: Annotated[
            int | None, Query(ge=1, le=2**31 - 1, description="The newest unless said.")
        ] = None,
    ) -> ItineraryMade:
        """A trip in one of its versions, and how that came about."""
        kept = await self._itineraries.get(itinerary_id, version)
        await self._require(caller, kept, ProjectRole.VIEWER)
        return made_shown(kept)

    async def revise(
        self, caller: JudgingCaller, itinerary_id: str, body: RevisionAsked, request: Request
    ) -> Response:
        """Change what an instruction names, and nothing else; that makes a new version."""
        before = await self._itineraries.get(itinerary_id)
        await self._require(caller, before, ProjectRole.MEMBER)
        line = before.line
        shared = line.project_id is not None and line.project_id in caller.projects
        user_id = caller.user_id if shared or not caller.is_admin else line.owner_id
        owner = Owner(user_id=user_id, key_id=caller.key_id, project_id=line.project_id)
        instruction = Instruction(
            itinerary_id=itinerary_id, instruction=body.instruction, based_on=body.based_on
        )
        wish = RunWish(owner=owner, recipe=REVISION, input=json(instruction))

        async def change() -> bytes:
            shown = await self._carried_out(wish)
            _require_made(shown)
            assert shown.output is not None
            made = msgspec.json.decode(shown.output, type=Made)
            kept = await self._itineraries.get(itinerary_id, made.version)
            said = revision_shown(kept, made, before.version.number)
            return said.model_dump_json(by_alias=True).encode()

        return await self._once(caller, request, f"{PATH}/{itinerary_id}/revise", change)

    async def _carried_out(self, wish: RunWish) -> RunShown:
        """The run when it has ended; who leaves does not end it, nor does a server that closes."""
        runs = await self._worker.runs()
        run_id = await runs.start(wish)
        async with aclosing(runs.follow(run_id)) as following:
            coming = asyncio.ensure_future(anext(following))
            try:
                while not self._closing.begun:
                    done, _ = await asyncio.wait([coming], timeout=_LOOK_S)
                    if done:
                        coming.result()
                        coming = asyncio.ensure_future(anext(following))
            except StopAsyncIteration:
                pass
            finally:
                coming.cancel()
                await asyncio.wait([coming])
        shown = await runs.show(run_id)
        if shown.state not in ENDED:
            raise Unavailable(
                f"Baton is closing; GET /api/runs/{run_id} tells how it goes on.", code="shutting_down"
            )
        return shown

    async def _once(
        self, caller: Caller, request: Request, path: str, work: Callable[[], Awaitable[bytes]]
    ) -> Response:
        once = Exchange(request.scope, request.receive).once
        if once is None:
            return Response(await work(), media_type="application/json")
        request_id: str = request.scope[REQUEST_ID]
        key = f"{path}\n{key_in(once)}"  # nobody can send one with a line end
        done = await self._repeats.part(caller, key, await request.body(), request_id, work)
        headers = {"idempotent-replayed": "true"} if done.replayed else {}
        return Response(done.answer, media_type="application/json", headers=headers)

    async def _require(self, caller: Caller, kept: Kept, least: ProjectRole) -> None:
        """Let nobody by whose trip it is not, nor their project's; another's is as one that is not there."""
        line = kept.line
        if caller.is_admin or line.owner_id == caller.user_id:
            return
        if line.project_id is None:
            raise NotFound(_UNKNOWN)
        try:
            project = await self._projects.one(line.project_id)
            require_role(caller, project, ProjectRole.VIEWER)
        except NotFound:
            raise NotFound(_UNKNOWN) from None
        require_role(caller, project, least)


def _require_made(shown: RunShown) -> None:
    """Raises what became of a run that did not go well, with its metrics where it has told them."""
    if shown.state is RunState.COMPLETED:
        return
    if shown.state is RunState.CANCELLED:
        raise Conflict("Somebody cancelled it.", code="run_cancelled")
    told = next((step.output for step in shown.steps if step.name == "metrics"), None)
    metrics = None if told is None else msgspec.json.decode(told, type=Metrics)
    failure = shown.failure
    code = "run_failed" if failure is None else failure.code
    message = "It could not be made." if failure is None else failure.message
    raise NotMade(message, code=code, run_id=shown.id, metrics=metrics)
