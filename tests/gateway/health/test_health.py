"""Who is well and who is not, from what attempts came to."""

import pytest

from baton.core.failures import RULES, Failure, Kind
from baton.gateway.health.health import MOST_MODELS, Health
from baton.gateway.health.series import Status, Vitals
from tests.gateway.health.conftest import NOON_S, Time, Witness

BROKEN = Kind.SERVER


def seen(health: Health, model: str | None = "small") -> Vitals:
    """What is known of `acme`, or of one of its models."""
    [provider] = health.providers()
    return provider.whole if model is None else provider.models[model]


def test_nothing_is_known_of_who_was_never_asked(health: Health) -> None:
    """No data is no status, no availability and no percentiles."""
    assert health.providers() == []
    assert health.status("acme") is Status.UNKNOWN
    assert health.availability() == {}
    assert health.first_token_p99_s("acme", "small") is None
    assert not health.troubled("acme", "small")


@pytest.mark.parametrize(
    ("failed", "status"),
    [(0, Status.HEALTHY), (2, Status.HEALTHY), (3, Status.DEGRADED), (5, Status.DEGRADED), (6, Status.DOWN)],
)
def test_the_error_rate_makes_the_status(witness: Witness, failed: int, status: Status) -> None:
    """Of 10 calls: above 0.2 degraded, above 0.5 down, the borders themselves not."""
    witness.sees(*[BROKEN] * failed, *[None] * (10 - failed))
    assert seen(witness.health).status is status
    assert seen(witness.health, None).status is status
    assert seen(witness.health).error_rate == failed / 10


def test_slow_answers_degrade(witness: Witness, time: Time) -> None:
    """Above 10 s in the mean; of a stream counts what its caller waited for the first token."""
    witness.sees(None, took_ms=10_000)
    assert seen(witness.health).status is Status.HEALTHY
    witness.sees(None, took_ms=10_100)
    assert seen(witness.health).status is Status.DEGRADED
    assert seen(witness.health).average_ms == 10_050
    time.passes(600)
    witness.sees(None, took_ms=60_000, first_token_ms=700)
    assert seen(witness.health).status is Status.HEALTHY
    assert seen(witness.health).average_ms == 700


def test_only_the_last_ten_minutes_make_the_status(witness: Witness, time: Time) -> None:
    """What is older is forgiven; after ten silent minutes nothing is known any more."""
    witness.sees(*[BROKEN] * 10)
    time.passes(540)
    witness.sees(None)
    assert seen(witness.health).status is Status.DOWN
    time.passes(60)
    assert seen(witness.health).status is Status.HEALTHY
    time.passes(600)
    assert seen(witness.health).status is Status.UNKNOWN


def test_how_far_back_a_status_looks_is_a_setting(time: Time) -> None:
    """With a window of a minute the next minute knows nothing of it."""
    health = Health(time, window_s=60)
    Witness(time, health).sees(BROKEN)
    assert seen(health).status is Status.DOWN
    time.passes(60)
    assert seen(health).status is Status.UNKNOWN


@pytest.mark.parametrize("kind", list(Kind))
def test_only_the_providers_faults_are_held_against_it(witness: Witness, kind: Kind) -> None:
    """What breakers count counts; callers' faults, keys, quotas and callers who left do not."""
    witness.sees(None, kind)
    vitals = seen(witness.health)
    assert vitals.error_rate == (0.5 if RULES[kind].breaks else 0)
    assert vitals.limited == (kind is Kind.RATE_LIMIT)
    told = RULES[kind].breaks or kind in (
        Kind.RATE_LIMIT,
        Kind.CREDENTIAL,
        Kind.EXHAUSTED,
        Kind.MODEL_GONE,
    )
    assert (vitals.latest.error is not None) is told


def test_one_broken_model_does_not_take_its_provider_down(witness: Witness) -> None:
    """The model is down, the provider degraded, also where most of its calls went to that model."""
    witness.sees(*[BROKEN] * 20, model="broken")
    assert witness.health.status("acme") is Status.DOWN
    witness.sees(None, model="well")
    [provider] = witness.health.providers()
    assert provider.status is witness.health.status("acme") is Status.DEGRADED
    assert provider.models["broken"].status is Status.DOWN
    assert provider.models["well"].status is Status.HEALTHY
    witness.sees(*[None] * 200, model="well")
    assert witness.health.status("acme") is Status.HEALTHY
    assert witness.health.providers()[0].models["broken"].status is Status.DOWN


def test_the_last_error_and_success_are_told(witness: Witness, time: Time) -> None:
    """With kind, words, status and time; words of any length and kind can be kept."""
    witness.sees(None)
    time.passes(5)
    witness.sees(BROKEN, message="half \ud83d\0" + "x" * 9000)
    latest = seen(witness.health).latest
    assert latest.success_ms == NOON_S * 1000
    assert latest.error is not None
    assert (latest.error.at_ms, latest.error.kind, latest.error.http_status) == (
        (NOON_S + 5) * 1000,
        "provider_error",
        503,
    )
    assert latest.error.message.startswith("half ?x")
    assert len(latest.error.message) < 600


