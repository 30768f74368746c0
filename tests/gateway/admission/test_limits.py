"""Which limits concern a request, and what those are told that do not fit."""

from collections.abc import Mapping

import pytest

from baton.catalog.lookup import Offer
from baton.catalog.model import Model
from baton.catalog.tiers import Tier
from baton.core.caller import Caller, KeyLimits
from baton.core.failures import Kind
from baton.core.provider import ProviderSpec
from baton.core.rates import Rates
from baton.gateway.admission.limits import Limits, Plan, Tokens, failure, refusal
from baton.gateway.admission.windows import Against, Bundle, Taken, Window, Windows
from baton.records.kind import Origin, Record
from baton.upstream.directory import Provider, ProviderSettings

SHORT = Tokens(100, 400)
NO_RATES = Rates()


def tiers(**figures: int | None) -> dict[str, Record[Tier]]:
    tier = Tier(name="pro", retries=2, **figures)
    return {
        "pro": Record(key="pro", value=tier, revision=1, origin=Origin.SEED, changed_at_ms=0, changed_by="")
    }


def caller(limits: KeyLimits | None = None, key: str = "k1") -> Caller:
    return Caller(user_id="ann", key_id=key, tier="pro", roles=frozenset(), limits=limits)


def limits(of: Mapping[str, Record[Tier]]) -> Limits:
    return Limits(of)


def claimed(of: Limits, by: Caller, tokens: Tokens = SHORT) -> dict[str, tuple[int, int]]:
    return wanted(of.of_caller(by), tokens)


def wanted(plan: Plan, tokens: Tokens = SHORT) -> dict[str, tuple[int, int]]:
    """What is claimed of which limit, by key."""
    amounts = plan.wanted(tokens)
    return {each.key: (n, each.limit) for each, n in zip(plan.windows, amounts, strict=True)}


def offer(rpm: int | None = None, tpm: int | None = None, rpd: int | None = None) -> Offer:
    model = Model(provider="acme", name="large", rpm=rpm, tpm=tpm, rpd=rpd)
    return Offer(id=model.id, model=model, prices=None, retired=False)


def provider(rates: Rates = NO_RATES, free: Rates = NO_RATES, *, on_free_tier: bool = False) -> Provider:
    spec = ProviderSpec(name="acme", title="Acme", base_url="https://acme.example", free_rates=free)
    return Provider(spec, ProviderSettings(keys=("key-one", "key-two"), rates=rates, free_tier=on_free_tier))


def test_every_user_of_a_tier_has_its_figures_alone() -> None:
    """All keys of a user claim of the same windows; what has no figure claims nothing."""
    known = limits(tiers(requests_per_minute=50, tokens_per_day=9000))
    assert claimed(known, caller()) == {
        "user/ann/requests/60": (1, 50),
        "user/ann/tokens/86400": (500, 9000),
    }
    assert claimed(known, caller(key="k2")) == claimed(known, caller())
    assert claimed(limits(tiers()), caller()) == {}
    assert claimed(limits({}), caller()) == {}


def test_a_keys_own_limit_narrows_its_tiers_or_replaces_it() -> None:
    """Below the tier's both hold, so that many keys earn nobody more; above it an admin has said so."""
    known = limits(tiers(requests_per_minute=50, requests_per_day=200))
    assert claimed(known, caller(KeyLimits(requests_per_minute=5))) == {
        "user/ann/requests/60": (1, 50),
        "user/ann/requests/86400": (1, 200),
        "key/k1/requests/60": (1, 5),
    }
    assert claimed(known, caller(KeyLimits(requests_per_minute=500))) == {
        "user/ann/requests/86400": (1, 200),
        "key/k1/requests/60": (1, 500),
    }


def test_a_key_without_limits_has_those_alone_that_are_set_for_it() -> None:
    """The first admin's has none unless one is set."""
    known = limits(tiers(requests_per_minute=50, requests_per_day=200))
    assert claimed(known, caller(KeyLimits(unlimited=True))) == {}
    own = KeyLimits(unlimited=True, tokens_per_minute=1000)
    assert claimed(known, caller(own)) == {"key/k1/tokens/60": (500, 1000)}


