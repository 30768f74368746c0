"""What holds for callers beforehand: their choices, and the flags."""

from dataclasses import dataclass, field

import pytest
from msgspec.structs import replace

from baton.access.flags.flag import MULTI_LLM, ROUTER_V2, Flag
from baton.access.flags.flags import Flags
from baton.access.preferences.choices import NOTHING_CHOSEN, Choices, OptOut, Preferences
from baton.catalog.fixed import packaged_table
from baton.catalog.live import LiveCatalog
from baton.catalog.model import Model
from baton.catalog.seed import packaged_models
from baton.catalog.tiers import DEFAULT_TIERS
from baton.core.caller import Caller
from baton.core.clock import SystemClock
from baton.core.dialect import Dialect
from baton.core.errors import Forbidden
from baton.core.failures import Failure, Kind
from baton.core.profile import Profile
from baton.core.provider import Auth, ModelClasses, ProviderSpec
from baton.core.request import Options, Outline
from baton.gateway.opening import Arrival
from baton.gateway.resilience.course import Course
from baton.gateway.resilience.courses import Courses
from baton.gateway.resilience.deadline import Deadline, Limits
from baton.gateway.resilience.retry import RetryPolicy
from baton.gateway.routing.alternatives import Alternatives
from baton.gateway.routing.decision import Decision
from baton.gateway.routing.live import LiveRouter
from baton.gateway.routing.standing import Standing
from baton.upstream.directory import Directory, ProviderSettings
from tests.gateway.routing.landscape import model, prices

ADA = Caller(user_id="ada", key_id="k", tier="free", roles=frozenset())
BOB = replace(ADA, user_id="bob", tier="pro")
ROWS = (
    model("a/plain", quality=0.5, prices=prices("1", "1")),
    model("a/great", quality=0.9, prices=prices("5", "5")),
    model("b/other", quality=0.8),
)
SPECS = tuple(
    ProviderSpec(
        name=name,
        title=name,
        base_url="http://127.0.0.1:9",
        auth=Auth(required=False),
        classes=ModelClasses(default=default, cheap=default, premium=default),
    )
    for name, default in (("a", "plain"), ("b", "other"))
)


@dataclass
class House:
    """A router, what lays courses over it, and what its callers and admins said."""

    rows: tuple[Model, ...] = ROWS
    v1: tuple[str, ...] = ("b/other", "a/plain")
    chosen: dict[str, Choices] = field(default_factory=dict[str, Choices])

    def __post_init__(self) -> None:
        self.flags = Flags(b"k")
        self._directory = Directory(SPECS, {each.name: ProviderSettings(keys=("k",)) for each in SPECS})
        self._router = LiveRouter(
            LiveCatalog(self.rows, SPECS, SystemClock()),
            self._directory,
            frozenset(),
            chain=("a", "b"),
            standing=Standing(lambda user: self.chosen.get(user, NOTHING_CHOSEN), self.flags, self.v1),
        )

    def prefer(self, **fields: object) -> None:
        preferences = Preferences(**fields)  # pyright: ignore[reportArgumentType]
        self.chosen["ada"] = Choices(preferences=preferences, revision=1)

    def decide(self, caller: Caller = ADA, name: str = "auto", **options: object) -> Decision:
        return self._router.decide(caller, asked(name, **options))

    def course(self, name: str = "auto", **options: object) -> Course:
        courses = Courses(self._directory, Alternatives(self._router), lambda _: RetryPolicy(5), Limits())
        request = asked(name, **options)
        return courses.of(self._router.decide(ADA, request), request, Arrival("0", "/", 0.0))

    def followers(self, name: str = "auto", **options: object) -> list[str]:
        """Who is asked after the first has failed."""
        course, found = self.course(name, **options), list[str]()
        while (leg := course.next(Failure(kind=Kind.SERVER, message="boom"))) is not None:
            found.append(leg.offer.id)
        return found


def asked(name: str, **options: object) -> Outline:
    return Outline(
        dialect=Dialect.OPENAI,
        model=name,
        stream=False,
        max_tokens=None,
        needs=frozenset(),
        input_chars=400,
        options=Options(**options),  # pyright: ignore[reportArgumentType]
    )


def test_what_a_request_says_wins_over_what_its_user_prefers() -> None:
    """Each by itself: the most, the profile, the model; others' preferences are theirs."""
    house = House()
    house.prefer(model="a/plain", profile=Profile.PERFORMANCE, max_cost_nanos=1_000_000)
    assert house.decide().chosen.offer.id == "a/plain"
    assert house.decide(BOB).chosen.offer.id != "a/plain"
    assert house.decide(name="b/other").chosen.offer.id == "b/other"
    terms = house.decide(max_cost_nanos=9_000_000).ask.terms
    assert (terms.max_cost_nanos, terms.profile) == (9_000_000, Profile.PERFORMANCE)
    assert (terms.whose("max_cost"), terms.whose("profile")) == ("as asked for", "your preference")
    assert house.decide(profile=Profile.BALANCED).ask.terms.profile is Profile.BALANCED
    assert house.decide(provider="b").chosen.offer.id == "b/other"


def test_who_opted_out_is_refused_whatever_is_named() -> None:
    """Others are not."""
    house = House()
    house.chosen["ada"] = Choices(opt_out=OptOut(at_ms=1, by="ada"), revision=1)
    for name in ("auto", "a/plain"):
        with pytest.raises(Forbidden) as raised:
            house.decide(name=name)
        assert raised.value.code == "opted_out"
    assert house.decide(BOB).chosen.offer.id


def test_without_multi_llm_the_first_providers_default_serves_alone() -> None:
    """Neither chains nor a list of the request's bring another one; a named model is served as named."""
    house = House()
    assert house.decide().chosen.offer.id != "a/plain"
    assert house.followers("a/plain")
    house.flags.follow([Flag(name=MULTI_LLM, off_for_tiers=frozenset({"free"}))])
    found = house.decide()
    assert found.chosen.offer.id == "a/plain"
    assert "the flag multi_llm is off" in found.reasoning
    assert house.decide(BOB).chosen.offer.id != "a/plain"
    assert house.decide(name="a/great").chosen.offer.id == "a/great"
    for name in ("auto", "a/great"):
        assert house.followers(name) == house.followers(name, fallback=("b/other",)) == []
    house.prefer(model="b/other")
    assert house.decide().chosen.offer.id == "b/other"


def test_router_v1_takes_its_table_in_order_three_tries_and_30_s() -> None:
    """A request may say otherwise for itself; a named model is none of its business."""
    house = House()
    house.flags.follow([Flag(name=ROUTER_V2, enabled=False)])
    found = house.decide()
    assert found.chosen.offer.id == "b/other"
    assert "router v1" in found.reasoning
    assert house.followers() == ["a/plain"]
    assert house.followers(fallback=("a/great",)) == ["a/great"]
    course = house.course()
    assert course.leg.retry.retries == 2
    assert course.patience.deadline == Deadline(30.0)
    assert house.course(timeout_s=7).patience.deadline == Deadline(7.0)
    assert house.course(max_retries=0).leg.retry.retries == 0
    assert house.course("a/great").leg.retry.retries == 5
    house.flags.follow([Flag(name=ROUTER_V2)])
    assert house.decide().chosen.offer.id == "a/great"


def test_the_table_that_ships_names_models_that_ship() -> None:
    """Four of them, each of another provider; a retired one has an heir."""
    catalog = LiveCatalog(packaged_models(DEFAULT_TIERS), (), SystemClock()).current()
    served = [catalog.served(name) for name in packaged_table()]
    assert len({offer.model.provider for offer in served if offer is not None}) == 4
