"""Streams that another model goes on with though it would have said something else, and those whose caller
wants them whole: across dialects, with the identity of the one and the words of both."""

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from baton.core.dialect import Dialect
from tests.chaos.heard import FINE, heard_in
from tests.chaos.matrix import DIALECTS, TEXT, WORDS, House, open_house
from tests.chaos.speech import SPEECHES, Speech
from tests.chaos.street import open_street

pytestmark = pytest.mark.asyncio(loop_scope="module")

SENT = " ".join(TEXT.split()[:3])
OTHERWISE = "zig zag zip zap zoo"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[House]:
    """One for a whole module."""
    async with open_house(tmp_path_factory.mktemp("goes")) as house:
        yield house


@pytest.fixture(params=DIALECTS)
def speech(request: pytest.FixtureRequest) -> Speech:
    """Each dialect."""
    return SPEECHES[request.param.value]


@pytest.fixture(params=DIALECTS)
def home(request: pytest.FixtureRequest) -> Dialect:
    """Of the model that rescues."""
    return request.param


@pytest.mark.parametrize("prefill", ["taken", "ignored", "refused"])
@pytest.mark.parametrize("fault", ["cut", "error"])
async def test_who_would_have_said_otherwise_goes_on(
    house: House, speech: Speech, home: Dialect, fault: str, prefill: str
) -> None:
    """The words that were sent stay, the other model's follow, and there is one end. Whatever a model makes
    of the beginning of an answer, the caller never learns of it."""
    failing = house.route(speech.dialect, f"fault={fault};after=3")
    spare = house.route(home, f"prefill={prefill}", says=OTHERWISE)
    reply = await house.ask(speech, failing, f"x-baton-fallback: {spare}", stream=True)
    heard = heard_in(speech.dialect, reply)
    assert not heard.errors
    assert heard.text.startswith(SENT)
    assert heard.text[len(SENT) :].strip() == OTHERWISE
    assert heard.finishes == [FINE[speech.dialect]]
    assert (heard.ends, heard.last, len(heard.ids)) == (1, True, 1)
    assert heard.completion == pytest.approx(3 + len(OTHERWISE.split()), abs=1)
    row, attempts = await house.attempts(reply)
    assert (f"{row.provider}/{row.model}", row.status) == (spare, "ok")
    assert [attempt.model for attempt in attempts] == [call.model for call in house.calls(failing, spare)]
    assert len(house.calls(spare)) <= 3


async def test_a_splice_names_who_speaks(house: House, speech: Speech, home: Dialect) -> None:
    """The first words are the first model's, the later ones the other's; the answer keeps its id."""
    failing = house.route(speech.dialect, "fault=cut;after=3")
    spare = house.route(home)
    reply = await house.ask(speech, failing, f"x-baton-fallback: {spare}", stream=True)
    heard = heard_in(speech.dialect, reply)
    names = [route.partition("/")[2] for route in (failing, spare)]
    assert heard.text == TEXT
    assert len(heard.ids) == 1
    assert heard.models[0] in (names[0], failing)
    # Anthropic's events name the model only where they begin.
    assert speech.dialect is Dialect.ANTHROPIC or heard.models[-1] in (names[1], spare)


@pytest.mark.parametrize("fault", ["cut", "malformed", "error", "unfinished"])
async def test_who_wants_it_whole_sees_no_seam(
    house: House, speech: Speech, home: Dialect, fault: str
) -> None:
    """`x-baton-stream: whole`: nothing of what broke off is sent, and all that the other model says."""
    failing = house.route(speech.dialect, f"fault={fault};after=3")
    spare = house.route(home, says=OTHERWISE)
    reply = await house.ask(
        speech, failing, f"x-baton-fallback: {spare}", "x-baton-stream: whole", stream=True
    )
    heard = heard_in(speech.dialect, reply)
    assert (heard.text, heard.finishes, heard.ends) == (OTHERWISE, [FINE[speech.dialect]], 1)
    assert not heard.errors
    assert reply.headers["x-baton-model"] in spare
    assert len(house.calls(spare)) == 1


async def test_several_that_break_off_still_make_one_answer(house: House, speech: Speech) -> None:
    """The rescuer may break off as well, later or sooner than the first."""
    routes = [
        house.route(DIALECTS[step % len(DIALECTS)], f"fault=cut;after={words}")
        for step, words in enumerate((3, 9, 2))
    ]
    routes.append(house.route(speech.dialect))
    reply = await house.ask(speech, routes[0], f"x-baton-fallback: {','.join(routes[1:])}", stream=True)
    heard = heard_in(speech.dialect, reply)
    assert (heard.text, heard.finishes, heard.ends) == (TEXT, [FINE[speech.dialect]], 1)
    assert heard.completion == WORDS
    asked = [len(house.calls(route)) for route in routes]
    assert (asked[:2], asked[3]) == ([1, 1], 1)
    assert asked[2] in (1, 2)  # it broke off before it said anything new


@pytest.mark.parametrize(
    ("model", "prefill"),
    [("claude-sonnet-4-5", "taken"), ("claude-sonnet-4-5", "ignored"), ("claude-opus-4-7", "refused")],
)
async def test_a_beginning_is_given_to_who_takes_one(tmp_path: Path, model: str, prefill: str) -> None:
    """A model that goes on from a given beginning is given it, one that refuses beginnings is asked in words:
    the caller has the words of both, and never an error."""
    async with open_street(tmp_path) as street:
        for speech in SPEECHES.values():
            street.behaves("openai", "fault=cut;after=3", says=TEXT)
            street.behaves("anthropic", f"prefill={prefill}", says=OTHERWISE)
            header = f"x-baton-fallback: anthropic/{model}"
            reply = await street.ask(speech, "openai/gpt-4o", header, stream=True)
            heard = heard_in(speech.dialect, reply)
            assert not heard.errors
            assert (heard.text[: len(SENT)], heard.text[len(SENT) :].strip()) == (SENT, OTHERWISE)
            assert (heard.finishes, heard.ends) == ([FINE[speech.dialect]], 1)
        assert {call.status for call in street.calls("anthropic")} == {200}
        last = json.loads(street.calls("anthropic")[-1].body)["messages"][-1]
        assert last["role"] == ("user" if prefill == "refused" else "assistant")
