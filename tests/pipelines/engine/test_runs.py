"""A run from its start to its end, and what it is told on the way."""

import asyncio
from itertools import pairwise

import msgspec
import pytest
from msgspec import Raw, structs

from baton.core.errors import Conflict, NotFound
from baton.pipelines.engine.run import (
    EventKind,
    Owner,
    Progress,
    RunState,
    RunsWanted,
    RunWish,
    StepState,
    Verdict,
    json,
)
from baton.pipelines.engine.runs import Runs
from tests.pipelines.engine.conftest import OWNER, STEPS, WORDS, end, seen, states, wish, words
from tests.pipelines.engine.cooking import Brief, Text, ended, lines

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_run_does_each_step_once(runs: Runs, brief: Brief) -> None:
    """Its result is the recipe's, each body ran once, and events are numbered from 1 without a gap."""
    run_id = await runs.start(wish(brief))
    shown = await end(runs, run_id)
    assert words(shown) == WORDS
    assert sorted(ended(brief.log)) == sorted({*ended(brief.log)})
    assert len(ended(brief.log)) == STEPS
    events = await runs.events(run_id)
    assert [event.number for event in events] == list(range(1, shown.last_event + 1))
    assert [event.kind for event in events if event.step is None] == ["queued", "running", "completed"]


async def test_steps_go_on_beside_each_other(runs: Runs, brief: Brief) -> None:
    """What begins together is under way together."""
    run_id = await runs.start(wish(brief, hangs=("search 0", "search 1", "extra")))
    await seen(runs, run_id, "step_progress", "extra")
    await seen(runs, run_id, "step_progress", "search 1")
    under_way = states(await runs.show(run_id))
    assert {name for name, state in under_way.items() if state is StepState.RUNNING} >= {
        "search 0",
        "search 1",
        "extra",
    }


async def test_what_comes_first_is_readable_first(runs: Runs, brief: Brief) -> None:
    """A step's output and another's interim result can be read while the run goes on."""
    run_id = await runs.start(wish(brief, hangs=("text",)))
    await seen(runs, run_id, "step_began", "text")
    shown = {step.name: step for step in (await runs.show(run_id)).steps}
    search = shown["search 1"]
    assert search.output is not None
    assert msgspec.json.decode(search.output, type=Text) == Text("found1")
    assert search.interim is not None
    assert msgspec.json.decode(search.interim) == {"half": "fou"}


async def test_progress_is_told_in_detail(runs: Runs, brief: Brief) -> None:
    """Who follows is told how much of how many, and sees the same in the step."""
    run_id = await runs.start(wish(brief))
    events = await seen(runs, run_id, "step_progress", "text")
    assert events[-1].detail is not None
    assert msgspec.json.decode(events[-1].detail, type=Progress) == Progress(1, 2, "halves")
    shown = {step.name: step for step in (await end(runs, run_id)).steps}
    assert (shown["text"].done, shown["text"].total) == (1, 2)


@pytest.mark.parametrize("after", [0, 1, 7])
async def test_events_are_followed_from_any_on(runs: Runs, brief: Brief, after: int) -> None:
    """Who lost the connection misses nothing and sees nothing twice, live or later."""
    run_id = await runs.start(wish(brief))
    live = [event async for event in runs.follow(run_id, after)]
    later = [event async for event in runs.follow(run_id, after)]
    assert [event.number for event in live] == [event.number for event in later]
    assert live[0].number == after + 1
    assert all(before.number + 1 == event.number for before, event in pairwise(live))
    assert live[-1].kind == "completed"


async def test_a_failing_attempt_is_made_again(runs: Runs, brief: Brief) -> None:
    """Each attempt has a key of its own; the run's result does not tell."""
    run_id = await runs.start(wish(brief, fails={"text": 2}))
    assert words(await end(runs, run_id)) == WORDS
    keys = [line[2] for line in lines(brief.log) if line[:2] == ["+", "text"]]
    assert keys == [f"{run_id}:text:1.{attempt}" for attempt in (1, 2, 3)]


