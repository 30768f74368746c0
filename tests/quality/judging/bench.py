"""A judge whose model says what a test has it say."""

from collections.abc import Iterable
from itertools import count
from pathlib import Path

from baton.core.answer import ChatResponse, Choice, Finish
from baton.core.errors import BatonError
from baton.core.messages import Part, Text
from baton.core.request import ChatRequest
from baton.quality.assessment import Examiner
from baton.quality.checks.checks import Checks
from baton.quality.judging.judge import Judge
from baton.quality.judging.prompt import packaged_prompt

HERE = Path(__file__).parent

GOOD = (
    '{"reasoning": "The plan names each day and its costs, and only the last evening is vague.",'
    ' "completeness": 80, "coherence": 90, "actionability": 70, "overall": 80}'
)
"""An answer as it should be: 80."""


def scored(score: int) -> str:
    """A good answer with this score, three times."""
    fields = ", ".join(
        f'"{name}": {score}' for name in ("completeness", "coherence", "actionability", "overall")
    )
    return f'{{"reasoning": "The plan names each day and its costs, and little is missing.", {fields}}}'


def blocks(name: str) -> list[tuple[str, str]]:
    """Label and text of each `@` block of a text file."""
    text = (HERE / name).read_text(encoding="utf-8")
    pairs = (block.partition("\n") for block in ("\n" + text).split("\n@ ")[1:])
    return [(label, body.removesuffix("\n")) for label, _, body in pairs]


def lines(name: str) -> list[str]:
    """The lines of a text file."""
    return (HERE / name).read_text(encoding="utf-8").splitlines()


def answer(*parts: Part, finish: Finish | None = Finish.STOP) -> ChatResponse:
    """An answer of these parts."""
    return ChatResponse(
        id="a", model="cheap-1", created=0, choices=(Choice(index=0, parts=parts, finish=finish),)
    )


def text(said: str) -> ChatResponse:
    """An answer of this text."""
    return answer(Text(text=said))


class Model:
    """Says one thing after the other, the last one for ever, and remembers what it was asked."""

    def __init__(self, said: Iterable[str | ChatResponse | BatonError]) -> None:
        self._said = list(said)
        self.requests: list[ChatRequest] = []

    async def __call__(self, request: ChatRequest) -> ChatResponse:
        """Answer."""
        self.requests.append(request)
        said = self._said.pop(0) if len(self._said) > 1 else self._said[0]
        if isinstance(said, BatonError):
            raise said
        return text(said) if isinstance(said, str) else said

    @property
    def asked(self) -> int:
        """How often it was asked."""
        return len(self.requests)


def judge_of(model: Model, checks: Checks) -> Judge:
    """A judge that asks this model, with marks that count."""
    numbers = count()
    return Judge(
        ask=model,
        model="cheap",
        prompt=packaged_prompt(),
        draw=lambda: f"{next(numbers):08x}",
        refusals=checks.refusals,
        steering=checks.steering,
    )


def examiner_of(model: Model, checks: Checks) -> Examiner:
    """The checks, and such a judge."""
    return Examiner(checks, judge_of(model, checks))
