"""The rules in force, as overrides of the router's choice."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from msgspec.structs import replace

from baton.gateway.routing.rules.agents import AgentRouting, Choice
from baton.gateway.routing.rules.use_cases import UseCaseRule
from baton.gateway.routing.terms import Override, Source

RuleOf = Callable[[str], UseCaseRule | None]
RoutingOf = Callable[[str], AgentRouting | None]

_NOBODYS: Mapping[str, str] = MappingProxyType({})


def no_rule(use_case: str) -> UseCaseRule | None:
    """Where use cases have no rules."""
    del use_case
    return None


def no_routing(agent: str) -> AgentRouting | None:
    """Where agents have no routing."""
    del agent
    return None


class Rules:
    """Looks them up: nothing is waited for."""

    def __init__(
        self,
        rule_of: RuleOf = no_rule,
        routing_of: RoutingOf = no_routing,
        providers: Mapping[str, str] = _NOBODYS,
    ) -> None:
        """`providers`: whose models serve an agent whatever its routing says (`RESEARCH_PROVIDER` …)."""
        self._rule_of = rule_of
        self._routing_of = routing_of
        self._providers = providers

    def of_agent(self, agent: str) -> Override | None:
        """What is recommended for an agent; None: nothing is."""
        routing = self._routing_of(agent)
        said = self._providers.get(agent)
        if routing is None or not routing.is_enabled:
            if said is None:
                return None
            routing = AgentRouting(agent=agent, provider=said)
        if said is not None:
            # A model of another provider cannot be meant any more.
            choice = Choice.DEFAULT if routing.choice is Choice.MODEL else routing.choice
            routing = replace(routing, provider=said, choice=choice, model=None)
        return Override(
            source=Source.AGENT,
            whose=f"The routing of the agent {agent}",
            table=() if routing.model is None else (routing.model,),
            choice=routing.choice,
            provider=routing.provider,
            alone=not routing.fallback,
        )

    def of_use_case(self, use_case: str, rule: UseCaseRule | None = None) -> Override | None:
        """What a use case's rule says; None: it has none. `rule`: one that is only proposed."""
        rule = rule or self._rule_of(use_case)
        if rule is None or not rule.is_enabled:
            return None
        return Override(source=Source.RULE, whose=f"The rule for {use_case}", table=rule.listed, aim=rule.aim)


NO_RULES = Rules()
