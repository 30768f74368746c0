"""Prompts and their versions as bodies."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field, JsonValue, StringConstraints

from baton.api.bodies import Asked, Shown, moment, usd
from baton.ledger.wordings import Served
from baton.prompts.difference import Difference
from baton.prompts.prompt import (
    MOST_CHARS,
    MOST_LABELS,
    MOST_USE_CASES,
    MOST_VALUE_CHARS,
    MOST_VARIABLES,
    NAME,
    Prompt,
    PromptVersion,
    Variable,
)
from baton.prompts.template import NAME_PATTERN
from baton.quality.queue.figures import Figure
from baton.records.kind import Record

Word = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Label = Annotated[str, StringConstraints(pattern=NAME)]
"""Begins with a letter: a number is a version."""
Text = Annotated[str, StringConstraints(max_length=MOST_CHARS)]
Value = Annotated[str, StringConstraints(max_length=MOST_VALUE_CHARS)]
Version = Annotated[int, Field(ge=1, le=1_000_000)]
_EXAMPLE: dict[str, JsonValue] = {
    "system": "Answer in one sentence, in {{language}}.",
    "user": "",
    "variables": [{"name": "language", "default": "English", "sample": "Portuguese"}],
    "temperature": 0.2,
    "notes": "Shorter.",
}


class PromptAsked(Asked):
    """A prompt without its texts: these are in its versions. `labels`: label to version."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"description": "Answers in short.", "labels": {"production": 1}}}
    )

    description: Annotated[str, Field(max_length=500)] = ""
    labels: Annotated[dict[Label, Version], Field(default_factory=dict, max_length=MOST_LABELS)]
    use_cases: Annotated[tuple[Word, ...], Field(max_length=MOST_USE_CASES)] = ()

    def value(self, name: str) -> Prompt:
        """The prompt of that name."""
        return Prompt(
            name=name, description=self.description, labels=dict(self.labels), use_cases=self.use_cases
        )


class VariableBody(Asked):
    """Something that the texts leave open; `default` null: it must be said; `sample`: for trying it."""

    name: Annotated[str, Field(pattern=NAME_PATTERN)]
    description: Annotated[str, Field(max_length=500)] = ""
    default: Text | None = None
    sample: Text = ""


class VersionAsked(Asked):
    """A new version. In its texts `{{name}}` stands for a variable. `model` serves requests that leave it to
    Baton; `temperature` and `maxTokens` hold where they say nothing of it."""

    model_config = ConfigDict(json_schema_extra={"example": _EXAMPLE})

    system: Text = ""
    user: Text = ""
    variables: Annotated[tuple[VariableBody, ...], Field(max_length=MOST_VARIABLES)] = ()
    model: Annotated[str | None, Field(min_length=1, max_length=256)] = None
    temperature: Annotated[float | None, Field(ge=0, le=2)] = None
    max_tokens: Annotated[int | None, Field(ge=1, le=10_000_000)] = None
    notes: Annotated[str, Field(max_length=2000)] = ""

    def value(self, name: str, version: int, model: str | None) -> PromptVersion:
        """The version of that number; `model`: the id of the one that it names."""
        return PromptVersion(
            name=name,
            version=version,
            system=self.system,
            user=self.user,
            variables=tuple(Variable(**each.model_dump()) for each in self.variables),
            model=model,
            temperature=self.temperature,
            max_tokens=self.max_tokens,
            notes=self.notes,
        )


class LabelAsked(Asked):
    """Which version a label is to mean."""

    model_config = ConfigDict(json_schema_extra={"example": {"version": 2}})

    version: Version


class RenderAsked(Asked):
    """Values for variables; those that are not said have samples. `model`: for a test, one by any name."""

    model_config = ConfigDict(json_schema_extra={"example": {"variables": {"language": "German"}}})

    variables: Annotated[dict[Word, Value], Field(default_factory=dict, max_length=MOST_VARIABLES)]
    input: Annotated[str, Field(max_length=MOST_VALUE_CHARS, description="What the user says to it.")] = ""
    model: Annotated[str, Field(min_length=1, max_length=256)] = "simulated/echo"


class PromptShown(Shown):
    """A prompt; `revision` is what a change wants as `If-Match`, `latest` its newest version."""

    name: str
    description: str
    labels: dict[str, int]
    use_cases: list[str]
    latest: int | None
    revision: int
    deleted: bool


class PromptList(Shown):
    """All prompts, by name."""

    prompts: list[PromptShown]


class ServedShown(Shown):
    """What came of a version in the last 30 days; `score`: the mean of feedback, 1-5; `quality`: the mean of
    what judges gave, 0-100, of those of the `assessed` that they scored."""

    requests: int
    failed: int
    cost_usd: str
    tokens: int
    latency_ms: float | None
    score: float | None
    judged: int
    quality: float | None
    assessed: int


class VersionShown(Shown):
    """One version, as it will stay. `served` null: not in the last 30 days."""

    name: str
    version: int
    labels: list[str]
    system: str
    user: str
    variables: list[VariableBody]
    model: str | None
    temperature: float | None
    max_tokens: int | None
    notes: str
    made_at: datetime
    made_by: str
    served: ServedShown | None = None


class PromptDetail(PromptShown):
    """A prompt with all its versions, the newest first."""

    versions: list[VersionShown]


class ChangedShown(Shown):
    """A field that is different."""

    field: str
    before: str
    after: str


class DifferenceShown(Shown):
    """What is different: lines of the texts as unified diffs, and the fields beside them."""

    before: int
    after: int
    system: list[str]
    user: list[str]
    fields: list[ChangedShown]


class RenderedShown(Shown):
    """Both texts with values in the place of variables."""

    prompt: str
    system: str
    user: str


def prompt_shown(record: Record[Prompt], latest: int | None) -> PromptShown:
    """A prompt whose newest version is `latest`."""
    prompt = record.value
    return PromptShown(
        name=prompt.name,
        description=prompt.description,
        labels=dict(sorted(prompt.labels.items())),
        use_cases=list(prompt.use_cases),
        latest=latest,
        revision=record.revision,
        deleted=record.deleted,
    )


def version_shown(
    record: Record[PromptVersion],
    labels: dict[str, int],
    served: Served | None,
    quality: Figure | None = None,
) -> VersionShown:
    """A version, with those of the labels that mean it."""
    version = record.value
    return VersionShown(
        name=version.name,
        version=version.version,
        labels=sorted(label for label, number in labels.items() if number == version.version),
        system=version.system,
        user=version.user,
        variables=[
            VariableBody(
                name=each.name, description=each.description, default=each.default, sample=each.sample
            )
            for each in version.variables
        ],
        model=version.model,
        temperature=version.temperature,
        max_tokens=version.max_tokens,
        notes=version.notes,
        made_at=moment(record.changed_at_ms),
        made_by=record.changed_by,
        served=None if served is None else _served(served, quality or Figure()),
    )


def difference_shown(before: int, after: int, found: Difference) -> DifferenceShown:
    """A difference between two versions."""
    return DifferenceShown(
        before=before,
        after=after,
        system=list(found.system),
        user=list(found.user),
        fields=[
            ChangedShown(field=each.field, before=each.before, after=each.after) for each in found.fields
        ],
    )


def _served(served: Served, quality: Figure) -> ServedShown:
    return ServedShown(
        requests=served.requests,
        failed=served.failed,
        cost_usd=usd(served.cost_nanos) or "0",
        tokens=served.tokens,
        latency_ms=served.latency_ms,
        score=served.score,
        judged=served.judged,
        quality=None if quality.mean is None else round(quality.mean, 2),
        assessed=quality.assessed,
    )
