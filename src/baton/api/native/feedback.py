"""`/api/interactions/{id}/feedback`: what somebody thought of an answer."""

from typing import Annotated

from fastapi import FastAPI
from pydantic import AfterValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from baton.access.identity.ownership import Thing, reach
from baton.api.bodies import Asked, moment
from baton.api.callers import JudgingCaller
from baton.api.native.interaction_shown import FeedbackShown
from baton.core.clock import Clock
from baton.ledger.feedback import Feedback
from baton.ledger.stored import FeedbackRow

PATH = "/api/interactions/{interaction_id}/feedback"
_MAX_COMMENT = 2000
"""Characters; a word on an answer, not a discussion of it."""


def _storable(text: str) -> str:
    if "\0" in text:  # PostgreSQL keeps none
        raise ValueError("must not hold the character U+0000")
    return text


class FeedbackAsked(Asked):
    """A score from 1 (bad) to 5 (good), and perhaps a word on it."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"score": 4, "comment": "Right, but too long."}]},
    )

    score: Annotated[int, Field(ge=1, le=5, strict=True)]
    comment: Annotated[str, Field(max_length=_MAX_COMMENT), AfterValidator(_storable)] | None = None


class FeedbackGiven(FeedbackShown):
    """The same, and of which interaction."""

    interaction_id: str


class FeedbackRoutes:
    """Everybody judges what they asked; admins what anybody did."""

    def __init__(self, feedback: Feedback, clock: Clock) -> None:
        self._feedback = feedback
        self._clock = clock

    def attach(self, to: FastAPI) -> None:
        """Add the route."""
        to.add_api_route(
            PATH, self.give, methods=["POST"], response_model=FeedbackGiven, tags=["Interactions"]
        )

    async def give(self, caller: JudgingCaller, interaction_id: str, body: FeedbackAsked) -> FeedbackGiven:
        """Judge an answer; judging again replaces score and comment."""
        row = FeedbackRow(
            interaction_id=interaction_id,
            user_id=caller.user_id,
            at_ms=int(self._clock.wall() * 1000),
            score=body.score,
            comment=body.comment,
        )
        await self._feedback.give(row, owner_id=reach(caller, Thing.FEEDBACK))
        return FeedbackGiven(
            interaction_id=interaction_id,
            user_id=row.user_id,
            given_at=moment(row.at_ms),
            score=row.score,
            comment=row.comment,
        )