async def test_a_recipe_can_do_without_a_step(runs: Runs, brief: Brief) -> None:
    """It learns that a step failed for good, and goes on; the step says why."""
    run_id = await runs.start(wish(brief, fails={"extra": 100}))
    shown = await end(runs, run_id)
    assert words(shown) == "[found0!+found1!+found2!+without]"
    extra = next(step for step in shown.steps if step.name == "extra")
    assert (extra.state, extra.attempt) == (StepState.FAILED, 3)
    assert extra.failure is not None
    assert extra.failure.code == "not_to_be_had"


async def test_a_step_that_is_needed_fails_the_run(runs: Runs, brief: Brief) -> None:
    """The run says so plainly, and keeps what it has."""
    run_id = await runs.start(wish(brief, fails={"text": 100}))
    shown = await end(runs, run_id)
    assert shown.state is RunState.FAILED
    assert shown.failure is not None
    assert (shown.failure.code, shown.failure.message) == ("not_to_be_had", "text: text is not to be had")
    assert states(shown)["digest 2"] is StepState.COMPLETED


async def test_a_step_has_its_time(runs: Runs, brief: Brief) -> None:
    """One that takes too long is interrupted, tried again, and fails."""
    run_id = await runs.start(wish(brief, hangs=("extra",), timeout_s=0.05))
    shown = await end(runs, run_id)
    assert words(shown) == "[found0!+found1!+found2!+without]"
    extra = next(step for step in shown.steps if step.name == "extra")
    assert extra.failure is not None
    assert (extra.failure.code, extra.attempt) == ("timeout", 3)


async def test_a_run_is_cancelled_at_any_moment(runs: Runs, brief: Brief) -> None:
    """What is under way is interrupted and nothing begins any more; what it cost is counted all the same."""
    run_id = await runs.start(wish(brief, hangs=("text",), cost_nanos=5))
    await seen(runs, run_id, "step_progress", "text")
    await runs.cancel(run_id)
    shown = await end(runs, run_id)
    assert shown.state is RunState.CANCELLED
    assert "text" not in ended(brief.log)
    async with asyncio.timeout(5):
        while shown.spent_nanos != 5 * 8:
            shown = await runs.show(run_id)
    with pytest.raises(Conflict):
        await runs.cancel(run_id)


async def test_a_run_stops_before_it_would_go_over_its_budget(runs: Runs, brief: Brief) -> None:
    """Steps that might cost more than is left do not begin, those under way end; with more it goes on."""
    run_id = await runs.start(wish(brief, budget_nanos=75, cost_nanos=10, most_nanos=10))
    shown = await end(runs, run_id)
    assert shown.state is RunState.OVER_BUDGET
    assert shown.spent_nanos == 70
    assert len(ended(brief.log)) == 7
    await runs.allow(run_id, 90)
    shown = await end(runs, run_id)
    assert words(shown) == WORDS
    assert shown.spent_nanos == 90
    assert len(ended(brief.log)) == STEPS
    assert sum(step.cost_nanos for step in shown.steps) == 90


async def test_a_gate_waits_for_a_person(runs: Runs, brief: Brief) -> None:
    """The run takes nobody's place meanwhile; once through, nothing that was done is done again."""
    run_id = await runs.start(wish(brief, gate=True))
    await seen(runs, run_id, EventKind.WAITING)
    shown = await runs.show(run_id)
    assert shown.state is RunState.WAITING
    gate = next(step for step in shown.steps if step.gate)
    assert gate.interim is not None
    assert msgspec.json.decode(gate.interim, type=Text).words == WORDS[1:-1]
    before = ended(brief.log)
    await runs.decide(run_id, "agreed", Verdict(True, "u1"))
    assert words(await end(runs, run_id)) == WORDS
    assert ended(brief.log) == [*before, "finish"]
    with pytest.raises(Conflict):
        await runs.decide(run_id, "agreed", Verdict(False, "u1"))


