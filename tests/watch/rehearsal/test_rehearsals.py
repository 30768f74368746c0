"""Rehearsals against a Baton with providers of the real world, none of which is reached."""

import asyncio

import pytest
from msgspec import structs
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from baton.core.caller import Caller
from baton.core.errors import Conflict, Invalid, NotFound
from baton.upstream.providers.simulated.manner import FaultKind
from baton.watch.rehearsal.rehearsals import Rehearsals, Wish
from baton.watch.rehearsal.report import Line
from baton.watch.rehearsal.scenario import MOST_REQUESTS
from tests.conftest import StartBaton

KEYS = {"OPENAI_API_KEY": "sk-o-0000000000", "ANTHROPIC_API_KEY": "sk-a-0000000000"}
CALLER = Caller(user_id="u", key_id="k", tier="master", roles=frozenset({"admin"}))
CLAUDE = "anthropic/claude-3-5-haiku-20241022"


DOWN = Wish(down=("anthropic",), fault="503", lasts_s=60.0, models=(CLAUDE,), requests=4, stream=None)


def wish(**wanted: object) -> Wish:
    """Anthropic is down for a minute, and its model is asked four times; or as wanted."""
    return structs.replace(DOWN, **wanted)


@pytest.fixture
async def rehearsals(start_baton: StartBaton) -> Rehearsals:
    """Of a Baton with two providers."""
    return (await start_baton(KEYS, probe_every=0, fallback=True)).app.rehearsals


def both(lines: tuple[Line, ...]) -> tuple[Line, Line]:
    """Whole and streamed."""
    whole, stream = lines
    assert (whole.question.stream, stream.question.stream) == (False, True)
    return whole, stream


async def test_another_provider_serves_while_one_is_down(rehearsals: Rehearsals) -> None:
    """Who serves, after how many attempts, how much later and at what cost, beside how it is without."""
    report = await rehearsals.hold(CALLER, wish())
    assert (report.requests, report.served, report.failed) == (8, 8, 0)
    for line in both(report.lines):
        assert [share.model for share in line.usual.served_by] == [CLAUDE]
        assert all(share.model.startswith("openai/") for share in line.outage.served_by)
        assert line.moved == 4
        assert (line.usual.attempts, line.outage.attempts) == (4, 4 + line.at_down)
        assert 1 <= line.at_down <= 5
        assert line.added is not None
        assert 0 < line.added.p50_ms <= line.added.p95_ms <= line.added.max_ms < 10_000
        assert line.usual.cost_nanos != line.outage.cost_nanos > 0
        assert line.failures == ()
    assert report.advice == ()
    assert report.verdict.startswith(
        "All 8 requests would have been served while anthropic failed with 503 for 60 s, 8 of them by another"
    )


async def test_a_breaker_spares_later_callers_the_wait(rehearsals: Rehearsals) -> None:
    """With enough traffic most requests never ask the provider that is down."""
    report = await rehearsals.hold(CALLER, wish(requests=30, stream=False))
    (line,) = report.lines
    assert line.outage.served == 30
    assert line.at_down < 15


_NOT_ASKED_ELSEWHERE = {"400", "filter"}
_SERVED_BY_ITSELF = {
    ("slow", False),
    *((fault, way) for fault in ("no-done", "filtered") for way in (False, True)),
}
_COSTLY = {"endless"}


@pytest.mark.parametrize(
    "fault", [*("400", "401", "404", "429", "429;retry_after=20", "500", "529"), *map(str, FaultKind)]
)
async def test_every_fault_has_its_end(rehearsals: Rehearsals, fault: str) -> None:
    """Whole and streamed, whatever goes wrong: served by another, or failed as the table of kinds says."""
    report = await rehearsals.hold(CALLER, wish(fault=fault, requests=1))
    for line in both(report.lines):
        if fault in _COSTLY and line.question.stream:
            assert [failed.example.kind for failed in line.failures] == ["left"]
        elif fault in _NOT_ASKED_ELSEWHERE:
            assert [(each.requests, each.example.status) for each in line.failures] == [(1, 400)]
            assert report.advice
        else:
            assert line.outage.served == 1
            assert line.moved == ((fault, line.question.stream) not in _SERVED_BY_ITSELF)


