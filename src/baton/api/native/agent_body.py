"""What agents are asked for a project, and what they give."""

from typing import Annotated, Any

import msgspec
from msgspec import Struct
from pydantic import ConfigDict, Field, JsonValue, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel

from baton.api.bodies import Asked
from baton.api.problems import mistaken
from baton.core.errors import Invalid
from baton.core.money import usd_text
from baton.pipelines.authoring.author import Assignment
from baton.pipelines.authoring.desk import Done

_MOST_CHARS = 400_000

_ProjectId = Annotated[str, StringConstraints(min_length=1, max_length=36)]
_Text = Annotated[str, StringConstraints(min_length=1, max_length=_MOST_CHARS, pattern=r"\S")]
_Data = Annotated[_Text | dict[str, Any] | list[Any], Field(description="Text, or JSON.")]
_Word = Annotated[str, StringConstraints(min_length=1, max_length=32, pattern=r"^[a-z][a-z0-9_-]*$")]

_RESEARCH_S, _STRATEGY_S, _CRITIQUE_S = 60.0, 90.0, 60.0
"""How long each agent may take, where the request does not say it."""


def _body(example: dict[str, JsonValue]) -> ConfigDict:
    """How a body is read and described."""
    return ConfigDict(
        alias_generator=to_camel, extra="forbid", frozen=True, json_schema_extra={"example": example}
    )


class ResearchAsked(Asked):
    """Facts for a brand strategy."""

    model_config = _body({"projectId": "0197c6a0-…", "brief": "A small roastery in Porto."})

    project_id: _ProjectId
    brief: _Text

    def assignment(self) -> Assignment:
        """What is written."""
        variables = {"brief": self.brief}
        return Assignment(kind="research", prompt="research", variables=variables, timeout_s=_RESEARCH_S)


class StrategyAsked(Asked):
    """A brand strategy from what was found."""

    model_config = _body({"projectId": "0197c6a0-…", "researchData": "Head waiters decide."})

    project_id: _ProjectId
    research_data: _Data
    brief: _Text = "It is told in the research."

    def assignment(self) -> Assignment:
        """What is written."""
        variables = {"brief": self.brief, "research": _told(self.research_data)}
        return Assignment(kind="strategy", prompt="strategy", variables=variables, timeout_s=_STRATEGY_S)


class CritiqueAsked(Asked):
    """A sceptical reading of a brand strategy."""

    model_config = _body({"projectId": "0197c6a0-…", "strategyData": "Positioning: by hand."})

    project_id: _ProjectId
    strategy_data: _Data
    brief: _Text | None = None

    def assignment(self) -> Assignment:
        """What is written."""
        variables = {"strategy": _told(self.strategy_data)}
        if self.brief is not None:
            variables["brief"] = self.brief
        return Assignment(kind="critique", prompt="critique", variables=variables, timeout_s=_CRITIQUE_S)


class TaskAsked(Asked):
    """Any task of a project, told while it is written; `task` names what it is kept as."""

    model_config = _body({"projectId": "0197c6a0-…", "task": "slogan", "prompt": "Five slogans, please."})

    project_id: _ProjectId
    task: _Word
    prompt: _Text
    system_prompt: Annotated[str, StringConstraints(max_length=_MOST_CHARS)] | None = None


AgentAsked = ResearchAsked | StrategyAsked | CritiqueAsked


def read_asked(body: bytes, kind: type[AgentAsked] | type[TaskAsked]) -> Any:
    """A body as what it is to be.

    Raises:
        Invalid: not JSON; a field is wrong, then each of them is named.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            raise Invalid("The body is not valid JSON.", code="invalid_json") from None
        raise mistaken(error) from None


class Quality(Struct, frozen=True, kw_only=True):
    """How good a text is; `score`: 0-100, null where nobody could say."""

    score: float | None
    verdict: str
    reasoning: str


class Metadata(Struct, frozen=True, kw_only=True, rename="camel"):
    """What it took; `cost` in USD, of all calls."""

    provider: str
    model: str
    cost: str
    cached: bool
    tokens_used: int


class AgentAnswer(Struct, frozen=True, kw_only=True, rename="camel"):
    """A text that is kept as an output of its project."""

    success: bool
    output_id: str
    content: str
    quality: Quality
    metadata: Metadata


def answer_of(done: Done) -> AgentAnswer:
    """As it is told."""
    piece = done.piece
    return AgentAnswer(
        success=True,
        output_id=piece.output_id,
        content=piece.content,
        quality=Quality(score=piece.score, verdict=piece.verdict.value, reasoning=piece.reasoning),
        metadata=Metadata(
            provider=done.call.provider,
            model=done.call.model,
            cost=usd_text(sum(call.cost_nanos for call in done.calls)),
            cached=done.call.cached,
            tokens_used=sum(call.tokens for call in done.calls),
        ),
    )


def _told(data: str | dict[str, Any] | list[Any]) -> str:
    """What is given as JSON is told as JSON."""
    return data if isinstance(data, str) else msgspec.json.encode(data).decode()
