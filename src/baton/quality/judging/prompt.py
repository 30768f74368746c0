"""What a judge is asked: the prompt `quality-score`, with task and output in it."""

from importlib.resources import files

from msgspec import Raw, Struct, structs

from baton.core.messages import Message, Role, Text
from baton.core.request import ChatRequest, FormatKind, ResponseFormat, Sampling
from baton.prompts.prompt import PromptVersion
from baton.prompts.shipped import shipped_prompts
from baton.prompts.template import filled
from baton.quality.judging.fence import Draw, fence_for, shortened
from baton.quality.output import Output
from baton.quality.task import Task

NAME = "quality-score"
"""Of the prompt."""

MOST_TASK_CHARS = 8_000
MOST_OUTPUT_CHARS = 24_000
"""What a judge is shown at most, about 8000 tokens together; a longer text loses its middle."""

MOST_TOKENS = 500
"""Of its answer: some sentences and four numbers."""

_MOST_SAID = 2_000
"""Characters of an unusable answer that its judge is shown again."""

_SCHEMA = Raw(
    b'{"type":"object","additionalProperties":false,'
    b'"required":["reasoning","completeness","coherence","actionability","overall"],'
    b'"properties":{"reasoning":{"type":"string"},"completeness":{"type":"integer"},'
    b'"coherence":{"type":"integer"},"actionability":{"type":"integer"},"overall":{"type":"integer"}}}'
)
"""Without bounds, which some providers refuse; they are held when the answer is read."""


class Question(Struct, frozen=True, kw_only=True):
    """One output, put to a judge."""

    request: ChatRequest
    left_out: int
    """Characters of the output that the judge is not shown."""


class JudgePrompt(Struct, frozen=True, kw_only=True):
    """What a judge is told."""

    version: PromptVersion
    """Of the prompt; its variables are `task`, `output` and `fence`."""
    again: str
    """What it is told where its answer could not be used; `{{problems}}` says why."""

    def question(self, task: Task, output: Output, model: str, draw: Draw) -> Question:
        """Ask a model about an output, at temperature 0, for an answer true to the rubric."""
        fence = fence_for(draw, task.asked, output.text)
        asked, _ = shortened(task.asked, MOST_TASK_CHARS, fence)
        shown, left_out = shortened(output.text, MOST_OUTPUT_CHARS, fence)
        told = self.version.rendered({"fence": fence, "task": asked, "output": shown})
        request = ChatRequest(
            model=model,
            messages=(
                _message(Role.SYSTEM, told.system.strip()),
                _message(Role.USER, told.user.strip()),
            ),
            response_format=ResponseFormat(
                kind=FormatKind.JSON_SCHEMA, name="quality_score", schema=_SCHEMA, strict=True
            ),
            sampling=Sampling(temperature=0.0),
            max_tokens=MOST_TOKENS,
        )
        return Question(request=request, left_out=left_out)

    def question_again(self, question: Question, said: str, problems: tuple[str, ...]) -> Question:
        """The same question, with the answer that could not be used and what was wrong with it."""
        listed = "\n".join(f"- {problem}" for problem in problems)
        turns = (
            _message(Role.ASSISTANT, said[:_MOST_SAID] or "(nothing)"),
            _message(Role.USER, filled(self.again, {"problems": listed})),
        )
        request = structs.replace(question.request, messages=(*question.request.messages, *turns))
        return structs.replace(question, request=request)


def packaged_prompt() -> JudgePrompt:
    """The one that is shipped; reads files, so call it at start."""
    version = next(version for prompt, version in shipped_prompts() if prompt.name == NAME)
    return JudgePrompt(version=version, again=packaged_again())


def packaged_again() -> str:
    """What a judge is told, as it is shipped, where its answer could not be used; reads a file."""
    return files("baton.quality").joinpath("data/again.md").read_text(encoding="utf-8").strip()


def _message(role: Role, text: str) -> Message:
    return Message(role=role, parts=(Text(text=text),))
