"""`POST /api/ai/research`, `/strategy`, `/critique`: the three agents, each writing for a project; and
`/api/ai/stream`: any task of a project, told while it is written."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import msgspec

from baton.access.identity.rights import require_project
from baton.api.compat import receipts
from baton.api.exchange import Exchange
from baton.api.native.agent_body import (
    AgentAsked,
    CritiqueAsked,
    ResearchAsked,
    StrategyAsked,
    TaskAsked,
    answer_of,
    read_asked,
)
from baton.api.native.chat_stream import NativeWriter
from baton.api.problems import problem
from baton.api.streams import hand_on
from baton.core.answer import StreamEvent, TextDelta
from baton.core.caller import Caller
from baton.core.errors import BatonError, NotFound
from baton.core.estimate import estimate_tokens, weight_of
from baton.core.losses import Losses
from baton.core.messages import Message, Role, Text
from baton.core.money import usd_text
from baton.core.request import Envelope
from baton.gateway.gateway import Gateway
from baton.gateway.opening import Arrival
from baton.gateway.shaping.enclosing import enclosed
from baton.pipelines.asking import Question, options_of, request_of
from baton.pipelines.authoring.desk import Desk
from baton.pipelines.engine.run import Call, Owner
from baton.pipelines.outputs.output import Draft, Saved
from baton.upstream.dialects.sse import write_event

AGENTS: dict[str, type[AgentAsked]] = {
    "/api/ai/research": ResearchAsked,
    "/api/ai/strategy": StrategyAsked,
    "/api/ai/critique": CritiqueAsked,
}
"""What each takes, by its path."""

STREAM_PATH = "/api/ai/stream"


def owner_of(caller: Caller, project_id: str) -> Owner:
    """On whose account something is written for a project.

    Raises:
        NotFound: there is no such project, or the caller does not work in it; code `project_not_found`.
    """
    require_project(caller, project_id)
    if project_id not in caller.projects:
        raise NotFound("There is no such project.", code="project_not_found", param="projectId")
    return Owner(user_id=caller.user_id, key_id=caller.key_id, project_id=project_id)


class AgentRoute:
    """One agent; errors are raised, for the border around all own routes."""

    def __init__(self, kind: type[AgentAsked], desk: Desk) -> None:
        self._kind = kind
        self._desk = desk

    async def serve(self, exchange: Exchange, caller: Caller, body: bytes, arrival: Arrival) -> None:
        """Answer once the text is looked at and kept."""
        asked: AgentAsked = read_asked(body, self._kind)
        owner = owner_of(caller, asked.project_id)
        done = await self._desk.write(owner, asked.project_id, asked.assignment(), arrival.id)
        head = receipts.head([(b"x-request-id", arrival.id.encode())])
        exchange.answer(200, msgspec.json.encode(answer_of(done)), head)

    def fail(self, exchange: Exchange, error: BatonError, request_id: str) -> None:
        """Nothing has been sent."""
        del exchange, request_id
        raise error


class TaskWriter(NativeWriter):
    """Writes what is new, and how many tokens it is so far, about."""

    def __init__(self) -> None:
        super().__init__()
        self._weight = 0

    def write(self, event: StreamEvent) -> bytes:
        """The bytes of one event; empty where it has none of its own."""
        told = super().write(event)
        if not isinstance(event, TextDelta) or not told:
            return b""
        self._weight += weight_of(event.text)
        return _event(
            {"content": event.text, "isComplete": False, "tokensSoFar": estimate_tokens(self._weight)}
        )


class TaskPen:
    """Makes a writer for each attempt and keeps the one in use."""

    def __init__(self) -> None:
        self.writer = TaskWriter()

    def __call__(self, losses: Losses) -> TaskWriter:
        """A writer for the next attempt."""
        del losses
        self.writer = TaskWriter()
        return self.writer


class TaskStream:
    """Any task of a project, as a stream; what was written is kept once it is whole."""

    def __init__(self, gateway: Gateway, saves: Callable[[Draft], Awaitable[Saved]]) -> None:
        self._gateway = gateway
        self._saves = saves

    async def serve(self, exchange: Exchange, caller: Caller, body: bytes, arrival: Arrival) -> None:
        """Hand on what is written; the last event says where it is kept, and what it cost."""
        asked: TaskAsked = read_asked(body, TaskAsked)
        owner = owner_of(caller, asked.project_id)
        pen = TaskPen()
        envelope = _envelope(asked, owner, body, pen)
        begin = partial(self._gateway.stream, caller, envelope, arrival)
        streaming = await hand_on(exchange, begin, envelope, arrival.id)
        settled = streaming.settled
        if settled is not None:
            content = pen.writer.said.content or ""
            call = Call(
                interaction=settled.id,
                provider=settled.provider or "",
                model=settled.model or "",
                prompt=None,
                tokens=settled.usage.total,
                cost_nanos=settled.cost.total_nanos,
                cached=settled.cache is not None,
                fallback=settled.fell_back,
            )
            saved = await self._saves(
                Draft(
                    project_id=asked.project_id,
                    kind=asked.task,
                    by=caller.user_id,
                    source=arrival.id,
                    content=content,
                    call=call,
                )
            )
            told = {
                "isComplete": True,
                "outputId": saved.output_id,
                "totalTokens": call.tokens,
                "cost": usd_text(call.cost_nanos),
            }
            exchange.outlet.put(_event(told))
        exchange.outlet.end_stream()

    def fail(self, exchange: Exchange, error: BatonError, request_id: str) -> None:
        """Tell of an error in mid-stream."""
        if not exchange.started:
            raise error
        exchange.outlet.put(_event({"error": problem(error, request_id), "isComplete": True}))
        exchange.outlet.end_stream()


def _envelope(asked: TaskAsked, owner: Owner, body: bytes, pen: TaskPen) -> Envelope:
    told = () if asked.system_prompt is None else (_said(Role.SYSTEM, asked.system_prompt),)
    question = Question(
        messages=(*told, _said(Role.USER, asked.prompt)), agent=asked.task, use_case=asked.task
    )
    return enclosed(request_of(question, stream=True), options_of(question, owner), body, pen)


def _said(role: Role, text: str) -> Message:
    return Message(role=role, parts=(Text(text=text),))


def _event(told: dict[str, Any]) -> bytes:
    return write_event(msgspec.json.encode(told))
