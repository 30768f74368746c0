"""Who is well and who is not, from what attempts came to: in one process, and as another one hears of it."""

import pytest

from baton.core.failures import RULES, Failure, Kind
from baton.gateway.health.health import MOST_MODELS, Health
from baton.gateway.health.series import Status, Vitals
from baton.gateway.health.shared_health import SharedHealth
from tests.gateway.health.conftest import NOON_S, Time, Witness, available
from tests.redis_server import RedisServer
from tests.replicas import together

BROKEN = Kind.SERVER


def seen(health: Health, model: str | None = "small") -> Vitals:
    """What is known of `acme`, or of one of its models."""
    [provider] = health.providers()
    return provider.whole if model is None else provider.models[model]


async def test_nothing_is_known_of_who_was_never_asked(witness: Witness) -> None:
    """No data is no status, no availability and no percentiles."""
    health = witness.health
    assert health.providers() == []
    assert health.status("acme") is Status.UNKNOWN
    assert available(health) == {}
    assert health.first_token_p99_s("acme", "small") is None
    assert not health.troubled("acme", "small")


@pytest.mark.parametrize(
    ("failed", "status"),
    [(0, Status.HEALTHY), (2, Status.HEALTHY), (3, Status.DEGRADED), (5, Status.DEGRADED), (6, Status.DOWN)],
)
async def test_the_error_rate_makes_the_status(witness: Witness, failed: int, status: Status) -> None:
    """Of 10 calls: above 0.2 degraded, above 0.5 down, the borders themselves not."""
    await witness.sees(*[BROKEN] * failed, *[None] * (10 - failed))
    assert seen(witness.health).status is status
    assert seen(witness.health, None).status is status
    assert seen(witness.health).error_rate == failed / 10


async def test_slow_answers_degrade(witness: Witness, time: Time) -> None:
    """Above 10 s in the mean; of a stream counts what its caller waited for the first token."""
    await witness.sees(None, took_ms=10_000)
    assert seen(witness.health).status is Status.HEALTHY
    await witness.sees(None, took_ms=10_100)
    assert seen(witness.health).status is Status.DEGRADED
    assert seen(witness.health).average_ms == 10_050
    time.passes(600)
    await witness.sees(None, took_ms=60_000, first_token_ms=700)
    assert seen(witness.health).status is Status.HEALTHY
    assert seen(witness.health).average_ms == 700


async def test_only_the_last_ten_minutes_make_the_status(witness: Witness, time: Time) -> None:
    """What is older is forgiven; after ten silent minutes nothing is known any more."""
    await witness.sees(*[BROKEN] * 10)
    time.passes(540)
    await witness.sees(None)
    assert seen(witness.health).status is Status.DOWN
    time.passes(60)
    assert seen(witness.health).status is Status.HEALTHY
    time.passes(600)
    assert seen(witness.health).status is Status.UNKNOWN


async def test_how_far_back_a_status_looks_is_a_setting(time: Time) -> None:
    """With a window of a minute the next minute knows nothing of it."""
    health = Health(time, window_s=60)
    await Witness(time, health).sees(BROKEN)
    assert seen(health).status is Status.DOWN
    time.passes(60)
    assert seen(health).status is Status.UNKNOWN


@pytest.mark.parametrize("kind", list(Kind))
async def test_only_the_providers_faults_are_held_against_it(witness: Witness, kind: Kind) -> None:
    """What breakers count counts; callers' faults, keys, quotas and callers who left do not."""
    await witness.sees(None, kind)
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


async def test_one_broken_model_does_not_take_its_provider_down(witness: Witness) -> None:
    """The model is down, the provider degraded, also where most of its calls went to that model."""
    await witness.sees(*[BROKEN] * 20, model="broken")
    assert witness.health.status("acme") is Status.DOWN
    await witness.sees(None, model="well")
    [provider] = witness.health.providers()
    assert provider.status is witness.health.status("acme") is Status.DEGRADED
    assert provider.models["broken"].status is Status.DOWN
    assert provider.models["well"].status is Status.HEALTHY
    await witness.sees(*[None] * 200, model="well")
    assert witness.health.status("acme") is Status.HEALTHY
    assert witness.health.providers()[0].models["broken"].status is Status.DOWN


