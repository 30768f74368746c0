"""What is not served by another model: where nobody else may be asked, and where the fault is the request's
own. The caller learns it in its own dialect, and nothing truncated looks finished."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from baton.core.dialect import Dialect
from tests.chaos.heard import Heard, heard_in
from tests.chaos.matrix import DIALECTS, TEXT, House, open_house
from tests.chaos.speech import SPEECHES, Speech

pytestmark = pytest.mark.asyncio(loop_scope="module")

BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[House]:
    """One for a whole module."""
    async with open_house(tmp_path_factory.mktemp("alone")) as house:
        yield house


@pytest.fixture(params=DIALECTS)
def speech(request: pytest.FixtureRequest) -> Speech:
    """Each dialect."""
    return SPEECHES[request.param.value]


@pytest.fixture(params=[0, 2], ids=["from its own dialect", "from another"])
def home(request: pytest.FixtureRequest, speech: Speech) -> Dialect:
    """The provider's."""
    return DIALECTS[(DIALECTS.index(speech.dialect) + request.param) % len(DIALECTS)]


def elsewhere(house: House, home: Dialect) -> tuple[str, str]:
    """A model that is well, and the header that names it as the fallback."""
    spare = house.route(home)
    return spare, f"x-baton-fallback: {spare}"


@BOTH
@pytest.mark.parametrize("fault", ["filter", "400", "422"])
async def test_what_is_the_requests_own_fault_is_told(
    house: House, speech: Speech, home: Dialect, stream: bool, fault: str
) -> None:
    """A filter, or a request that is wrong, is no reason to ask elsewhere: the provider's words arrive."""
    failing = house.route(home, f"fault={fault}")
    spare, header = elsewhere(house, home)
    reply = await house.ask(speech, failing, header, stream=stream)
    if fault == "filter" and home is Dialect.GOOGLE:  # whose filter answers with 200
        filtered(heard_in(speech.dialect, reply), "")
    else:
        assert ("filter" if fault == "filter" else fault) in speech.refused(reply, 400)
    assert [call.model for call in house.calls(failing, spare)] == [failing.partition("/")[2]]


def filtered(heard: Heard, text: str) -> None:
    """Fails unless the answer ends by its provider's filter, after these words."""
    assert heard.text == text
    (reason,) = heard.finishes
    assert reason.lower() in {"content_filter", "refusal", "safety", "prohibited_content"}
    assert not heard.errors


@BOTH
async def test_an_answer_that_is_filtered_is_as_its_provider_said(
    house: House, speech: Speech, home: Dialect, stream: bool
) -> None:
    """A filter that ends an answer is told as the reason, and nobody else is asked."""
    failing = house.route(home, "fault=filtered;after=3")
    spare, header = elsewhere(house, home)
    heard = heard_in(speech.dialect, await house.ask(speech, failing, header, stream=stream))
    filtered(heard, " ".join(TEXT.split()[:3]))
    assert house.calls(spare) == []


@BOTH
async def test_where_fallback_is_off_the_first_error_is_the_answer(
    house: House, speech: Speech, home: Dialect, stream: bool
) -> None:
    """Nobody else is asked, however many could."""
    failing = house.route(home, "fault=503")
    before = house.simulation.calls.count()
    reply = await house.ask(speech, failing, "x-baton-fallback: off", stream=stream)
    speech.refused(reply, 503)
    asked = len(house.calls(failing))
    assert 1 <= asked <= 3
    assert house.simulation.calls.count() - before == asked


@pytest.mark.parametrize("fault", ["cut", "malformed", "error", "unfinished"])
async def test_who_wants_no_rescue_gets_the_error(
    house: House, speech: Speech, home: Dialect, fault: str
) -> None:
    """`x-baton-stream: off`: the words so far, then one error event, and no end."""
    failing = house.route(home, f"fault={fault};after=3")
    spare, header = elsewhere(house, home)
    reply = await house.ask(speech, failing, header, "x-baton-stream: off", stream=True)
    speech.broken(reply)
    heard = heard_in(speech.dialect, reply)
    assert (heard.text, heard.finished, len(heard.errors)) == (" ".join(TEXT.split()[:3]), False, 1)
    assert house.calls(spare) == []
    row, _ = await house.attempts(reply)
    assert row.status.startswith("provider_")
