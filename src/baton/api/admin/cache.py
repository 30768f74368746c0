"""`/api/admin/cache`: what is kept to be given again, what that saved, and forgetting some of it."""

from typing import Annotated

import msgspec
from fastapi import FastAPI, Response
from pydantic import ConfigDict, Field, JsonValue, model_validator

from baton.api.admin.editing import Editing
from baton.api.admin.revisions import IfMatch
from baton.api.bodies import Asked, Shown
from baton.api.callers import AdminActor, AdminCaller
from baton.core.clock import Clock
from baton.core.money import usd_text
from baton.gateway.cache.cache import Cache, SemanticCache
from baton.gateway.cache.exact.marks import Marks
from baton.gateway.cache.provider import CacheProvider
from baton.gateway.cache.rules import CacheRule, Reach, Semantic
from baton.gateway.cache.savings import Savings
from baton.gateway.cache.semantic.trust import NOBODYS
from baton.records.audit.entry import Change
from baton.records.audit.scribe import Scribe
from baton.records.kind import Record
from baton.records.store import Records
from baton.storage.database import Database

PATH = "/api/admin/cache"
_RULES = PATH + "/rules"
_RULE = _RULES + "/{use_case}"
_TAG = "Admin: cache"
_RULE_EXAMPLE: dict[str, JsonValue] = {
    "exact": True,
    "reach": "user",
    "semantic": "shadow",
    "threshold": None,
    "ttlS": 86400,
}


class SavingsShown(Shown):
    """What was found since this process began. `savedMs`: how much sooner answers came, added up."""

    use_case: str | None
    asked: int
    hits: int
    semantic_hits: int
    joined: int
    misses: int
    hit_rate: float
    saved_tokens: int
    saved_usd: str
    saved_ms: int


class CheckedShown(Shown):
    """Of requests that meant the same, how many were asked all the same, and what they would have been given
    was wrong: the last 200 in this process, with a 95 % interval of the share. `useCase` null: of one user,
    whose requests name none; `isOff`: they are given nothing by meaning any more."""

    use_case: str | None
    user_id: str | None
    checked: int
    wrong: int
    wrong_low: float
    wrong_high: float
    is_off: bool


class SemanticShown(Shown):
    """What finds answers by meaning, in the process that answers."""

    embedder: str
    entries: int
    bytes: int
    by_use_case: list[CheckedShown]


class CacheShown(Shown):
    """What is kept, and what giving it again has saved in the process that answers; `useCase` null: requests
    that named none. `shared`: whether the answers are those of all processes; of `redis` they are not while
    it is away."""

    enabled: bool
    provider: CacheProvider
    shared: bool
    entries: int
    most_entries: int
    bytes: int
    most_bytes: int
    semantic: SemanticShown | None
    total: SavingsShown
    by_use_case: list[SavingsShown]


class ForgetAsked(Asked):
    """What to forget: all that matches everything said; `all` alone: everything."""

    model_config = ConfigDict(json_schema_extra={"example": {"useCase": "faq"}})

    key: Annotated[str | None, Field(description="As `cacheKey` of an interaction.")] = None
    interaction: Annotated[str | None, Field(description="That paid for it.")] = None
    reach: Reach | None = None
    owner: Annotated[str | None, Field(description="Of the reach: a user's or a project's id.")] = None
    model: Annotated[str | None, Field(description="`provider/name`.")] = None
    use_case: str | None = None
    tag: Annotated[str | None, Field(description="`key=value`, of the request that paid.")] = None
    all: bool = False

    @model_validator(mode="after")
    def _something(self) -> "ForgetAsked":
        said = any(value is not None for name, value in self if name != "all")
        if said == self.all:
            raise ValueError("say what to forget, or `all`")
        return self

    @property
    def marks(self) -> Marks:
        """What an answer must have to be meant."""
        said = self.model_dump(mode="json", by_alias=True, exclude={"all"}, exclude_none=True)
        return frozenset(f"{kind}:{value}" for kind, value in said.items())


class Forgotten(Shown):
    """How many were forgotten."""

    forgotten: int


class CacheRuleAsked(Asked):
    """How a use case's answers are cached."""

    model_config = ConfigDict(json_schema_extra={"example": _RULE_EXAMPLE})

    exact: Annotated[
        bool, Field(description="Whether equal requests are answered once, whatever their temperature.")
    ] = True
    reach: Annotated[Reach, Field(description="Who may be given what somebody else paid for.")] = Reach.USER
    semantic: Annotated[
        Semantic,
        Field(
            description="`on`: requests that mean the same are given an earlier one's answer; `shadow`: they "
            "are asked all the same, and it is counted how often that would have been wrong."
        ),
    ] = Semantic.OFF
    threshold: Annotated[
        float | None,
        Field(gt=0, le=1, description="The least likeness that is the same; null: the strict one."),
    ] = None
    ttl_s: Annotated[
        float | None, Field(gt=0, le=2_592_000, description="Seconds; null: by what is asked.")
    ] = None


