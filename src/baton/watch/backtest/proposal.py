"""What is proposed: whatever is not named in it stays as it is."""

from msgspec import Struct

from baton.catalog.model import Model
from baton.gateway.routing.rules.agents import AgentRouting
from baton.gateway.routing.rules.use_cases import UseCaseRule
from baton.gateway.routing.weighing import Weighing


class Proposal(Struct, frozen=True, kw_only=True):
    """Put over what is in force; a rule that is not to be any more is proposed as switched off."""

    rules: tuple[UseCaseRule, ...] = ()
    agents: tuple[AgentRouting, ...] = ()
    weights: tuple[Weighing, ...] = ()
    models: tuple[Model, ...] = ()
    """Rows of the catalog with other prices."""

    def touches(self, use_case: str | None, agent: str | None) -> bool:
        """Whether a request may be decided otherwise by it: rules and routings are of their own requests."""
        return bool(
            self.weights
            or self.models
            or any(each.use_case == use_case for each in self.rules)
            or any(each.agent == agent for each in self.agents)
        )


NOTHING = Proposal()
