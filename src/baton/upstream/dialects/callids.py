"""Ids of the calls of one answer: results name them, so no two may be the same, and none empty.

Some of OpenAI's likes give calls made at once the same id, or none (OpenRouterTeam/ai-sdk-provider pull
request 471; HKUDS/nanobot pull request 3943).
"""

from msgspec import structs

from baton.core.answer import ChatResponse, Choice
from baton.core.messages import Part, ToolCall


class UniqueIds:
    """The ids of one answer's calls.

    The same bytes give the same ids: what must be made is made from the answer's id and the call's number.
    """

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def unique(self, call_id: str, answer_id: str) -> str:
        """The id where it is there and new; else one of our own."""
        if not call_id or call_id in self._seen:
            stem, number = call_id or f"call_{answer_id}", len(self._seen)
            while (call_id := f"{stem}_{number}") in self._seen:
                number += 1
        self._seen.add(call_id)
        return call_id


def told_apart(response: ChatResponse) -> ChatResponse:
    """The answer, its calls with ids of their own."""
    ids = [part.id for choice in response.choices for part in choice.parts if isinstance(part, ToolCall)]
    if all(ids) and len(set(ids)) == len(ids):
        return response
    unique = UniqueIds()
    choices = tuple(_told_apart(choice, unique, response.id) for choice in response.choices)
    return structs.replace(response, choices=choices)


def _told_apart(choice: Choice, ids: UniqueIds, answer_id: str) -> Choice:
    def named(part: Part) -> Part:
        return (
            structs.replace(part, id=ids.unique(part.id, answer_id)) if isinstance(part, ToolCall) else part
        )

    return structs.replace(choice, parts=tuple(map(named, choice.parts)))
