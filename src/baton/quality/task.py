"""What an output is looked at by: what was asked."""

from msgspec import Raw, Struct

from baton.core.messages import Message, Part, Role, Text, ToolResult
from baton.core.request import ChatRequest, FormatKind, ResponseFormat

_ANY_OBJECT = Raw(b'{"type":"object"}')


class Task(Struct, frozen=True, kw_only=True):
    """What was asked for."""

    asked: str
    """The last words of the user."""
    given: str = ""
    """What else the model was given: instructions, earlier turns, results of tools."""
    language: str | None = None
    """The language that was wanted, as a tag such as `de` or `pt-BR`; None: nobody said."""
    schema: Raw | None = None
    """The JSON Schema that the output's text has to be true to."""
    most_chars: int | None = None
    """How long the text may be at most."""
    stops: bool = False
    """Whether there were stop sequences: then a text may end anywhere."""

    @property
    def everything(self) -> str:
        """All that the model was given."""
        return f"{self.given}\n{self.asked}"


def task_of(request: ChatRequest, language: str | None = None) -> Task:
    """What a chat request asks for."""
    last = next(
        (at for at in range(len(request.messages) - 1, -1, -1) if request.messages[at].role is Role.USER),
        None,
    )
    others = [_text(message) for at, message in enumerate(request.messages) if at != last]
    return Task(
        asked="" if last is None else _text(request.messages[last]),
        given="\n".join(text for text in others if text),
        language=language,
        schema=_schema(request.response_format),
        stops=bool(request.sampling.stop),
    )


def _schema(wish: ResponseFormat | None) -> Raw | None:
    if wish is None:
        return None
    return _ANY_OBJECT if wish.kind is FormatKind.JSON_OBJECT else wish.schema


def _text(message: Message) -> str:
    return "\n".join(_texts(message.parts))


def _texts(parts: tuple[Part, ...]) -> list[str]:
    found: list[str] = []
    for part in parts:
        if isinstance(part, Text):
            found.append(part.text)
        elif isinstance(part, ToolResult):
            found += _texts(part.parts)
    return found