async def test_the_last_error_and_success_are_told(witness: Witness, time: Time) -> None:
    """With kind, words, status and time; words of any length and kind can be kept."""
    await witness.sees(None)
    time.passes(5)
    await witness.sees(BROKEN, message="half \ud83d\0" + "x" * 9000)
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


async def test_calls_per_minute_are_those_of_the_last_minute(witness: Witness, time: Time) -> None:
    """They come and go in steps of 5 s; probes are none."""
    await witness.sees(None, BROKEN, None)
    await witness.probes("acme", None)
    time.passes(55)
    await witness.sees(None)
    assert (seen(witness.health).calls_per_minute, seen(witness.health).failures_per_minute) == (4, 1)
    time.passes(5)
    assert (seen(witness.health).calls_per_minute, seen(witness.health).failures_per_minute) == (1, 0)
    time.passes(3600)
    assert seen(witness.health).calls_per_minute == 0


@pytest.mark.parametrize(
    ("others", "failed", "troubled"),
    [(9, 9, False), (10, 2, False), (10, 3, True), (100, 20, False), (100, 21, True)],
)
async def test_trouble_is_more_than_one_in_five_of_at_least_ten_others(
    witness: Witness, others: int, failed: int, troubled: bool
) -> None:
    """The call that asks has failed itself, and is not among the others."""
    await witness.sees(*[BROKEN] * failed, *[None] * (others - failed), BROKEN)
    assert witness.health.troubled("acme", "small") is troubled
    witness.time.passes(65)
    assert not witness.health.troubled("acme", "small")


async def test_availability_is_as_the_router_weighs_it(witness: Witness, time: Time) -> None:
    """1 - half of what is missing in uptime, less 0.1 above 1.5 s and 0.3 above 3 s in the mean."""
    await witness.sees(None, None, None, BROKEN, took_ms=1500)
    assert available(witness.health) == {"acme/small": pytest.approx(0.875)}
    await witness.sees(*[None] * 4, took_ms=2000)
    time.passes(1)
    assert available(witness.health) == {"acme/small": pytest.approx(1 - 0.5 / 8 - 0.1)}
    await witness.sees(*[None] * 8, took_ms=9000)
    time.passes(1)
    assert available(witness.health) == {"acme/small": pytest.approx(1 - 0.5 / 16 - 0.3)}


async def test_availability_is_worked_out_at_most_once_a_second(witness: Witness, time: Time) -> None:
    """Requests of the same second get the very same mapping, which nobody can change."""
    await witness.sees(None)
    first = witness.health.seen()
    await witness.sees(BROKEN)
    time.passes(0.9)
    assert witness.health.seen() is first
    time.passes(0.1)
    assert available(witness.health) == {"acme/small": pytest.approx(0.75)}
    time.passes(3700)
    assert available(witness.health) == {}


async def test_very_many_models_are_weighed_some_at_a_time(witness: Witness, time: Time) -> None:
    """Each second brings some up to date, and after a few all are."""
    names = [f"m{number}" for number in range(300)]
    for kind, worth in ((None, 300), (BROKEN, 225)):
        for name in names:
            await witness.sees(kind, model=name)
        worths: list[float] = []
        for _ in range(6):
            worths.append(sum(available(witness.health).values()))
            time.passes(1)
        assert worths[0] != worth
        assert worths[-1] == worth


async def test_uptime_is_the_mean_of_minutes_not_of_calls(witness: Witness, time: Time) -> None:
    """A minute of outage with the one call that a breaker let through weighs as much as one of a thousand."""
    await witness.sees(*[None] * 1000)
    time.passes(60)
    await witness.sees(BROKEN)
    assert seen(witness.health).uptime == 0.5
    time.passes(3600)
    assert seen(witness.health).uptime is None