def test_calls_per_minute_are_those_of_the_last_minute(witness: Witness, time: Time) -> None:
    """They come and go in steps of 5 s; probes are none."""
    witness.sees(None, BROKEN, None)
    witness.health.probed("acme", None)
    time.passes(55)
    witness.sees(None)
    assert (seen(witness.health).calls_per_minute, seen(witness.health).failures_per_minute) == (4, 1)
    time.passes(5)
    assert (seen(witness.health).calls_per_minute, seen(witness.health).failures_per_minute) == (1, 0)
    time.passes(3600)
    assert seen(witness.health).calls_per_minute == 0


@pytest.mark.parametrize(
    ("others", "failed", "troubled"),
    [(9, 9, False), (10, 2, False), (10, 3, True), (100, 20, False), (100, 21, True)],
)
def test_trouble_is_more_than_one_in_five_of_at_least_ten_others(
    witness: Witness, others: int, failed: int, troubled: bool
) -> None:
    """The call that asks has failed itself, and is not among the others."""
    witness.sees(*[BROKEN] * failed, *[None] * (others - failed), BROKEN)
    assert witness.health.troubled("acme", "small") is troubled
    witness.time.passes(65)
    assert not witness.health.troubled("acme", "small")


def test_availability_is_as_the_router_weighs_it(witness: Witness, time: Time) -> None:
    """1 - half of what is missing in uptime, less 0.1 above 1.5 s and 0.3 above 3 s in the mean."""
    witness.sees(None, None, None, BROKEN, took_ms=1500)
    assert witness.health.availability() == {"acme/small": pytest.approx(0.875)}
    witness.sees(*[None] * 4, took_ms=2000)
    time.passes(1)
    assert witness.health.availability() == {"acme/small": pytest.approx(1 - 0.5 / 8 - 0.1)}
    witness.sees(*[None] * 8, took_ms=9000)
    time.passes(1)
    assert witness.health.availability() == {"acme/small": pytest.approx(1 - 0.5 / 16 - 0.3)}


def test_availability_is_worked_out_at_most_once_a_second(witness: Witness, time: Time) -> None:
    """Requests of the same second get the very same mapping, which nobody can change."""
    witness.sees(None)
    first = witness.health.availability()
    witness.sees(BROKEN)
    time.passes(0.9)
    assert witness.health.availability() is first
    time.passes(0.1)
    assert witness.health.availability() == {"acme/small": pytest.approx(0.75)}
    time.passes(3700)
    assert witness.health.availability() == {}


def test_very_many_models_are_weighed_some_at_a_time(witness: Witness, time: Time) -> None:
    """Each second brings some up to date, and after a few all are."""
    names = [f"m{number}" for number in range(300)]
    for kind, worth in ((None, 300), (BROKEN, 225)):
        for name in names:
            witness.sees(kind, model=name)
        worths: list[float] = []
        for _ in range(6):
            worths.append(sum(witness.health.availability().values()))
            time.passes(1)
        assert worths[0] != worth
        assert worths[-1] == worth


def test_uptime_is_the_mean_of_minutes_not_of_calls(witness: Witness, time: Time) -> None:
    """A minute of outage with the one call that a breaker let through weighs as much as one of a thousand."""
    witness.sees(*[None] * 1000)
    time.passes(60)
    witness.sees(BROKEN)
    assert seen(witness.health).uptime == 0.5
    time.passes(3600)
    assert seen(witness.health).uptime is None


def test_an_outage_goes_on_while_nobody_asks(witness: Witness, time: Time) -> None:
    """For ten minutes, a breaker's longest wait; then nobody knows."""
    witness.sees(None)
    time.passes(60)
    witness.sees(*[BROKEN] * 3)
    time.passes(5 * 60)
    witness.sees(BROKEN)
    assert seen(witness.health).uptime == pytest.approx(1 / 7)
    time.passes(40 * 60)
    assert seen(witness.health).uptime == pytest.approx(1 / 17)


def test_an_accident_is_no_outage(witness: Witness, time: Time) -> None:
    """Two failures in a row recover unnamed, and the silence after them counts for nothing."""
    witness.sees(BROKEN, BROKEN)
    time.passes(300)
    assert seen(witness.health).outage_since_ms is None
    witness.sees(None)
    assert seen(witness.health).recoveries == ()
    assert seen(witness.health).uptime == 0.5


