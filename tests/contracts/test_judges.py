"""The judges of recorded exchanges can say no: what is lost, twisted or out of order is found."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from baton.core.dialect import Dialect
from tests.contracts import accepted, canned, crossed, wished
from tests.contracts.callers import DIALECTS, short
from tests.contracts.facts.fact import Answer, Call, End, Said, Tokens
from tests.contracts.facts.reading import Unreadable, answer_of, streamed_answer_of
from tests.contracts.recordings import exchanges
from tests.contracts.wishes.reading import wish_of
from tests.contracts.wishes.wish import Result, Tool, Wish

TOKENS = Tokens(10, 5, 4, 2)
ANSWER = Said(
    text="It rains.",
    thought="Look outside.",
    calls=[Call("call_1", "weather", {"city": "Oslo"})],
    end=End.TOOLS,
    cited={"https://example.com"},
    media=["0123456789ab"],
    likelihoods=True,
    sealed=["c2VhbA=="],
)
WISH = Wish(
    system="Bebrief.",
    said=[("user", "Hello")],
    calls=[("weather", {"city": "Oslo"})],
    call_ids=["call_1"],
    results=[Result(0, "rain", False)],
    media=[("image", "0123456789ab")],
    tools={"weather": Tool("Tells the weather", frozenset({".city"}))},
    choice=("required", ("weather",)),
    parallel=False,
    format=("schema", frozenset({".city"})),
    sampling={"temperature": 0.5, "stop": ["end"]},
    thinks="on",
    unknown=["store"],
)

TWISTED: dict[str, Callable[[Said], Said]] = {
    "the text": lambda said: replace(said, text="It snows."),
    "the thought": lambda said: replace(said, thought=""),
    "the refusal": lambda said: replace(said, refusal="No."),
    "the calls": lambda said: replace(said, calls=[Call("call_1", "weather", {"city": "Bergen"})]),
    "the ids": lambda said: replace(said, calls=[Call("another", "weather", {"city": "Oslo"})]),
    "it ends": lambda said: replace(said, end=End.STOP),
    "the sources": lambda said: replace(said, cited=set()),
    "log probabilities": lambda said: replace(said, likelihoods=False),
    "images or sounds": lambda said: replace(said, media=[]),
    "signatures": lambda said: replace(said, sealed=["another"]),
}
LOST: dict[str, Callable[[Wish], Wish]] = {
    "the system": lambda wish: replace(wish, system=""),
    "it is said": lambda wish: replace(wish, said=[("assistant", "Hello")]),
    "the calls": lambda wish: replace(wish, calls=[]),
    "the results": lambda wish: replace(wish, results=[Result(-1, "rain", False)]),
    "is an error": lambda wish: replace(wish, results=[Result(0, "rain", True)]),
    "the media": lambda wish: replace(wish, media=[]),
    "the tool weather": lambda wish: replace(wish, tools={}),
    "the schema": lambda wish: replace(wish, tools={"weather": Tool("Tells the weather", frozenset())}),
    "the choice": lambda wish: replace(wish, choice=None),
    "one tool": lambda wish: replace(wish, parallel=None),
    "the format": lambda wish: replace(wish, format=("object", frozenset())),
    "`temperature`": lambda wish: replace(wish, sampling={"temperature": 1.0, "stop": ["end"]}),
    "`seed`": lambda wish: replace(wish, sampling={**wish.sampling, "seed": 1}),
    "thinking": lambda wish: replace(wish, thinks=None),
}


def judged(found: Said, named: tuple[str, ...] = (), tokens: Tokens = TOKENS) -> list[str]:
    """What the judge of answers says, of one that should be `ANSWER`."""
    return crossed.differences(answer(ANSWER), TOKENS, answer(found, tokens), Dialect.OPENAI, named)


def answer(said: Said, tokens: Tokens = TOKENS) -> Answer:
    """One that says this."""
    return Answer([said], tokens, "answer-1", "model-1")


@pytest.mark.parametrize("what", TWISTED)
def test_an_answer_that_is_not_the_providers_is_found_out(what: str) -> None:
    """Each fact is compared; an equal answer is fine."""
    assert judged(ANSWER) == []
    problems = judged(TWISTED[what](ANSWER))
    assert len(problems) == 1
    assert what in problems[0]


def test_tokens_are_compared() -> None:
    """All four counts."""
    for wrong in (Tokens(9, 5, 4, 2), Tokens(10, 6, 4, 2), Tokens(10, 5, 0, 2), Tokens(10, 5, 4, None)):
        assert len(judged(ANSWER, tokens=wrong)) == 1


def test_who_answered_is_compared() -> None:
    """The model by its provider's name, and that there is an id."""
    for wrong in (replace(answer(ANSWER), model="another"), replace(answer(ANSWER), id="")):
        assert len(crossed.differences(answer(ANSWER), TOKENS, wrong, Dialect.OPENAI, ())) == 1


