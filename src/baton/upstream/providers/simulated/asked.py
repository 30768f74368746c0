"""What is made of a conversation: what was said last, what was shown, what tools brought back."""

import hashlib
from collections.abc import Iterable

from msgspec import Struct

from baton.core.messages import Media, Message, Part, Reasoning, Role, Text, ToolCall, ToolResult
from baton.core.request import ChatRequest, Tool

_TOKENS_PER_MESSAGE = 3
_TOKENS_PER_MEDIA = 85
_CHARS_PER_TOKEN = 4


class Asked(Struct, frozen=True, kw_only=True):
    """The parts of a request that an answer is made from."""

    text: str
    """The last user turn's."""
    media: tuple[Media, ...]
    """Shown in the last user turn."""
    results: tuple[ToolResult, ...]
    """What tools brought back since then."""
    prompt_tokens: int
    seed: str
    """A digest of the whole conversation: the same one gets the same answer."""


def asked(request: ChatRequest) -> Asked:
    """Read the conversation."""
    since: list[Message] = []
    last: Message | None = None
    for message in reversed(request.messages):
        # A dialect may put tool results into a user turn of their own: that is not the user speaking.
        if message.role is Role.USER and not _only_results(message):
            last = message
            break
        since.append(message)
    spoken = last.parts if last else ()
    return Asked(
        text=last.text if last else "",
        media=tuple(part for part in spoken if isinstance(part, Media)),
        results=tuple(
            part for turn in reversed(since) for part in turn.parts if isinstance(part, ToolResult)
        ),
        prompt_tokens=_prompt_tokens(request),
        seed=_digest(request),
    )


def _digest(request: ChatRequest) -> str:
    digest = hashlib.blake2b(str(request.sampling.seed).encode(), digest_size=16)
    for line in _transcript(request.messages):
        digest.update(b"\x1e" + line.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _only_results(message: Message) -> bool:
    return bool(message.parts) and all(isinstance(part, ToolResult) for part in message.parts)


def _transcript(messages: Iterable[Message]) -> Iterable[str]:
    for message in messages:
        yield message.role.value
        yield from (part_text(part) for part in message.parts)


def part_text(part: Part) -> str:
    """The words of a part; nothing where it has none."""
    match part:
        case Text() | Reasoning():
            return part.text
        case ToolCall():
            return f"{part.name} {part.arguments}"
        case ToolResult():
            return " ".join(part_text(inner) for inner in part.parts)
        case _:
            return ""


def _prompt_tokens(request: ChatRequest) -> int:
    count = 0
    for message in request.messages:
        count += _TOKENS_PER_MESSAGE
        for part in message.parts:
            count += _TOKENS_PER_MEDIA if isinstance(part, Media) else _counted(part_text(part))
    for tool in request.tools:
        if isinstance(tool, Tool):
            count += _counted(tool.name) + _counted(tool.description or "")
            count += len(bytes(tool.schema or b"")) // _CHARS_PER_TOKEN
    return count


def _counted(text: str) -> int:
    """Tokens by length alone: a prompt may be megabytes long."""
    return -(-len(text) // _CHARS_PER_TOKEN)
