"""`/api/v1/models/preference`, also at `/api/v1/user/preferences`: how a model is chosen for the caller."""

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated

from fastapi import FastAPI, Response
from msgspec import structs
from pydantic import ConfigDict, Field, JsonValue

from baton.access.preferences.choices import Choices, Preferences
from baton.access.preferences.user_choices import UserChoices
from baton.api.admin.revisions import IfMatch, guarded, wanted_revision
from baton.api.bodies import Asked, Shown, usd
from baton.api.callers import AccountActor, AccountCaller, ReadingCaller
from baton.api.permitted import Permitted
from baton.core.caller import Caller
from baton.core.errors import Invalid, NotFound
from baton.core.money import nanos_from_usd
from baton.core.profile import Profile

PATHS = ("/api/v1/models/preference", "/api/v1/user/preferences")
_TAG = "Preferences"
_EXAMPLE: dict[str, JsonValue] = {
    "profile": "cost-optimized",
    "preferredModel": "simulated/echo",
    "agentRecommendations": True,
    "maxCostPerRequest": "0.05",
}
_MOST_USD = 1_000_000


class PreferencesAsked(Asked):
    """What shall change; what is left out stays. `null` takes a model or a most back."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    profile: Profile | None = None
    preferred_model: Annotated[
        str | None, Field(min_length=1, max_length=256, description="Any name of a model that you may use.")
    ] = None
    agent_recommendations: bool | None = None
    max_cost_per_request: Annotated[
        Decimal | None, Field(gt=0, le=_MOST_USD, description="USD, as a decimal string.")
    ] = None


class PreferencesShown(Shown):
    """What holds where a request says nothing of it itself.

    `modelNotice`: why the preferred model does not serve at the moment, or what takes its place; null where
    there is nothing to say.
    """

    model_config = ConfigDict(json_schema_extra={"example": {**_EXAMPLE, "modelNotice": None, "revision": 1}})

    profile: Profile
    preferred_model: str | None
    agent_recommendations: bool
    max_cost_per_request: str | None
    model_notice: str | None
    revision: int


class PreferenceRoutes:
    """The routes; everybody's own."""

    def __init__(self, choices: UserChoices, models: Permitted) -> None:
        self._choices = choices
        self._models = models

    def attach(self, to: FastAPI) -> None:
        """Add them, at both paths."""
        for path in PATHS:
            for method, route in (("GET", self.own), ("POST", self.change)):
                to.add_api_route(path, route, methods=[method], response_model=PreferencesShown, tags=[_TAG])

    async def own(self, caller: ReadingCaller, response: Response) -> PreferencesShown:
        """Your preferences; `balanced` where you never said anything."""
        return self._shown(caller, self._choices.of(caller.user_id), response)

    async def change(
        self,
        caller: AccountCaller,
        actor: AccountActor,
        asked: PreferencesAsked,
        response: Response,
        if_match: IfMatch = None,
    ) -> PreferencesShown:
        """Change some of your preferences; they count from the next request on.

        A request's own words win: `x-baton-profile`, `x-baton-max-cost`, a model that it names. The preferred
        model serves requests for `auto` that it fits. `If-Match` is not needed.
        """
        change = self._read(caller, asked)
        expected = None
        if if_match is not None:
            expected = wanted_revision(if_match, self._choices.of(caller.user_id).revision)
        with guarded():
            choices = await self._choices.prefer(caller.user_id, change, actor, expected)
        return self._shown(caller, choices, response)

    def _read(self, caller: Caller, asked: PreferencesAsked) -> Callable[[Preferences], Preferences]:
        said = asked.model_fields_set
        fields: dict[str, object] = {}
        if asked.profile is not None:
            fields["profile"] = asked.profile
        if asked.agent_recommendations is not None:
            fields["agent_recommendations"] = asked.agent_recommendations
        if "preferred_model" in said:
            name = asked.preferred_model
            fields["model"] = None if name is None else self._id(caller, name)
        if "max_cost_per_request" in said:
            most = asked.max_cost_per_request
            fields["max_cost_nanos"] = None if most is None else _nanos(most)
        return lambda before: structs.replace(before, **fields)

    def _id(self, caller: Caller, name: str) -> str:
        try:
            return self._models.named(caller, name).id
        except NotFound as error:
            raise Invalid(error.message, code=error.code, param="preferred_model") from error

    def _shown(self, caller: Caller, choices: Choices, response: Response) -> PreferencesShown:
        response.headers["etag"] = f'"{choices.revision}"'
        preferences = choices.preferences
        model = preferences.model
        return PreferencesShown(
            profile=preferences.profile,
            preferred_model=model,
            agent_recommendations=preferences.agent_recommendations,
            max_cost_per_request=usd(preferences.max_cost_nanos),
            model_notice=None if model is None else self._models.notice(caller, model),
            revision=choices.revision,
        )


def _nanos(amount: Decimal) -> int:
    nanos = nanos_from_usd(amount)
    if nanos == 0:
        raise Invalid("A request costs a nano-dollar at least.", param="max_cost_per_request")
    return nanos