async def test_a_gate_can_be_refused_at_once(runs: Runs, brief: Brief) -> None:
    """A verdict that comes before the run was let go of is heard too."""
    run_id = await runs.start(wish(brief, gate=True))
    await seen(runs, run_id, EventKind.GATE_WAITING)
    await runs.decide(run_id, "agreed", Verdict(False, "u1", "too long"))
    assert words(await end(runs, run_id)) == "refused: too long"


async def test_an_instruction_reaches_what_begins_later(runs: Runs, brief: Brief) -> None:
    """Steps that begin after it are given it; those before were not."""
    run_id = await runs.start(wish(brief, gate=True))
    await seen(runs, run_id, EventKind.WAITING)
    await runs.instruct(run_id, "shorter", "u1")
    await runs.decide(run_id, "agreed", Verdict(True, "u1"))
    assert words(await end(runs, run_id)) == WORDS + "(shorter)"


async def test_an_edited_output_is_what_goes_on(runs: Runs, brief: Brief) -> None:
    """What began after the step is done again with it, what went before is not; the original is kept."""
    run_id = await runs.start(wish(brief))
    await end(runs, run_id)
    await runs.edit(run_id, "text", json(Text("ours")))
    shown = await end(runs, run_id)
    assert words(shown) == "[ours]"
    assert len(ended(brief.log)) == STEPS + 1
    text = next(step for step in shown.steps if step.name == "text")
    assert (text.output, text.edited) != (None, None)
    assert msgspec.json.decode(text.output or b"", type=Text).words == WORDS[1:-1]
    assert msgspec.json.decode(text.edited or b"", type=Text) == Text("ours")


async def test_an_edit_that_the_recipe_cannot_read_fails_plainly(runs: Runs, brief: Brief) -> None:
    """The run says which step, and another edit mends it."""
    run_id = await runs.start(wish(brief))
    await end(runs, run_id)
    await runs.edit(run_id, "text", Raw(b'{"word":1}'))
    shown = await end(runs, run_id)
    assert shown.state is RunState.FAILED
    assert shown.failure is not None
    assert shown.failure.code == "unreadable_output"
    await runs.edit(run_id, "text", json(Text("ours")))
    assert words(await end(runs, run_id)) == "[ours]"


async def test_a_step_is_redone_with_all_that_followed(runs: Runs, brief: Brief) -> None:
    """What went on beside it is kept; what is done again is asked under new keys, since it is a new wish."""
    run_id = await runs.start(wish(brief))
    await end(runs, run_id)
    first = len(lines(brief.log))
    events = await runs.events(run_id)
    [ended_at] = [each.number for each in events if (each.kind, each.step) == ("step_completed", "digest 1")]
    after = {each.step for each in events if each.kind == "step_began" and each.number > ended_at}
    wanted = {str(step).replace(" ", "_") for step in after} | {"digest_1"}
    assert {"text", "finish"} <= wanted < {line[1] for line in lines(brief.log)}
    await runs.redo(run_id, "digest 1")
    assert words(await end(runs, run_id)) == WORDS
    again = lines(brief.log)[first:]
    assert {line[1] for line in again} == wanted
    assert {line[2] for line in again} == {f"{run_id}:{step}:2.1" for step in wanted}


async def test_a_run_that_goes_on_is_steered(runs: Runs, brief: Brief) -> None:
    """A step is redone although another one is under way: that one is interrupted and done with the new."""
    run_id = await runs.start(wish(brief, gate=True, pause_s=0.05))
    await seen(runs, run_id, "step_began", "text")
    await runs.redo(run_id, "digest 0")
    await seen(runs, run_id, EventKind.WAITING)
    await runs.decide(run_id, "agreed", Verdict(True, "u1"))
    assert words(await end(runs, run_id)) == WORDS
    assert ended(brief.log).count("digest_0") == 2
    assert ended(brief.log).count("digest_1") == 1