class CacheRuleShown(CacheRuleAsked, Shown):
    """A use case's rule; `revision` is what a change wants as `If-Match`."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"useCase": "faq", **_RULE_EXAMPLE, "revision": 1, "deleted": False}}
    )

    use_case: str
    revision: int
    deleted: bool


class CacheRuleList(Shown):
    """All rules, by use case."""

    rules: list[CacheRuleShown]


class CacheRoutes:
    """The routes; admins only."""

    def __init__(
        self, cache: Cache, rules: Records[CacheRule], database: Database, scribe: Scribe, clock: Clock
    ) -> None:
        self._cache = cache
        self._rules = rules
        self._editing = Editing(rules)
        self._database = database
        self._scribe = scribe
        self._clock = clock

    def attach(self, to: FastAPI) -> None:
        """Add them."""
        to.add_api_route(PATH, self.show, methods=["GET"], response_model=CacheShown, tags=[_TAG])
        to.add_api_route(
            PATH + "/invalidate", self.forget, methods=["POST"], response_model=Forgotten, tags=[_TAG]
        )
        to.add_api_route(_RULES, self.list, methods=["GET"], response_model=CacheRuleList, tags=[_TAG])
        for path, route, method in (
            (_RULE, self.one, "GET"),
            (_RULE, self.put, "PUT"),
            (_RULE + "/undo", self.undo, "POST"),
        ):
            to.add_api_route(path, route, methods=[method], response_model=CacheRuleShown, tags=[_TAG])
        to.add_api_route(_RULE, self.delete, methods=["DELETE"], status_code=204, tags=[_TAG])

    async def show(self, _: AdminCaller) -> CacheShown:
        """Tell what is kept, and what giving it again has saved since this process began."""
        cache, savings = self._cache, self._cache.savings
        room = await cache.store.room()
        return CacheShown(
            enabled=cache.planner.on,
            provider=cache.provider,
            shared=cache.shared,
            entries=room.entries,
            most_entries=room.most_entries,
            bytes=room.bytes,
            most_bytes=room.most_bytes,
            semantic=None if cache.semantic is None else _semantic(cache.semantic),
            total=_savings(None, savings.total()),
            by_use_case=[_savings(name or None, each) for name, each in sorted(savings.by_use_case.items())],
        )

    async def forget(self, actor: AdminActor, asked: ForgetAsked) -> Forgotten:
        """Forget answers, so that the next request is asked anew; audited."""
        forgotten = await self._cache.store.forget(asked.marks)
        said = msgspec.json.encode(asked.model_dump(mode="json", by_alias=True, exclude_none=True)).decode()
        change = Change(action="invalidate", kind="cache", key="answers", before=None, after=said)
        async with self._database.write() as connection:
            await self._scribe.append(connection, actor, int(self._clock.wall() * 1000), [change])
        return Forgotten(forgotten=forgotten)

    async def list(self, _: AdminCaller) -> CacheRuleList:
        """List the use cases that are cached otherwise than by temperature."""
        return CacheRuleList(rules=[_shown(record) for record in self._rules.list()])

    async def one(self, _: AdminCaller, use_case: str, response: Response) -> CacheRuleShown:
        """One use case's rule; its `ETag` is what a change wants as `If-Match`."""
        return _shown(self._editing.one(use_case, response))

    async def put(
        self,
        actor: AdminActor,
        use_case: str,
        asked: CacheRuleAsked,
        response: Response,
        if_match: IfMatch = None,
    ) -> CacheRuleShown:
        """Set a use case's rule; `If-Match` needed where it has one. It counts from the next request on."""
        value = CacheRule(
            use_case=use_case,
            exact=asked.exact,
            reach=asked.reach,
            semantic=asked.semantic,
            threshold=asked.threshold,
            ttl_s=asked.ttl_s,
        )
        return _shown(await self._editing.put(use_case, value, actor, if_match, response))

    async def delete(
        self, actor: AdminActor, use_case: str, response: Response, if_match: IfMatch = None
    ) -> None:
        """Take a rule away; `undo` with this answer's `ETag` brings it back."""
        await self._editing.delete(use_case, actor, if_match, response)

    async def undo(
        self, actor: AdminActor, use_case: str, response: Response, if_match: IfMatch = None
    ) -> CacheRuleShown:
        """Go back to how it was before its current revision; undoing twice does it again."""
        return _shown(await self._editing.undo(use_case, actor, if_match, response))


def _shown(record: Record[CacheRule]) -> CacheRuleShown:
    rule = record.value
    return CacheRuleShown(
        use_case=rule.use_case,
        exact=rule.exact,
        reach=rule.reach,
        semantic=rule.semantic,
        threshold=rule.threshold,
        ttl_s=rule.ttl_s,
        revision=record.revision,
        deleted=record.deleted,
    )


def _semantic(semantic: SemanticCache) -> SemanticShown:
    trust = semantic.trust
    shares = [(use_case, trust.of(use_case)) for use_case in trust.use_cases]
    return SemanticShown(
        embedder=semantic.embedder,
        entries=len(semantic.neighbours),
        bytes=semantic.neighbours.bytes_held,
        by_use_case=[
            CheckedShown(
                use_case=None if use_case.startswith(NOBODYS) else use_case,
                user_id=use_case.removeprefix(NOBODYS) if use_case.startswith(NOBODYS) else None,
                is_off=trust.doubts(use_case),
                checked=share.checked,
                wrong=share.wrong,
                wrong_low=round(share.low, 4),
                wrong_high=round(share.high, 4),
            )
            for use_case, share in shares
        ],
    )


def _savings(use_case: str | None, found: Savings) -> SavingsShown:
    given = found.asked - found.misses
    return SavingsShown(
        use_case=use_case,
        asked=found.asked,
        hits=found.hits,
        semantic_hits=found.semantic_hits,
        joined=found.joined,
        misses=found.misses,
        hit_rate=round(given / found.asked, 4) if found.asked else 0.0,
        saved_tokens=found.tokens,
        saved_usd=usd_text(found.nanos),
        saved_ms=found.ms,
    )
