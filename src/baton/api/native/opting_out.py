"""`/api/me/opt-out`, and `/api/admin/users/{user_id}/opt-out`: users whom no AI serves."""

from datetime import datetime

from fastapi import FastAPI
from pydantic import ConfigDict

from baton.access.preferences.choices import Choices
from baton.access.preferences.user_choices import UserChoices
from baton.api.bodies import Shown, moment
from baton.api.callers import AccountActor, AccountCaller, AdminActor, ReadingCaller

PATH = "/api/me/opt-out"
ADMIN_PATH = "/api/admin/users/{user_id}/opt-out"
_TAG = "Privacy"
_ADMIN_TAG = "Admin: users and keys"


class OptOutShown(Shown):
    """Whether a user has opted out of AI, since when, and whose act it was (a user's id)."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "optedOut": True,
                "since": "2026-11-21T16:00:00Z",
                "by": "0199a1b2-0000-7000-8000-000000000001",
            }
        }
    )

    opted_out: bool
    since: datetime | None
    by: str | None


class OptOutRoutes:
    """The routes; one's own for everybody, everybody's for admins."""

    def __init__(self, choices: UserChoices) -> None:
        self._choices = choices

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        own = (("GET", self.own), ("POST", self.opt_out), ("DELETE", self.opt_in))
        theirs = (("POST", self.opt_out_user), ("DELETE", self.opt_in_user))
        for path, routes, tag in ((PATH, own, _TAG), (ADMIN_PATH, theirs, _ADMIN_TAG)):
            for method, route in routes:
                to.add_api_route(path, route, methods=[method], response_model=OptOutShown, tags=[tag])

    async def own(self, caller: ReadingCaller) -> OptOutShown:
        """Whether you have opted out of AI."""
        return _shown(self._choices.of(caller.user_id))

    async def opt_out(self, caller: AccountCaller, actor: AccountActor) -> OptOutShown:
        """Opt out of AI: from now on nothing of yours is sent to a model.

        Requests with any of your keys are a 403 (`opted_out`). What was recorded stays. Doing it again
        changes nothing; `DELETE` takes it back.
        """
        return _shown(await self._choices.opt_out(caller.user_id, actor))

    async def opt_in(self, caller: AccountCaller, actor: AccountActor) -> OptOutShown:
        """Have AI serve you again."""
        return _shown(await self._choices.opt_in(caller.user_id, actor))

    async def opt_out_user(self, actor: AdminActor, user_id: str) -> OptOutShown:
        """Opt a user out of AI, on their behalf: nothing of theirs is sent to a model."""
        return _shown(await self._choices.opt_out(user_id, actor))

    async def opt_in_user(self, actor: AdminActor, user_id: str) -> OptOutShown:
        """Have AI serve a user again."""
        return _shown(await self._choices.opt_in(user_id, actor))


def _shown(choices: Choices) -> OptOutShown:
    wish = choices.opt_out
    return OptOutShown(
        opted_out=wish is not None,
        since=None if wish is None else moment(wish.at_ms),
        by=None if wish is None else wish.by,
    )