def test_recovery_is_from_the_first_failure_to_the_next_success(witness: Witness, time: Time) -> None:
    """Of an outage of three failures or more; what is neither failure nor success does not end it."""
    witness.sees(BROKEN)
    began_ms = time.wall() * 1000
    time.passes(20)
    witness.sees(BROKEN, BROKEN, Kind.RATE_LIMIT, Kind.BAD_REQUEST)
    assert seen(witness.health).outage_since_ms == began_ms
    time.passes(70)
    witness.sees(None)
    vitals = seen(witness.health)
    assert vitals.outage_since_ms is None
    assert [(each.began_ms, each.took_ms) for each in vitals.recoveries] == [(began_ms, 90_000)]


def test_probes_count_for_the_status_and_not_as_calls(witness: Witness) -> None:
    """Nor do they for latencies; a refused key is told, and says nothing of the provider."""
    health = witness.health
    health.probed("acme", None)
    assert seen(health, None).status is Status.HEALTHY
    assert (seen(health, None).latency, seen(health, None).average_ms) == (None, None)
    for _ in range(2):
        health.probed("acme", Failure(kind=Kind.CONNECT, message="refused"))
    assert seen(health, None).status is Status.DOWN
    health.probed("acme", Failure(kind=Kind.CREDENTIAL, message="no", status=401))
    assert seen(health, None).error_rate == pytest.approx(2 / 3)
    error = seen(health, None).latest.error
    assert error is not None
    assert error.http_status == 401
    assert seen(health, None).calls_per_minute == 0


def test_idle_is_who_got_neither_calls_nor_probes(witness: Witness, time: Time) -> None:
    """Counted from the start where nobody was ever asked."""
    time.passes(100)
    assert witness.health.unasked_s("acme") == 100
    witness.sees(None)
    time.passes(30)
    assert witness.health.unasked_s("acme") == 30
    witness.health.probed("acme", None)
    assert witness.health.unasked_s("acme") == 0


def test_the_99th_percentile_of_first_tokens_needs_twenty(witness: Witness, time: Time) -> None:
    """19 say nothing; what comes later is known a tick later; answers that came whole are none."""
    witness.sees(*[None] * 100, took_ms=50)
    witness.sees(*[None] * 19, first_token_ms=2000)
    assert witness.health.first_token_p99_s("acme", "small") is None
    witness.sees(None, first_token_ms=2000)
    time.passes(5)
    assert witness.health.first_token_p99_s("acme", "small") == pytest.approx(2, rel=0.05)


def test_percentiles_forget_what_is_older_than_a_day(witness: Witness, time: Time) -> None:
    """They are of the last 12 to 24 hours."""
    witness.sees(*[None] * 50, took_ms=5000)
    for hours, count in ((11, 50), (14, 50), (14, None)):
        time.passes(hours * 3600)
        witness.health.take()
        latency = seen(witness.health).latency
        assert (latency and latency.count) == count


def test_a_clock_that_jumps_breaks_nothing(witness: Witness, time: Time) -> None:
    """Back by a day, forward by a year: statuses, uptime and recoveries are as if it had not."""
    witness.sees(None, *[BROKEN] * 3)
    for jump_s in (-86_400, 31_536_000, -31_536_000):
        time.wall_s += jump_s
        time.monotonic_s += 60
        witness.sees(*[BROKEN] * 3)
    time.monotonic_s += 60
    witness.sees(None)
    vitals = seen(witness.health)
    assert vitals.recoveries[0].took_ms == 240_000
    assert vitals.uptime == pytest.approx((0.25 + 1) / 5)
    findings = witness.health.take(final=True)
    assert sum(sums.calls for (subject, _), sums in findings.hours.items() if subject.model) == 14


def test_what_was_taken_is_not_taken_again(witness: Witness, time: Time) -> None:
    """Each call is in one batch, each minute too, and nothing is in a batch when nothing was asked."""
    witness.sees(None, BROKEN)
    assert sum(sums.minutes for sums in witness.health.take().hours.values()) == 0
    time.passes(60)
    hours = witness.health.take().hours
    assert {(sums.calls, sums.minutes, sums.well) for sums in hours.values()} == {(0, 1, 500)}
    assert witness.health.take().hours == {}
    assert witness.health.take().latest == {}


def test_models_beyond_a_bound_are_known_by_their_provider_alone(witness: Witness, time: Time) -> None:
    """Names come from callers: memory stays bounded, and who is idle for an hour makes room."""
    for number in range(MOST_MODELS + 50):
        witness.sees(BROKEN, model=f"made-up-{number}")
    [provider] = witness.health.providers()
    assert len(provider.models) == MOST_MODELS
    assert provider.whole.calls_per_minute == MOST_MODELS + 50
    time.passes(3601)
    witness.health.take()
    witness.sees(None, model="new")
    assert set(witness.health.providers()[0].models) == {"new"}


def test_a_model_that_the_provider_does_not_know_is_not_learnt(witness: Witness) -> None:
    """A slip of a caller's pen makes no model."""
    witness.sees(Kind.MODEL_GONE, Kind.BAD_REQUEST, model="gtp-4")
    [provider] = witness.health.providers()
    assert provider.models == {}
    assert provider.whole.status is Status.UNKNOWN
