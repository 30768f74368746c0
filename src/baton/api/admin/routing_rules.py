"""`/api/admin/ai/routing-rules`: which models serve a use case, and what a prompt would be served by."""

from typing import Annotated

from fastapi import Body, FastAPI, Response
from msgspec import structs
from pydantic import ConfigDict, Field, JsonValue

from baton.api.admin.editing import Editing
from baton.api.admin.revisions import IfMatch
from baton.api.bodies import Asked, Shown
from baton.api.callers import AdminActor, AdminCaller
from baton.api.native.suggestion import SuggestionAsked, SuggestionShown, suggestion_shown
from baton.api.problems import Mistaken, Wrong
from baton.catalog.chains import ids_of
from baton.catalog.live import LiveCatalog
from baton.catalog.lookup import Catalog
from baton.catalog.tiers import Tiers
from baton.core.caller import Caller
from baton.core.errors import Invalid
from baton.gateway.routing.live import LiveRouter
from baton.gateway.routing.rules.use_cases import MOST_LISTED, Aim, UseCaseRule, rules_kind
from baton.records.kind import Record
from baton.records.store import Records

PATH = "/api/admin/ai/routing-rules"
_ONE = PATH + "/{use_case}"
_TAG = "Admin: routing"
_MOST_RULES = 1000
_EXAMPLE: dict[str, JsonValue] = {
    "preferred": ["simulated/echo"],
    "fallbacks": ["simulated/lorem"],
    "aim": "balanced",
    "isEnabled": True,
    "description": "Short answers",
}

_Names = Annotated[
    tuple[str, ...],
    Field(max_length=MOST_LISTED, description="Any names of models that have a row, the first first."),
]


class RuleAsked(Asked):
    """The whole rule."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    preferred: _Names = ()
    fallbacks: _Names = ()
    aim: Annotated[Aim, Field(description="What counts where none of the models listed can serve.")] = (
        Aim.BALANCED
    )
    is_enabled: bool = True
    description: Annotated[str, Field(max_length=200)] = ""


class ListedRule(RuleAsked):
    """A rule with its use case, as export gives it."""

    model_config = ConfigDict(json_schema_extra={"example": {"useCase": "greeting", **_EXAMPLE}})

    use_case: str


class RuleShown(Shown):
    """A use case's rule, its models by ids; `revision` is what a change wants as `If-Match`."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"useCase": "greeting", **_EXAMPLE, "revision": 1, "deleted": False}}
    )

    use_case: str
    preferred: list[str]
    fallbacks: list[str]
    aim: Aim
    is_enabled: bool
    description: str
    revision: int
    deleted: bool


class RuleList(Shown):
    """All rules, by use case."""

    rules: list[RuleShown]


class RuleExport(Shown):
    """All rules, as import takes them."""

    rules: list[ListedRule]


class RulesAsked(Asked):
    """Rules to put over those that there are."""

    rules: Annotated[list[ListedRule], Field(max_length=_MOST_RULES)]
    dry_run: Annotated[bool, Field(description="Only tell what would happen.")] = False


