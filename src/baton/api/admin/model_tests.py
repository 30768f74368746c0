"""`POST /api/admin/ai/test`: one real call to a model with a sample prompt, on the admin's bill."""

from typing import Annotated, Any

from fastapi import FastAPI, Request
from msgspec.structs import replace
from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from baton.api.bodies import Asked, Shown, usd
from baton.api.callers import AdminCaller
from baton.api.exchange import REQUEST_ID
from baton.api.native.answer import said_in
from baton.api.native.chat_body import ChatBody, MessageAsked
from baton.api.native.chat_stream import Pen
from baton.api.native.envelope import read_envelope
from baton.core.caller import Caller
from baton.core.clock import Clock
from baton.core.errors import AllAttemptsFailed
from baton.gateway.answered import Answered
from baton.gateway.gateway import Gateway
from baton.gateway.opening import Arrival

PATH = "/api/admin/ai/test"
_SAMPLE = "Say hello in one short sentence."
_ONCE = {"max-retries": "0", "timeout": "60", "fallback": "off"}
"""A test tells how the model is now; nobody wants it to try until it works."""


class TrialAsked(Asked):
    """Which model shall be asked what."""

    model_config = ConfigDict(
        alias_generator=to_camel, json_schema_extra={"example": {"modelId": "simulated/echo"}}
    )

    model_id: Annotated[str, Field(min_length=1, max_length=255)]
    prompt: Annotated[str, Field(min_length=1, max_length=100_000)] = _SAMPLE
    max_tokens: Annotated[int, Field(ge=1)] | None = None


class TrialError(Shown):
    """How the provider failed, in its own words."""

    kind: str
    message: str
    http_status: int | None


class TrialShown(Shown):
    """What came of it; `ok` false: `error` says why. The interaction has the rest."""

    ok: bool
    interaction_id: str
    provider: str | None = None
    model_name: str | None = None
    model_version: str | None = None
    content: str | None = None
    finish_reason: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cost_usd: str | None = None
    response_time_ms: int | None
    upstream_ms: int | None = None
    error: TrialError | None = None


class ModelTests:
    """The route; admins only."""

    def __init__(self, gateway: Gateway, clock: Clock) -> None:
        self._gateway = gateway
        self._clock = clock

    def attach(self, to: FastAPI) -> None:
        """Add it."""
        to.add_api_route(PATH, self.run, methods=["POST"], response_model=TrialShown, tags=["Admin: models"])

    async def run(self, request: Request, caller: AdminCaller, asked: TrialAsked) -> TrialShown:
        """Ask a model once, for real; the call is routed, priced and recorded as any other of the admin's.

        A provider's failure is an answer too: 200 with `ok` false.
        """
        body = ChatBody(
            model=asked.model_id,
            messages=[MessageAsked(role="user", content=asked.prompt)],
            max_tokens=asked.max_tokens,
        )
        return await tried(self._gateway, self._clock, request, caller, body)


async def tried(
    gateway: Gateway, clock: Clock, request: Request, caller: Caller, body: ChatBody, **options: Any
) -> TrialShown:
    """What comes of a chat that is tried once, without fallback; `options`: fields of Baton's own.

    Raises:
        Refused: not admitted; nothing was sent to a provider.
    """
    arrival = Arrival(request.scope[REQUEST_ID], request.url.path, clock.monotonic())
    sent = body.model_dump_json(by_alias=True, exclude_unset=True).encode()
    envelope = read_envelope(sent, _ONCE, Pen()).envelope
    if options:
        envelope = replace(envelope, options=replace(envelope.options, **options))
    try:
        return _answered(await gateway.answer(caller, envelope, arrival))
    except AllAttemptsFailed as error:
        failure = error.failure
        return TrialShown(
            ok=False,
            interaction_id=arrival.id,
            response_time_ms=round((clock.monotonic() - arrival.started_s) * 1000),
            error=TrialError(kind=failure.kind.value, message=error.message, http_status=failure.status),
        )


def _answered(answered: Answered) -> TrialShown:
    settled, response = answered.settled, answered.reply.response
    said = None if response is None else said_in(response)
    return TrialShown(
        ok=True,
        interaction_id=settled.id,
        provider=settled.provider,
        model_name=settled.model,
        model_version=settled.model_version,
        content=None if said is None else said.content,
        finish_reason=settled.finish,
        prompt_tokens=settled.usage.prompt,
        completion_tokens=settled.usage.completion,
        cost_usd=None if settled.unpriced else usd(settled.cost.total_nanos),
        response_time_ms=settled.latency_ms,
        upstream_ms=settled.upstream_ms,
    )
