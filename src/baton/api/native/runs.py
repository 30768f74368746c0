"""`/api/runs`: pipelines, from start to end: what happens meanwhile, and what people say to them."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Annotated, Any

import msgspec
from fastapi import FastAPI, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from msgspec import Raw

from baton.access.identity.ownership import require_role
from baton.access.identity.project import ProjectRole, ProjectsWanted
from baton.access.identity.projects import Projects
from baton.access.identity.rights import require_project, require_scope
from baton.api.callers import JudgingCaller, ReadingCaller, count
from baton.api.closing import Closing
from baton.api.exchange import REQUEST_ID, Exchange
from baton.api.native.run_shapes import (
    Approval,
    Editing,
    EventList,
    EventShown,
    RunAsked,
    RunList,
    RunSteered,
    RunWhole,
    event_shown,
    line_shown,
    replaced,
    require_shallow,
    run_shown,
)
from baton.api.once import Repeats, key_in
from baton.api.paging import Cursor, Limit, behind, cursor_of
from baton.app.pipelining import Pipelines
from baton.core.caller import Caller, Scope
from baton.core.errors import Invalid, NotFound, Refused
from baton.core.money import nanos_from_usd
from baton.pipelines.engine.run import ENDED, Owner, RunState, RunsWanted, RunWish, Verdict

PATH = "/api/runs"
_ONE = PATH + "/{run_id}"
_TAG = "Runs"
_STREAM = {"cache-control": "no-cache, no-transform", "x-accel-buffering": "no"}
_LOOK_S = 1.0
_ASK_AGAIN_S = 5.0
"""How often it is asked again whether a follower may look on."""

_KEEP_ALIVE_S = 15.0
_MOST_EVENTS = 1000
_MOST_PROJECTS = 1000

_After = Annotated[int, Query(ge=0, le=2**31, description="The number of the last event that is known.")]
_LastId = Annotated[str | None, Header(alias="Last-Event-ID", description="The same, as browsers say it.")]


Still = Callable[[Caller], Caller]


class RunRoutes:
    """One's own runs and those of one's projects; an admin's are everybody's."""

    def __init__(
        self, pipelines: Pipelines, projects: Projects, repeats: Repeats, closing: Closing, still: Still
    ) -> None:
        """`still`: a caller as they are now. Raises Unauthenticated."""
        self._reading = pipelines.reading
        self._still = still
        self._worker = pipelines.worker
        self._projects = projects
        self._repeats = repeats
        self._closing = closing

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        routes: list[tuple[str, Any, str, Any, int]] = [
            (PATH, self.list, "GET", RunList, 200),
            (PATH, self.start, "POST", RunWhole, 202),
            (_ONE, self.one, "GET", RunWhole, 200),
            (_ONE + "/history", self.history, "GET", EventList, 200),
            (_ONE + "/cancel", self.cancel, "POST", RunWhole, 200),
            (_ONE + "/resume", self.resume, "POST", RunWhole, 200),
            (_ONE + "/steer", self.steer, "POST", RunWhole, 200),
        ]
        for path, route, method, model, status in routes:
            to.add_api_route(
                path, route, methods=[method], response_model=model, status_code=status, tags=[_TAG]
            )
        to.add_api_route(
            _ONE + "/events",
            self.events,
            methods=["GET"],
            tags=[_TAG],
            response_class=StreamingResponse,
            responses={204: {"description": "It has ended, and all of it is known."}},
        )

    async def list(
        self,
        caller: ReadingCaller,
        limit: Limit = 50,
        cursor: Cursor = None,
        project: Annotated[str | None, Query(max_length=36, description="The id of a project.")] = None,
        recipe: Annotated[str | None, Query(max_length=100)] = None,
        state: RunState | None = None,
    ) -> RunList:
        """List one's runs and those of one's projects, the newest first; an admin's are everybody's."""
        theirs = ProjectsWanted(member_id=caller.user_id, limit=_MOST_PROJECTS)
        places = () if caller.is_admin else await self._projects.find(theirs)
        wanted = RunsWanted(
            user_id=None if caller.is_admin else caller.user_id,
            projects=frozenset(each.id for each in places),
            project_id=project,
            recipe=recipe,
            state=state,
            before=behind(cursor) or None,
            limit=limit + 1,
        )
        found = await self._reading.runs(wanted)
        following = cursor_of(found[limit - 1].id) if len(found) > limit else None
        return RunList(runs=[line_shown(line) for line in found[:limit]], next_cursor=following)

    async def start(self, caller: JudgingCaller, body: RunAsked, request: Request) -> Response:
        """Begin a run; it is carried out whether or not anybody looks. With an `Idempotency-Key` once."""
        require_scope(caller, Scope.READ)
        require_shallow(body.input, "input")
        await count(request, caller)
        if body.project_id is not None:
            require_project(caller, body.project_id)
            if body.project_id not in caller.projects:
                raise NotFound("There is no such project.", code="project_not_found", param="projectId")
        owner = Owner(user_id=caller.user_id, key_id=caller.key_id, project_id=body.project_id)
        budget = None if body.budget_usd is None else nanos_from_usd(body.budget_usd)
        wish = RunWish(
            owner=owner,
            recipe=body.recipe,
            input=Raw(msgspec.json.encode(body.input)),
            budget_nanos=budget,
            version=body.version,
        )

        async def begin() -> bytes:
            runs = await self._worker.runs()
            shown = await self._whole(await runs.start(wish))
            return shown.model_dump_json(by_alias=True).encode()

        once = Exchange(request.scope, request.receive).once
        if once is None:
            content, headers = await begin(), {}
        else:
            request_id: str = request.scope[REQUEST_ID]
            key = f"{PATH}\n{key_in(once)}"  # nobody can send one with a line end
            done = await self._repeats.part(caller, key, await request.body(), request_id, begin)
            content, headers = done.answer, {"idempotent-replayed": "true"} if done.replayed else {}
        return Response(content, status_code=202, media_type="application/json", headers=headers)

    async def one(self, caller: ReadingCaller, run_id: str) -> RunWhole:
        """A run as far as it has come, with its steps, their results, times, models and costs."""
        await self._require(caller, run_id, ProjectRole.VIEWER)
        return await self._whole(run_id)

    async def history(
        self,
        caller: ReadingCaller,
        run_id: str,
        after: _After = 0,
        limit: Annotated[int, Query(ge=1, le=_MOST_EVENTS)] = _MOST_EVENTS,
    ) -> EventList:
        """What happened to a run after an event, for who asks from time to time."""
        await self._require(caller, run_id, ProjectRole.VIEWER)
        events, state = await self._reading.events(run_id, after, limit)
        return EventList(events=[event_shown(event) for event in events], state=state.value)

    async def events(
        self, caller: ReadingCaller, run_id: str, after: _After = 0, last_event_id: _LastId = None
    ) -> Response:
        """What happens to a run, as server-sent events, until it has ended; each has its number as `id`, so
        that a browser that lost the connection goes on where it was."""
        await self._require(caller, run_id, ProjectRole.VIEWER)
        if last_event_id is not None:
            if not (last_event_id.isascii() and last_event_id.isdecimal() and len(last_event_id) < 10):
                raise Invalid("Last-Event-ID is the number of an event.", param="Last-Event-ID")
            after = int(last_event_id)
        shown = await self._reading.run(run_id)
        if shown.state in ENDED and after >= shown.last_event:
            return Response(status_code=204)  # a browser does not ask again then
        return StreamingResponse(
            self._told(caller, run_id, after), media_type="text/event-stream; charset=utf-8", headers=_STREAM
        )

    async def cancel(self, caller: JudgingCaller, run_id: str) -> RunWhole:
        """End a run, at any moment; what is under way is interrupted."""
        await self._require_say(caller, run_id)
        await (await self._worker.runs()).cancel(run_id)
        return await self._whole(run_id)

    async def resume(self, caller: JudgingCaller, run_id: str) -> RunWhole:
        """Go on with a run that failed, was cancelled or had too small a budget: what is finished is kept."""
        await self._require_say(caller, run_id)
        await (await self._worker.runs()).resume(run_id)
        return await self._whole(run_id)

    async def steer(self, caller: JudgingCaller, run_id: str, body: RunSteered, request: Request) -> RunWhole:
        """Say one thing to a run: add an instruction, approve or not, edit an output, have a step done again,
        give it another budget."""
        await self._require_say(caller, run_id)
        await count(request, caller)
        runs = await self._worker.runs()
        match body:
            case RunSteered(instruction=str() as text):
                await runs.instruct(run_id, text, caller.user_id)
            case RunSteered(approve=Approval() as said):
                verdict = Verdict(said.approved, caller.user_id, said.comment)
                await runs.decide(run_id, said.gate, verdict)
            case RunSteered(edit=Editing() as edit):
                output = await self._edited(run_id, edit, caller)
                await runs.edit(run_id, edit.step, output, edit.after)
            case RunSteered(redo=str() as step):
                await runs.redo(run_id, step)
            case _:
                assert body.budget_usd is not None
                await runs.allow(run_id, nanos_from_usd(body.budget_usd))
        return await self._whole(run_id)

    async def _require(self, caller: Caller, run_id: str, least: ProjectRole) -> None:
        """Let nobody by whose run it is not, nor their project's; another's is as one that is not there."""
        owner = await self._reading.owner(run_id)
        if caller.is_admin or (owner.project_id is None and owner.user_id == caller.user_id):
            return
        unknown = NotFound("There is no such run.", code="run_unknown")
        if owner.project_id is None:
            raise unknown
        try:
            project = await self._projects.one(owner.project_id)
            require_role(caller, project, ProjectRole.VIEWER)
        except NotFound:
            raise unknown from None
        require_role(caller, project, least)

    async def _require_say(self, caller: Caller, run_id: str) -> None:
        """Let nobody by who may not say what becomes of a run. Its owner's key is from now on the one with
        which they say it."""
        require_scope(caller, Scope.READ)  # what they are answered is all of the run
        await self._require(caller, run_id, ProjectRole.MEMBER)
        me = Owner(user_id=caller.user_id, key_id=caller.key_id)
        await (await self._worker.runs()).account(run_id, me)

    async def _edited(self, run_id: str, edit: Editing, caller: Caller) -> Raw:
        """What shall stand there: of a text only the text is another, with the name of who wrote it; all else
        has the fields that it had."""
        require_shallow(edit.output, "edit.output")
        shown = await self._reading.run(run_id)
        step = next((step for step in shown.steps if step.name == edit.step), None)
        made = None if step is None or step.output is None else msgspec.json.decode(step.output)
        return Raw(msgspec.json.encode(replaced(made, edit.output, caller.user_id)))

    async def _whole(self, run_id: str) -> RunWhole:
        return run_shown(await self._reading.run(run_id))

    async def _told(self, caller: Caller, run_id: str, after: int) -> AsyncGenerator[bytes]:
        """Events as they happen, and signs of life; a server that closes ends it: the client comes again."""
        runs = await self._worker.runs()
        quiet_s = asked_s = 0.0
        async with aclosing(runs.follow(run_id, after)) as following:
            coming = asyncio.ensure_future(anext(following))
            try:
                while not self._closing.begun:
                    now_s = asyncio.get_running_loop().time()
                    if now_s - asked_s >= _ASK_AGAIN_S:  # who may look on may have changed
                        await self._require(self._still(caller), run_id, ProjectRole.VIEWER)
                        asked_s = now_s
                    done, _ = await asyncio.wait([coming], timeout=_LOOK_S)
                    if done:
                        yield _written(event_shown(coming.result()))
                        quiet_s = 0.0
                        coming = asyncio.ensure_future(anext(following))
                        continue
                    quiet_s += _LOOK_S
                    if quiet_s >= _KEEP_ALIVE_S:
                        yield b": keep-alive\n\n"
                        quiet_s = 0.0
            except (StopAsyncIteration, Refused):  # whoever comes again is told why
                return
            finally:
                coming.cancel()
                await asyncio.wait([coming])


def _written(event: EventShown) -> bytes:
    data = event.model_dump_json(by_alias=True)
    return f"id: {event.number}\nevent: {event.kind}\ndata: {data}\n\n".encode()