async def test_an_outage_goes_on_while_nobody_asks(witness: Witness, time: Time) -> None:
    """For ten minutes, a breaker's longest wait; then nobody knows."""
    await witness.sees(None)
    time.passes(60)
    await witness.sees(*[BROKEN] * 3)
    time.passes(5 * 60)
    await witness.sees(BROKEN)
    assert seen(witness.health).uptime == pytest.approx(1 / 7)
    time.passes(40 * 60)
    assert seen(witness.health).uptime == pytest.approx(1 / 17)


async def test_an_accident_is_no_outage(witness: Witness, time: Time) -> None:
    """Two failures in a row recover unnamed, and the silence after them counts for nothing."""
    await witness.sees(BROKEN, BROKEN)
    time.passes(300)
    assert seen(witness.health).outage_since_ms is None
    await witness.sees(None)
    assert seen(witness.health).recoveries == ()
    assert seen(witness.health).uptime == 0.5


async def test_recovery_is_from_the_first_failure_to_the_next_success(witness: Witness, time: Time) -> None:
    """Of an outage of three failures or more; what is neither failure nor success does not end it."""
    await witness.sees(BROKEN)
    began_ms = time.wall() * 1000
    time.passes(20)
    await witness.sees(BROKEN, BROKEN, Kind.RATE_LIMIT, Kind.BAD_REQUEST)
    assert seen(witness.health).outage_since_ms == began_ms
    time.passes(70)
    await witness.sees(None)
    vitals = seen(witness.health)
    assert vitals.outage_since_ms is None
    assert [(each.began_ms, each.took_ms) for each in vitals.recoveries] == [(began_ms, 90_000)]


async def test_probes_count_for_the_status_and_not_as_calls(witness: Witness) -> None:
    """Nor do they for latencies; a refused key is told, and says nothing of the provider."""
    health = witness.health
    await witness.probes("acme", None)
    assert seen(health, None).status is Status.HEALTHY
    assert (seen(health, None).latency, seen(health, None).average_ms) == (None, None)
    for _ in range(2):
        await witness.probes("acme", Failure(kind=Kind.CONNECT, message="refused"))
    assert seen(health, None).status is Status.DOWN
    await witness.probes("acme", Failure(kind=Kind.CREDENTIAL, message="no", status=401))
    assert seen(health, None).error_rate == pytest.approx(2 / 3)
    error = seen(health, None).latest.error
    assert error is not None
    assert error.http_status == 401
    assert seen(health, None).calls_per_minute == 0


async def test_idle_is_who_got_neither_calls_nor_probes(witness: Witness, time: Time) -> None:
    """Counted from the start where nobody was ever asked."""
    time.passes(100)
    assert witness.health.unasked_s("acme") == 100
    await witness.sees(None)
    time.passes(30)
    assert witness.health.unasked_s("acme") == 30
    await witness.probes("acme", None)
    assert witness.health.unasked_s("acme") == 0


async def test_the_99th_percentile_of_first_tokens_needs_twenty(witness: Witness, time: Time) -> None:
    """19 say nothing; what comes later is known a tick later; answers that came whole are none."""
    await witness.sees(*[None] * 100, took_ms=50)
    await witness.sees(*[None] * 19, first_token_ms=2000)
    assert witness.health.first_token_p99_s("acme", "small") is None
    await witness.sees(None, first_token_ms=2000)
    time.passes(5)
    assert witness.health.first_token_p99_s("acme", "small") == pytest.approx(2, rel=0.05)


async def test_percentiles_forget_what_is_older_than_a_day(witness: Witness, time: Time) -> None:
    """They are of the last 12 to 24 hours."""
    await witness.sees(*[None] * 50, took_ms=5000)
    for hours, count in ((11, 50), (14, 50), (14, None)):
        time.passes(hours * 3600)
        witness.take()
        latency = seen(witness.health).latency
        assert (latency and latency.count) == count


