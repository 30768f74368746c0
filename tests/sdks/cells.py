"""Which SDKs stand before which providers."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from pathlib import Path

from baton.core.request import Dialect
from tests.sdks.anthropic_messages import anthropic_messages
from tests.sdks.conversation import Client
from tests.sdks.google_generate import google_generate
from tests.sdks.house import SEATS, House, house
from tests.sdks.npm import npm_openai_chat, npm_openai_responses
from tests.sdks.openai_chat import openai_chat
from tests.sdks.openai_responses import openai_responses
from tests.sdks.promises import PROMISES, Cell

Open = Callable[[str, str], AbstractAsyncContextManager[Client]]
"""Opens an SDK, given Baton's URL and a key."""

SDKS: dict[str, Open] = {
    "openai chat": openai_chat,
    "openai chat (npm)": npm_openai_chat,
    "openai responses": openai_responses,
    "openai responses (npm)": npm_openai_responses,
    "anthropic": anthropic_messages,
    "google-genai": google_generate,
}
_WRONG_KEY = "sk-nobody-gave-this-out"
_COUNTING = frozenset({"openai responses", "openai responses (npm)", "anthropic", "google-genai"})

_DIALECTS = {
    "openai chat": Dialect.OPENAI,
    "openai chat (npm)": Dialect.OPENAI,
    "openai responses": Dialect.OPENAI_RESPONSES,
    "openai responses (npm)": Dialect.OPENAI_RESPONSES,
    "anthropic": Dialect.ANTHROPIC,
    "google-genai": Dialect.GOOGLE,
}
CELLS = tuple((sdk, seat) for sdk in SDKS for seat in SEATS)
"""Every SDK before every provider."""


def promised(sdk: str) -> list[str]:
    """The promises that concern an SDK: not all of them count tokens."""
    return [name for name in PROMISES if name != "count tokens" or sdk in _COUNTING]


class Household:
    """A house, and the SDKs that ask it, each opened when it is first needed."""

    def __init__(self, opened: House, stack: AsyncExitStack) -> None:
        self._house = opened
        self._stack = stack
        self._clients: dict[tuple[str, str], Client] = {}

    async def cell(self, sdk: str, provider: str) -> Cell:
        """An SDK before a provider."""
        seat = SEATS[provider]
        client = await self._client(sdk, self._house.baton.key)
        stranger = await self._client(sdk, _WRONG_KEY)
        return Cell(
            client=client,
            stranger=stranger,
            house=self._house,
            seat=seat,
            native=_DIALECTS[sdk] is seat.dialect,
        )

    async def _client(self, sdk: str, key: str) -> Client:
        if (sdk, key) not in self._clients:
            opened = SDKS[sdk](self._house.baton.url, key)
            self._clients[sdk, key] = await self._stack.enter_async_context(opened)
        return self._clients[sdk, key]


@asynccontextmanager
async def household(folder: Path) -> AsyncGenerator[Household]:
    """Open while inside."""
    async with house(folder) as opened, AsyncExitStack() as stack:
        yield Household(opened, stack)
