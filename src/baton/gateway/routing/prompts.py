"""What of a prompt is read before a model is chosen for it: its kind of work, and how hard it looks."""

from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from baton.core.errors import Invalid
from baton.core.messages import Message, Role, Text
from baton.core.request import Envelope, Outline
from baton.core.task import TaskType
from baton.gateway.routing.decision import Ask
from baton.gateway.routing.gain.family import Gain
from baton.gateway.routing.gain.model import GainModel
from baton.gateway.routing.tasks.reading import Prompt, TaskReader

MOST_OPENED_CHARS = 64 * 1024
"""Of a letter that is opened to be read: taking apart a longer one would hold the loop for too long. Of one
that stays closed only the length is known."""

_MOST_OPENED_BYTES = 4 * MOST_OPENED_CHARS
"""Pictures lie in the body, too."""

_NO_MATTER = frozenset({"streaming", "text"})
"""Needs that say nothing of how hard it is."""


_RECORDED = frozenset({TaskType.QUESTION_ANSWERING, TaskType.MATH_REASONING, TaskType.ANALYSIS})
"""What the recorded outcomes are of: looking at others would cost as much again, and find nothing."""


class Opened(Struct, frozen=True):
    """What a letter says, as far as it is looked at."""

    text: str
    """The user's last turn."""
    system_chars: int
    turns: int
    chars: int


class Prompts:
    """Reads prompts: nothing is waited for, and time does not grow with them."""

    def __init__(
        self, load: Callable[[], TaskReader], load_gains: Callable[[], GainModel] | None = None
    ) -> None:
        """`load`, `load_gains`: called once, when they are first needed; each takes tens of milliseconds.
        `load_gains` None: nobody knows what a strong model gains."""
        self._load = load
        self._load_gains = load_gains
        self._tasks: TaskReader | None = None
        self._gains: GainModel | None = None

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
        gain = self._gain(opened.text) if reading.likely[0][0] in _RECORDED else None
        return replace(
            ask,
            task=reading.task,
            complexity=round(reading.complexity, 3),
            gain=None if gain is None else round(gain.gain, 3),
            evidence=reading.evidence if gain is None else (*reading.evidence, _told(gain)),
        )

    def _gain(self, text: str) -> Gain | None:
        """What asking a strong model gains; None: nothing like it was recorded."""
        if self._gains is None:
            if self._load_gains is None:
                return None
            self._gains = self._load_gains()
        return self._gains.estimate(text)


def _open(envelope: Envelope) -> Opened:
    """Nothing but its length of one that is too long, or that its provider alone can read."""
    closed = Opened("", 0, 1, envelope.input_chars)
    if envelope.input_chars > MOST_OPENED_CHARS or len(envelope.body) > _MOST_OPENED_BYTES:
        return closed
    try:
        messages = envelope.open().messages
    except Invalid:
        return closed
    asked = [each for each in messages if each.role is Role.USER]
    told = sum(len(_text(each)) for each in messages if each.role in (Role.SYSTEM, Role.DEVELOPER))
    return Opened(_text(asked[-1]) if asked else "", told, max(1, len(asked)), envelope.input_chars)


def _told(gain: Gain) -> str:
    points = round(gain.gain * 100)
    if points <= 0:
        return "a strong model is right no more often on such prompts"
    return f"a strong model is right {points} points more often on such prompts"


def _text(message: Message) -> str:
    parts = [part.text for part in message.parts if isinstance(part, Text)]
    return parts[0] if len(parts) == 1 else "\n".join(parts)