async def test_a_cancelled_run_can_be_taken_up_again(runs: Runs, brief: Brief) -> None:
    """By having one of its steps redone: what was finished is kept."""
    run_id = await runs.start(wish(brief, gate=True))
    await seen(runs, run_id, EventKind.WAITING)
    await runs.cancel(run_id)
    cancelled = (await runs.show(run_id)).last_event
    await runs.redo(run_id, "text")
    await seen(runs, run_id, EventKind.WAITING, after=cancelled)
    await runs.decide(run_id, "agreed", Verdict(True, "u1"))
    assert words(await end(runs, run_id)) == WORDS
    assert ended(brief.log).count("text") == 2
    assert ended(brief.log).count("search_0") == 1


async def test_there_is_no_such_recipe_and_no_such_run(runs: Runs) -> None:
    """Both are said plainly."""
    with pytest.raises(NotFound):
        await runs.start(RunWish(owner=OWNER, recipe="unheard", input=json({})))
    for ask in (runs.show("no"), runs.cancel("no"), runs.redo("no", "text"), runs.events("no")):
        with pytest.raises(NotFound):
            await ask


async def test_what_failed_is_done_again_when_a_run_is_resumed(runs: Runs, brief: Brief) -> None:
    """A failed run goes on from what is finished; only what failed is done once more."""
    run_id = await runs.start(wish(brief, fails={"text": 3}))
    assert (await end(runs, run_id)).state is RunState.FAILED
    before = lines(brief.log)
    await runs.resume(run_id)
    shown = await end(runs, run_id)
    assert [line[:2] for line in lines(brief.log)[len(before) :]] == [["+", "text"]] * 3
    assert shown.state is RunState.FAILED
    assert {line[2] for line in before}.isdisjoint(line[2] for line in lines(brief.log)[len(before) :])
    with pytest.raises(NotFound):
        await runs.resume("nobody's")


async def test_a_cancelled_run_goes_on_when_it_is_resumed(runs: Runs, brief: Brief) -> None:
    """Cancelling is no end: what was interrupted is done anew, what was finished is kept."""
    run_id = await runs.start(wish(brief, gate=True))
    await seen(runs, run_id, "gate_waiting")
    done = ended(brief.log)
    await runs.cancel(run_id)
    assert (await end(runs, run_id)).state is RunState.CANCELLED
    await runs.resume(run_id)
    await seen(runs, run_id, "gate_waiting", after=(await runs.show(run_id)).last_event - 1)
    await runs.decide(run_id, "agreed", Verdict(approved=True, by="u1"))
    assert words(await end(runs, run_id)) == WORDS
    assert ended(brief.log) == [*done, "finish"]


async def test_runs_are_found_by_whose_they_are(runs: Runs, brief: Brief) -> None:
    """A list holds one's own and one's projects' runs, the newest first, page by page."""
    mine = Owner(user_id="u1", key_id="k1", project_id="p-found")
    started = [await runs.start(structs.replace(wish(brief), owner=owner)) for owner in (mine, OWNER, mine)]
    of_project = await runs.find(RunsWanted(user_id="else", projects=frozenset({"p-found"})))
    assert [line.id for line in of_project] == [started[2], started[0]]
    own = await runs.find(RunsWanted(user_id="u1", limit=1))
    assert [line.id for line in own] == [started[1]]
    both = RunsWanted(user_id="u1", projects=frozenset({"p-found"}), before=started[2], limit=2)
    assert [line.id for line in await runs.find(both)] == [started[1], started[0]]
    assert await runs.owner(started[0]) == mine
    assert await runs.find(RunsWanted(user_id="stranger")) == []
    for run_id in started:
        assert (await end(runs, run_id)).state is RunState.COMPLETED
