"""What is looked at: what a model gave."""

from msgspec import Struct

from baton.core.answer import ChatResponse, Finish
from baton.core.messages import Foreign, Media, Refusal, Text, ToolCall


class Output(Struct, frozen=True, kw_only=True):
    """One output."""

    text: str
    finish: Finish | None = None
    """Why it ended; None: nobody knows."""
    refusal: str = ""
    """What the model itself calls its refusal."""
    more: bool = False
    """Whether it has anything but text: calls of tools, pictures, sounds."""

    @property
    def is_taken_away(self) -> bool:
        """Whether its model, or its provider's filter, says itself that this is no answer."""
        return bool(self.refusal) or self.finish in (Finish.REFUSAL, Finish.CONTENT_FILTER)


def output_of(response: ChatResponse) -> Output:
    """What is in the first choice of an answer."""
    if not response.choices:
        return Output(text="")
    choice = response.choices[0]
    return Output(
        text="".join(part.text for part in choice.parts if isinstance(part, Text)),
        finish=choice.finish,
        refusal="".join(part.text for part in choice.parts if isinstance(part, Refusal)),
        more=any(isinstance(part, ToolCall | Media | Foreign) for part in choice.parts),
    )