def test_only_what_is_named_is_excused() -> None:
    """A loss by its own name, and no other's; steps of server-side tools never without a word."""
    unsealed = replace(ANSWER, sealed=[])
    assert judged(unsealed, ("reasoning_signature",)) == []
    assert len(judged(unsealed, ("citations", "n"))) == 1
    expected = answer(replace(ANSWER, steps=["web_search_call"]))
    found = answer(ANSWER)
    assert len(crossed.differences(expected, TOKENS, found, Dialect.OPENAI, ["temperature"])) == 1
    assert crossed.differences(expected, TOKENS, found, Dialect.OPENAI, ["foreign_parts"]) == []


@pytest.mark.parametrize("what", LOST)
def test_a_request_that_lost_something_is_found_out(what: str) -> None:
    """Each wish is compared; an equal request that names what it cannot say is fine."""
    assert wished.differences(WISH, WISH, Dialect.OPENAI, ["store"]) == []
    problems = wished.differences(WISH, LOST[what](WISH), Dialect.OPENAI, ["store"])
    assert len(problems) == 1
    assert what in problems[0]


def test_an_unknown_field_is_never_lost_without_a_word() -> None:
    """It is named, by itself or with what stands in it."""
    assert wished.differences(WISH, WISH, Dialect.OPENAI, []) == ["`store` is lost without a word"]
    assert wished.differences(WISH, WISH, Dialect.OPENAI, ["store.for"]) == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_shortest_words_of_each_dialect_are_understood(dialect: Dialect) -> None:
    """The judges' readers read them."""
    wish = wish_of(dialect, short(dialect, "m", stream=False).body)
    assert wish.said == [("user", "Hellothere")]
    answer = answer_of(dialect, canned.good(dialect))
    assert [(said.text, said.end) for said in answer.said] == [("Good", End.STOP)]
    assert answer.tokens == Tokens(3, 1, 0, None if dialect is Dialect.ANTHROPIC else 0)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_an_answer_without_its_required_fields_is_accepted_by_nobody(dialect: Dialect) -> None:
    """The SDKs' types and the description have something to say."""
    body: dict[str, Any] = json.loads(canned.good(dialect))
    if dialect is Dialect.GOOGLE:
        body["candidates"][0]["content"]["parts"] = "Good"
    else:
        del body["id"]
    assert accepted.whole_problems(dialect, json.dumps(body).encode())


def test_events_out_of_order_are_found_out() -> None:
    """A recorded stream of Anthropic's or Responses' is in order; with two events swapped, or one left out,
    it is not."""
    named = (Dialect.ANTHROPIC, Dialect.OPENAI_RESPONSES)
    streams = exchanges(
        lambda one: one.streamed and one.dialect in named and one.provider in ("anthropic", "xai")
    )
    for exchange in streams:
        dialect = exchange.dialect
        assert dialect is not None
        events = exchange.body.split(b"\n\n")
        assert not out_of_order(dialect, exchange.body), exchange.id
        endless = [
            one for one in events if b'"message_stop"' not in one and b"event: response.comp" not in one
        ]
        for broken in (events[:1] + events[3:], [events[1], events[0], *events[2:]], endless):
            assert out_of_order(dialect, b"\n\n".join(broken)), exchange.id


def out_of_order(dialect: Dialect, stream: bytes) -> bool:
    """Whether its reader finds something wrong with a stream."""
    try:
        return bool(streamed_answer_of(dialect, stream).wrong)
    except Unreadable:
        return True