class Trial(SuggestionAsked):
    """A prompt to be tried; `tier`: for callers of another tier than your own; `rule`: the one that its use
    case would have, in place of the one that it has."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"prompt": "Hello!", "useCase": "greeting", "rule": _EXAMPLE}}
    )

    tier: str | None = None
    rule: RuleAsked | None = None


class RulesChanged(Shown):
    """What became of them, by use case."""

    dry_run: bool
    created: list[str]
    changed: list[str]
    unchanged: list[str]


class RoutingRuleRoutes:
    """The routes; admins only."""

    def __init__(
        self, rules: Records[UseCaseRule], catalog: LiveCatalog, router: LiveRouter, tiers: Tiers
    ) -> None:
        self._rules = rules
        self._router = router
        self._tiers = tiers
        self._editing = Editing(rules)
        self._catalog = catalog

    def attach(self, to: FastAPI) -> None:
        """Add them; those with a fixed last word first, a use case would swallow them."""
        to.add_api_route(PATH, self.list, methods=["GET"], response_model=RuleList, tags=[_TAG])
        to.add_api_route(
            PATH + "/export", self.export, methods=["GET"], response_model=RuleExport, tags=[_TAG]
        )
        to.add_api_route(
            PATH + "/import", self.read, methods=["POST"], response_model=RulesChanged, tags=[_TAG]
        )
        to.add_api_route(
            PATH + "/test", self.test, methods=["POST"], response_model=SuggestionShown, tags=[_TAG]
        )
        for path, route, method in (
            (_ONE, self.one, "GET"),
            (_ONE, self.put, "PUT"),
            (_ONE + "/undo", self.undo, "POST"),
        ):
            to.add_api_route(path, route, methods=[method], response_model=RuleShown, tags=[_TAG])
        to.add_api_route(_ONE, self.delete, methods=["DELETE"], status_code=204, tags=[_TAG])

    async def list(self, _: AdminCaller) -> RuleList:
        """List the rules of all use cases; where there is none, models are chosen by score."""
        return RuleList(rules=[_shown(record) for record in self._rules.list()])

    async def one(self, _: AdminCaller, use_case: str, response: Response) -> RuleShown:
        """One use case's rule; its `ETag` is what a change wants as `If-Match`."""
        return _shown(self._editing.one(use_case, response))

    async def put(
        self,
        actor: AdminActor,
        use_case: str,
        asked: RuleAsked,
        response: Response,
        if_match: IfMatch = None,
    ) -> RuleShown:
        """Set a use case's rule; `If-Match` needed where it has one. It counts from the next request on."""
        value = self._value(use_case, asked)
        return _shown(await self._editing.put(use_case, value, actor, if_match, response))

    async def delete(
        self, actor: AdminActor, use_case: str, response: Response, if_match: IfMatch = None
    ) -> None:
        """Take a rule away and leave it to the score; `undo` with this answer's `ETag` brings it back."""
        await self._editing.delete(use_case, actor, if_match, response)

    async def undo(
        self, actor: AdminActor, use_case: str, response: Response, if_match: IfMatch = None
    ) -> RuleShown:
        """Go back to how it was before its current revision; undoing twice does it again."""
        return _shown(await self._editing.undo(use_case, actor, if_match, response))

    async def export(self, _: AdminCaller) -> RuleExport:
        """Export every rule, as import takes them."""
        fields = (structs.asdict(rule) for rule in self._rules.export())
        return RuleExport(rules=[ListedRule.model_validate(each, by_name=True) for each in fields])

    async def read(self, actor: AdminActor, asked: Annotated[RulesAsked, Body()]) -> RulesChanged:
        """Import many rules over what is there, all or nothing; use cases not named stay as they are."""
        values: list[UseCaseRule] = []
        wrong: list[Wrong] = []
        for index, each in enumerate(asked.rules):
            try:
                values.append(self._value(each.use_case, each))
            except Invalid as error:
                place = f"rules[{index}]"
                wrong.append(Wrong(f"{place}.{error.param}" if error.param else place, error.message))
        if wrong:
            raise Mistaken(wrong)
        diff = await self._rules.import_all(values, actor, dry_run=asked.dry_run)
        return RulesChanged(
            dry_run=asked.dry_run,
            created=[*diff.created],
            changed=[*diff.changed],
            unchanged=[*diff.unchanged],
        )

    async def test(self, caller: AdminCaller, asked: Trial) -> SuggestionShown:
        """Test what a prompt would be served by, for callers of any tier, also under a rule that is only
        proposed; nothing is sent to a provider, and nothing is changed."""
        if asked.tier is not None:
            caller = _somebody(self._tiers.resolve(asked.tier))
        rule = None
        if asked.rule is not None:
            if asked.use_case is None:
                raise Invalid("Say for which use case the rule is proposed.", param="use_case")
            rule = self._value(asked.use_case, asked.rule)
            rules_kind().checked_key(rule)
        return suggestion_shown(self._router.decide(caller, asked.envelope(), rule))

    def _value(self, use_case: str, asked: RuleAsked) -> UseCaseRule:
        return rule_asked(self._catalog.current(), use_case, asked)


def rule_asked(catalog: Catalog, use_case: str, asked: RuleAsked) -> UseCaseRule:
    """The rule that a body means.

    Raises:
        Invalid: a name means no model that has a row; `param` is its place.
    """
    return UseCaseRule(
        use_case=use_case,
        preferred=ids_of(catalog, "preferred", asked.preferred),
        fallbacks=ids_of(catalog, "fallbacks", asked.fallbacks),
        aim=asked.aim,
        is_enabled=asked.is_enabled,
        description=asked.description,
    )


def _somebody(tier: str) -> Caller:
    """A caller of a tier of whom nothing else is known: who tries for them has preferences of their own."""
    return Caller(user_id="", key_id="", tier=tier, roles=frozenset())


def _shown(record: Record[UseCaseRule]) -> RuleShown:
    rule = record.value
    return RuleShown(
        use_case=rule.use_case,
        preferred=list(rule.preferred),
        fallbacks=list(rule.fallbacks),
        aim=rule.aim,
        is_enabled=rule.is_enabled,
        description=rule.description,
        revision=record.revision,
        deleted=record.deleted,
    )