@pytest.mark.parametrize("fault", ["cut", "stall", "malformed", "error", "unfinished"])
async def test_a_stream_that_breaks_is_rescued(rehearsals: Rehearsals, fault: str) -> None:
    """Somebody goes on with what had begun; its first words are as early as ever."""
    report = await rehearsals.hold(CALLER, wish(fault=fault, requests=1, stream=True))
    (line,) = report.lines
    assert (line.rescued, line.outage.served) == (1, 1)
    assert line.added_first is not None
    assert abs(line.added_first.max_ms) <= 1


async def test_nobody_else_is_configured(start_baton: StartBaton) -> None:
    """All requests fail, with what their callers would have seen, and it is said what to set."""
    baton = await start_baton({"ANTHROPIC_API_KEY": "sk-a-0000000000"}, probe_every=0, fallback=True)
    report = await baton.app.rehearsals.hold(CALLER, wish(requests=2, stream=False))
    (line,) = report.lines
    assert (report.served, report.failed, line.added) == (0, 2, None)
    seen = {each.example.kind: each.example for each in line.failures}
    assert seen.keys() == {"provider_error", "breaker_open"}
    assert (seen["provider_error"].status, seen["provider_error"].message) != (200, "")
    assert report.verdict.startswith("None of 2 requests would have been served")
    (advice,) = report.advice
    assert "OPENAI_API_KEY" in advice
    assert "ANTHROPIC_API_KEY" not in advice


async def test_a_stream_that_nobody_can_rescue(start_baton: StartBaton) -> None:
    """Its caller saw its beginning, then an error event: that is no 503."""
    baton = await start_baton(
        {"ANTHROPIC_API_KEY": "sk-a-0000000000"}, retries=0, probe_every=0, fallback=True
    )
    report = await baton.app.rehearsals.hold(CALLER, wish(fault="cut", requests=1, stream=True))
    ((failed,),) = [line.failures for line in report.lines]
    assert (failed.example.kind, failed.example.status) == ("provider_unreachable", 200)


async def test_fallback_is_switched_off(start_baton: StartBaton) -> None:
    """Then that is the advice."""
    baton = await start_baton(KEYS, fallback=False, probe_every=0)
    report = await baton.app.rehearsals.hold(CALLER, wish(requests=1))
    assert report.failed == 2
    assert "BATON_FALLBACK" in report.advice[0]


async def test_what_is_asked_where_nobody_says(rehearsals: Rehearsals) -> None:
    """`auto`, and each configured provider's usual model, whole and streamed."""
    report = await rehearsals.hold(CALLER, wish(models=(), requests=1))
    asked = [(line.question.model, line.question.stream) for line in report.lines]
    models = ("auto", "anthropic", "openai")
    assert asked == [(model, stream) for model in models for stream in (False, True)]


async def test_the_same_twice_is_the_same(rehearsals: Rehearsals) -> None:
    """Nothing in it is left to chance."""
    first, second = [await rehearsals.hold(CALLER, wish(fault="503;rate=0.5")) for _ in range(2)]
    assert first == second


async def test_what_makes_no_sense_is_refused(rehearsals: Rehearsals) -> None:
    """Before anything is asked, with a word that helps."""
    for wanted, message in (
        (wish(fault="nonsense"), "nonsense"),
        (wish(fault="503;words=9000"), "Only settings of a fault"),
        (wish(down=("acme",)), "no provider 'acme'"),
        (wish(down=("google",)), "GOOGLE_API_KEY"),
        (wish(requests=MOST_REQUESTS), "too many"),
    ):
        with pytest.raises(Invalid, match=message):
            await rehearsals.hold(CALLER, wanted)
    with pytest.raises(NotFound):
        await rehearsals.hold(CALLER, wish(models=("nothing-of-that-name",)))


async def test_its_log_lines_say_what_they_are(rehearsals: Rehearsals) -> None:
    """Nobody takes the breaker of a rehearsal for one that is open."""
    with capture_logs([merge_contextvars]) as lines:
        await rehearsals.hold(CALLER, wish(requests=20))
    assert {line["event"] for line in lines} >= {"breaker_opened"}
    assert all(line["rehearsal"] for line in lines)


async def test_one_at_a_time(rehearsals: Rehearsals) -> None:
    """A second one is refused, and may be held once the first has ended, or was left."""
    first = asyncio.create_task(rehearsals.hold(CALLER, wish(fault="endless", stream=True, requests=200)))
    await asyncio.sleep(0)  # it begins
    with pytest.raises(Conflict):
        await rehearsals.hold(CALLER, wish())
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (await rehearsals.hold(CALLER, wish())).failed == 0
