"""The router over the catalog as it stands now."""

from baton.catalog.live import LiveCatalog
from baton.core.caller import Caller
from baton.core.request import Outline
from baton.gateway.routing.decision import AUTO, Ask, Decision, ask_of
from baton.gateway.routing.router import Router
from baton.upstream.directory import Directory


class LiveRouter:
    """Decides for one request after another; a new router is made only when the catalog changed."""

    def __init__(self, catalog: LiveCatalog, directory: Directory, stand_ins: frozenset[str]) -> None:
        self._catalog = catalog
        self._configured = directory.configured
        self._services = {provider.name: provider.spec.services for provider in directory}
        self._stand_ins = stand_ins
        self._router = self._make()

    def decide(self, caller: Caller, request: Outline) -> Decision:
        """Which model serves a request.

        Raises:
            Refused: the model's name means nothing, may not be used, or nothing can serve the request.
        """
        return self.decide_for(request.model, ask_of(caller, request))

    def decide_for(self, model: str, ask: Ask) -> Decision:
        """The same, for a request that exists only in outline."""
        router = self.current()
        if model == AUTO:
            return router.decide(ask)
        return router.decide_named(router.catalog.resolve(model), ask)

    def current(self) -> Router:
        """The router of this moment."""
        if self._catalog.current() is not self._router.catalog:
            self._router = self._make()
        return self._router

    def _make(self) -> Router:
        return Router(self._catalog.current(), self._configured, self._stand_ins, services=self._services)
