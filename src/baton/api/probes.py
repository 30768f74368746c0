"""`/livez`, `/readyz`, `/metrics`: for machines, without a key; nothing of people or content is told."""

from fastapi import FastAPI, Request, Response
from prometheus_client.exposition import choose_encoder
from pydantic import BaseModel

from baton.api.closing import Closing, refusal
from baton.api.condition import Condition
from baton.api.metrics import Scrape
from baton.core.errors import Unavailable

_TAG = "Operations"


class Alive(BaseModel):
    """The process answers: `ok`, or `degraded` where it serves what it cannot record, or counts alone what it
    shares with others."""

    status: str = "ok"


class Probes:
    """The routes."""

    def __init__(self, condition: Condition, scrape: Scrape, closing: Closing) -> None:
        self._condition = condition
        self._closing = closing
        self._scrape = scrape

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route("/livez", self.livez, methods=["GET"], response_model=Alive, tags=[_TAG])
        to.add_api_route("/readyz", self.readyz, methods=["GET"], response_model=Alive, tags=[_TAG])
        to.add_api_route(
            "/metrics",
            self.metrics,
            methods=["GET"],
            response_class=Response,
            tags=[_TAG],
            responses={200: {"content": {"text/plain": {}}, "description": "In Prometheus' text format"}},
        )

    async def livez(self) -> Alive:
        """Whether the process answers."""
        return Alive()

    async def readyz(self) -> Alive:
        """Whether requests can be served: the keys are loaded, the journal takes them, the database answers.
        Else 503, `draining` once it was told to stop; where it was chosen to serve what cannot be recorded,
        200 that says `degraded`; so it does where Redis is away."""
        if self._closing.begun:
            raise refusal()
        trouble = await self._condition.ready()
        if trouble is not None:
            raise Unavailable(trouble, retry_after_s=1.0)
        degraded = self._condition.unrecorded or self._condition.alone
        return Alive(status="degraded" if degraded else "ok")

    async def metrics(self, request: Request) -> Response:
        """Counters and gauges of all processes of this Baton. Needs no key: keep it from the public where
        that matters."""
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(encode(await self._scrape()), headers={"content-type": media_type})
