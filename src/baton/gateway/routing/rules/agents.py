"""Which model each agent is served by; edited at run time, as models are."""

from enum import StrEnum
from importlib.resources import files
from typing import Annotated

from msgspec import Meta, Struct

from baton.catalog.chains import ModelId
from baton.catalog.model import Count, ProviderName, Word
from baton.core.errors import Invalid
from baton.core.provider import ModelClasses
from baton.records.kind import RecordKind


class Choice(StrEnum):
    """How an agent's model is named."""

    DEFAULT = "default"
    """Of its provider's classes, as the next two."""
    CHEAP = "cheap"
    PREMIUM = "premium"
    CHEAPEST = "cheapest"
    """Whichever can serve it for the least, of its provider where one is said."""
    MODEL = "model"
    """One model."""

    def of(self, classes: ModelClasses) -> str:
        """The name of that class, without the provider's."""
        return {
            Choice.DEFAULT: classes.default,
            Choice.CHEAP: classes.cheap,
            Choice.PREMIUM: classes.premium,
        }[self]


class AgentRouting(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What an agent is served by, and what it asks for by itself."""

    agent: Word
    choice: Choice = Choice.DEFAULT
    provider: ProviderName | None = None
    model: ModelId | None = None
    """With `model` only."""
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    max_tokens: Count | None = None
    fallback: bool = True
    """Whether another model is asked where this one fails."""
    is_enabled: bool = True


def agents_kind() -> RecordKind[AgentRouting]:
    """The kind `agent_routing`; its key is the agent's name."""
    return RecordKind(name="agent_routing", type=AgentRouting, key=lambda each: each.agent, check=_check)


def packaged_agents() -> tuple[AgentRouting, ...]:
    """What a new installation starts with; reads one file, so call it at start."""
    data = files("baton.gateway.routing.rules").joinpath("data/agents.json")
    return agents_kind().decode_all(data.read_bytes())


def _check(routing: AgentRouting) -> None:
    by_model = routing.choice is Choice.MODEL
    if by_model != (routing.model is not None):
        said = "names no model" if by_model else f"takes no model with the choice {routing.choice.value}"
        raise Invalid(f"The routing of {routing.agent} {said}.", param="model")
    if by_model and routing.provider is not None:
        raise Invalid("A model has a provider already.", param="provider")
    if routing.choice in (Choice.DEFAULT, Choice.CHEAP, Choice.PREMIUM) and routing.provider is None:
        raise Invalid(f"Say whose {routing.choice.value} model is meant.", param="provider")
