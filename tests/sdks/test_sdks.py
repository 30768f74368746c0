"""Official SDKs before providers of every dialect: whatever stands behind Baton, they cannot tell."""

from collections.abc import AsyncGenerator

import pytest
import pytest_asyncio

from tests.sdks.cells import CELLS, Household, household, promised
from tests.sdks.promises import PROMISES
from tests.sdks.table import PAGE, all_kept, page

pytestmark = pytest.mark.asyncio(loop_scope="module")
CASES = [
    pytest.param(sdk, provider, promise, id=f"{sdk} - {provider} - {promise}")
    for sdk, provider in CELLS
    for promise in promised(sdk)
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Household]:
    """One for all: a promise leaves nothing behind that another could notice."""
    async with household(tmp_path_factory.mktemp("sdks")) as opened:
        yield opened


@pytest.mark.parametrize(("sdk", "provider", "promise"), CASES)
async def test_a_promise_is_kept(shared: Household, sdk: str, provider: str, promise: str) -> None:
    """What `promises.py` says of it, by this SDK, before this provider."""
    await PROMISES[promise](await shared.cell(sdk, provider))


async def test_the_page_shows_these_cells_and_promises() -> None:
    """`docs/sdks.md` lists what the tests above hold, no more and no less."""
    assert PAGE.read_text(encoding="utf-8") == page(all_kept())
