"""Ordinary answers that are drawn are assessed once they were given; others are not."""

from baton.quality.verdict import Verdict
from tests.quality.traffic.court import QUESTION, Court

STORY = "Tell me which bird sings at night, and where."


async def test_a_drawn_answer_is_scored(bench: Court) -> None:
    """The judge sees what was asked and what was given, and what it says appears in the queue."""
    await bench.rule()
    reply = await bench.ask()
    [item] = await bench.items()
    assert (item.verdict, item.score) == (Verdict.ACCEPTED, 80)
    assert item.examined.interaction_id == reply.headers["x-baton-interaction"]
    assert item.judge == "openai/gpt-4o-mini"
    assert item.judge_prompt == "quality-score@1"
    assert item.said is not None
    assert item.said.reasoning
    [asked] = bench.asked
    assert asked["messages"][-1]["content"].count(QUESTION) == 2  # echo gives back what it was asked
    assert asked["temperature"] == 0


async def test_a_stream_is_scored_by_what_it_gave(bench: Court) -> None:
    """All of its text, once its last byte has left."""
    await bench.rule()
    await bench.ask(STORY, stream=True)
    [item] = await bench.items()
    assert item.verdict is Verdict.ACCEPTED
    [asked] = bench.asked
    assert asked["messages"][-1]["content"].count(STORY) == 2


async def test_nothing_is_judged_unless_somebody_wants_it(bench: Court) -> None:
    """Without a rule no answer is drawn."""
    await bench.ask()
    assert await bench.items() == ()
    assert bench.asked == []
