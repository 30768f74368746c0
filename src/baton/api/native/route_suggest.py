"""`POST /api/ai/v2/route-suggest`: what would be chosen for a prompt, and why; calls no model."""

from fastapi import FastAPI

from baton.api.callers import KnownCaller
from baton.api.native.suggestion import SuggestionAsked, SuggestionShown, suggestion_shown
from baton.core.caller import Scope
from baton.core.errors import Forbidden
from baton.gateway.routing.live import LiveRouter
from baton.gateway.shaping.preface import PrefaceOf, shaped

PATH = "/api/ai/v2/route-suggest"


class RouteSuggestRoutes:
    """The route; everybody's, as they would be served."""

    def __init__(self, router: LiveRouter, preface_of: PrefaceOf) -> None:
        self._router = router
        self._preface_of = preface_of

    def attach(self, to: FastAPI) -> None:
        """Add it."""
        to.add_api_route(PATH, self.suggest, methods=["POST"], response_model=SuggestionShown, tags=["Chat"])

    async def suggest(self, caller: KnownCaller, asked: SuggestionAsked) -> SuggestionShown:
        """Tell which model would serve a prompt, and why; nothing is sent to a provider.

        By the same rules, preferences, prompts, budgets and breakers as a chat of the same words by now.
        """
        if Scope.CHAT not in caller.scopes:
            raise Forbidden(f"This key has not the scope {Scope.CHAT.value}.", code="scope_required")
        envelope = shaped(caller, asked.envelope(), self._preface_of)
        return suggestion_shown(self._router.decide(caller, envelope))