def test_a_changed_tier_or_key_counts_from_the_next_request_on() -> None:
    """What is remembered of a caller is not kept past a change; what was taken before still counts."""
    known = tiers(requests_per_minute=50)
    of = limits(known)
    assert claimed(of, caller()) == {"user/ann/requests/60": (1, 50)}
    of.follow(tiers(requests_per_minute=3))
    assert claimed(of, caller()) == {"user/ann/requests/60": (1, 3)}
    assert claimed(of, caller(KeyLimits(unlimited=True))) == {}


def test_an_answer_that_may_turn_out_short_makes_no_request_too_large() -> None:
    """Only a prompt can be more than a limit; the answer's estimate is claimed as far as the limit goes."""
    known = limits(tiers(tokens_per_minute=450))
    assert claimed(known, caller(), Tokens(100, 400)) == {"user/ann/tokens/60": (450, 450)}
    assert claimed(known, caller(), Tokens(451, 0)) == {"user/ann/tokens/60": (451, 450)}


def test_an_attempt_claims_of_its_model_its_provider_and_its_free_key() -> None:
    """Each that has a limit; two keys on a free tier have windows of their own, which do not show the key."""
    of = limits({})
    asked = provider(Rates(requests_per_minute=60), Rates(requests_per_minute=15), on_free_tier=True)
    large = offer(rpm=10, tpm=1000, rpd=100)
    first, second = (wanted(of.of_route(asked, large, key)) for key in asked.credentials)
    shared = {
        "model/acme/large/requests/60": (1, 10),
        "model/acme/large/requests/86400": (1, 100),
        "model/acme/large/tokens/60": (500, 1000),
        "provider/acme/requests/60": (1, 60),
    }
    assert first.items() & second.items() == shared.items()
    (own,) = first.keys() - shared.keys()
    assert first[own] == (1, 15)
    assert own.startswith("credential/acme/")
    assert "key-one" not in own


def test_limits_of_a_free_tier_do_not_hold_for_keys_that_are_paid_for() -> None:
    """Nor has anything else limits that nobody has set."""
    asked = provider(free=Rates(requests_per_minute=15))
    assert limits({}).of_route(asked, offer(), asked.credentials[0]).windows == ()


def test_a_plan_is_settled_with_the_request_and_its_tokens() -> None:
    """Requests stay counted, tokens become the true ones; nothing of it where nothing was asked."""
    plan = limits(tiers(requests_per_minute=50, tokens_per_minute=9000)).of_caller(caller())
    windows = Windows()

    def left() -> list[int]:
        found = [windows.left(Bundle([each]), 8.0) for each in plan.windows]
        return [each.remaining for each in found if each is not None]

    for amounts in (plan.used(1, 123), plan.used(0, 0)):
        taken = windows.claim(plan.windows, plan.wanted(SHORT), 5.0)
        assert isinstance(taken, Taken)
        windows.settle(taken, amounts, 6.0)
        assert left() == [49, 9000 - 123]


@pytest.mark.parametrize(
    ("wait_s", "told_s", "retryable"), [(12.5, 12.5, True), (40_000.0, 40_000.0, False), (None, None, False)]
)
def test_a_refusal_names_the_limit_and_the_true_wait(
    wait_s: float | None, told_s: float | None, retryable: bool
) -> None:
    """A 429; clients are told not to try again by themselves where no retry of theirs could help."""
    error = refusal(Against(Window("user/ann/tokens/60", 1000, 60), 500, wait_s))
    assert (error.status, error.code) == (429, "rate_limit_exceeded")
    assert (error.retry_after_s, error.retryable) == (told_s, retryable)
    assert "1000 tokens per minute" in error.message
    assert error.limit == "user/ann/tokens/60"
    assert "ann" not in error.message


def test_a_full_route_is_passed_over_like_one_that_said_429() -> None:
    """With its wait, and without the key's text."""
    why = failure(Against(Window("credential/acme/ab12/requests/86400", 1500, 86_400), 1, 60.0))
    assert (why.kind, why.retry_after_s, why.final) == (Kind.RATE_LIMIT, 60.0, False)
    assert why.message == "a key of acme may be asked for 1500 requests per day, and that is spent."
    assert failure(Against(Window("model/acme/large/tokens/60", 10, 60), 50, None)).final