async def test_a_clock_that_jumps_breaks_nothing(witness: Witness, time: Time) -> None:
    """Back by a day, forward by a year: statuses, uptime and recoveries are as if it had not."""
    await witness.sees(None, *[BROKEN] * 3)
    for jump_s in (-86_400, 31_536_000, -31_536_000):
        time.wall_s += jump_s
        time.monotonic_s += 60
        await witness.sees(*[BROKEN] * 3)
    time.monotonic_s += 60
    await witness.sees(None)
    vitals = seen(witness.health)
    assert vitals.recoveries[0].took_ms == 240_000
    assert vitals.uptime == pytest.approx((0.25 + 1) / 5)
    findings = witness.take(final=True)
    assert sum(sums.calls for (subject, _), sums in findings.hours.items() if subject.model) == 14


async def test_what_was_taken_is_not_taken_again(witness: Witness, time: Time) -> None:
    """Each call is in one batch, each minute too, and nothing is in a batch when nothing was asked."""
    await witness.sees(None, BROKEN)
    assert sum(sums.minutes for sums in witness.take().hours.values()) == 0
    time.passes(60)
    hours = witness.take().hours
    assert {(sums.calls, sums.minutes, sums.well) for sums in hours.values()} == {(0, 1, 500)}
    assert witness.take().hours == {}
    assert witness.take().latest == {}


async def test_models_beyond_a_bound_are_known_by_their_provider_alone(witness: Witness, time: Time) -> None:
    """Names come from callers: memory stays bounded, and who is idle for an hour makes room."""
    for number in range(MOST_MODELS + 50):
        await witness.sees(BROKEN, model=f"made-up-{number}")
    [provider] = witness.health.providers()
    assert len(provider.models) == MOST_MODELS
    assert provider.whole.calls_per_minute == MOST_MODELS + 50
    time.passes(3601)
    witness.take()
    await witness.sees(None, model="new")
    assert set(witness.health.providers()[0].models) == {"new"}


async def test_a_model_that_the_provider_does_not_know_is_not_learnt(witness: Witness) -> None:
    """A slip of a caller's pen makes no model."""
    await witness.sees(Kind.MODEL_GONE, Kind.BAD_REQUEST, model="gtp-4")
    [provider] = witness.health.providers()
    assert provider.models == {}
    assert provider.whole.status is Status.UNKNOWN


async def test_one_outage_is_one_recovery(redis_server: RedisServer, time: Time) -> None:
    """Whoever succeeds first, the process that saw it begin keeps it."""
    redis_server.flush()
    async with together(redis_server, time, time.monotonic) as found:
        one, other = (SharedHealth(each, time) for each in found.replications)
        await found.start()
        await Witness(time, other, one, found).sees(*[BROKEN] * 4)
        time.passes(30)
        for own in (other, one):
            await Witness(time, one, own).sees(None)
        await found.settle()
        assert [len(seen(each).recoveries) for each in (one, other)] == [1, 1]
        taken = [each.take(final=True).hours.values() for each in (one, other)]
        kept = [sum(sums.recoveries for sums in each) / 2 for each in taken]  # of model and provider
        assert kept == [1, 0]


async def test_a_process_that_reconnects_counts_nothing_twice(redis_server: RedisServer, time: Time) -> None:
    """Nor does one that comes later count what was said before as of now."""
    redis_server.flush()
    async with together(redis_server, time, time.monotonic) as found:
        one, other = (SharedHealth(each, time) for each in found.replications)
        await found.start()
        await Witness(time, other, one, found).sees(*[BROKEN] * 4)
        for _ in range(3):
            await found.cut_off(1)
            await found.come_back(1)
        assert seen(other).failures_per_minute == 4
        async with together(redis_server, time, time.monotonic, processes=1, name="late") as late:
            third = SharedHealth(late.replications[0], time)
            await late.start()
            assert third.providers() == []


async def test_what_is_usual_takes_ten_answers_to_know(witness: Witness, time: Time) -> None:
    """One slow answer makes no model slow."""
    await witness.sees(*[None] * 9, took_ms=5000)
    assert witness.health.seen()["acme/small"].average_ms is None
    await witness.sees(None, took_ms=5000)
    time.passes(1)
    assert witness.health.seen()["acme/small"].average_ms == pytest.approx(5000)
