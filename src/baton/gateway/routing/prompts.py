"""What of a prompt is read before a model is chosen for it: its kind of work, and how hard it looks."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from baton.core.errors import Invalid
from baton.core.messages import Message, Role, Text
from baton.core.request import Envelope, Outline
from baton.gateway.routing.decision import Ask
from baton.gateway.routing.tasks.reading import Prompt, TaskReader

MOST_OPENED_BYTES = 256 * 1024
"""Of a letter that is opened to be read: taking apart a longer one would hold the loop for too long. Of one
that stays closed only the length is known."""

_NO_MATTER = frozenset({"streaming", "text"})
"""Needs that say nothing of how hard it is."""


class Opened(Struct, frozen=True):
    """What a letter says, as far as it is looked at."""

    text: str
    """The user's last turn."""
    system_chars: int
    turns: int
    chars: int


class Prompts:
    """Reads prompts: nothing is waited for, and time does not grow with them."""

    def __init__(self, load: Callable[[], TaskReader]) -> None:
        """`load`: called once, when the first prompt is read; takes tens of milliseconds."""
        self._load = load
        self._tasks: TaskReader | None = None

    def read(self, ask: Ask, request: Outline) -> Ask:
        """What is asked of the router, with what its prompt was read as; what is no chat stays as it is."""
        if not isinstance(request, Envelope):
            return ask
        if self._tasks is None:
            self._tasks = self._load()
        opened = _open(request)
        reading = self._tasks.read(
            Prompt(
                text=opened.text,
                system_chars=opened.system_chars,
                turns=opened.turns,
                chars=opened.chars,
                needs=request.needs - _NO_MATTER,
            )
        )
        return replace(
            ask, task=reading.task, complexity=round(reading.complexity, 3), evidence=reading.evidence
        )


def _open(envelope: Envelope) -> Opened:
    """Nothing but its length of one that is too long, or that its provider alone can read."""
    closed = Opened("", 0, 1, envelope.input_chars)
    if len(envelope.body) > MOST_OPENED_BYTES:
        return closed
    try:
        messages = envelope.open().messages
    except Invalid:
        return closed
    asked = [each for each in messages if each.role is Role.USER]
    told = sum(len(_text(each)) for each in messages if each.role in (Role.SYSTEM, Role.DEVELOPER))
    return Opened(_text(asked[-1]) if asked else "", told, max(1, len(asked)), envelope.input_chars)


def _text(message: Message) -> str:
    parts = [part.text for part in message.parts if isinstance(part, Text)]
    return parts[0] if len(parts) == 1 else "\n".join(parts)
