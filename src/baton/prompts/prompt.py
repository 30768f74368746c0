"""Prompts as records: a prompt has a name and labels, each of its versions is made once and never changed."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple

from msgspec import Meta, Struct

from baton.core.errors import Invalid
from baton.prompts.template import NAME_PATTERN, filled, length, variables_in
from baton.records.kind import RecordKind

PRODUCTION = "production"
"""The label that is meant where nobody says one."""

NAME = r"^[a-z][a-z0-9_-]{0,63}$"
"""How prompts and labels are called."""

MOST_CHARS = 100_000
"""Of a text: what a model is told before the work itself."""

MOST_VALUE_CHARS = 1_000_000
"""Of a variable's value: documents come this way."""

MOST_RENDERED_CHARS = 4_000_000
"""Of both texts with their values in them; more than any model takes."""

MOST_VARIABLES = 64
MOST_LABELS = 16
MOST_USE_CASES = 64
_AT = "@"

Name = Annotated[str, Meta(pattern=NAME)]
Text = Annotated[str, Meta(max_length=MOST_CHARS)]
Line = Annotated[str, Meta(max_length=500)]
UseCase = Annotated[str, Meta(min_length=1, max_length=64)]
Number = Annotated[int, Meta(ge=1, le=1_000_000)]


class Variable(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Something that a text leaves open."""

    name: Annotated[str, Meta(pattern=NAME_PATTERN)]
    description: Line = ""
    default: Text | None = None
    """What it is where nobody says it; None: it must be said."""
    sample: Text = ""
    """For trying it."""


class PromptVersion(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One version: texts, and what goes with them where a request says nothing of it."""

    name: Name
    version: Number
    system: Text = ""
    user: Text = ""
    variables: Annotated[tuple[Variable, ...], Meta(max_length=MOST_VARIABLES)] = ()
    model: Annotated[str, Meta(min_length=1, max_length=256)] | None = None
    """Which model serves a request that leaves that to Baton."""
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=10_000_000)] | None = None
    notes: Annotated[str, Meta(max_length=2000)] = ""
    """What is different about it."""

    @property
    def reference(self) -> str:
        """`name@version`."""
        return reference(self.name, self.version)

    @property
    def wanted(self) -> frozenset[str]:
        """Variables that must be said."""
        return frozenset(each.name for each in self.variables if each.default is None)

    def rendered(self, values: Mapping[str, str]) -> "Rendered":
        """Both texts with these values.

        Raises:
            Invalid: a variable has no value, or there is none of that name, or a value is too long;
                `param` is `variables`.
        """
        known = {each.name: each.default for each in self.variables}
        unknown = sorted(values.keys() - known.keys())
        if unknown:
            there = ", ".join(known) or "none"
            raise Invalid(
                f"{self.reference} has no variable {unknown[0][:64]!r}. There are: {there}.",
                param="variables",
                code="unknown_variable",
            )
        missing = sorted(self.wanted - values.keys())
        if missing:
            raise Invalid(
                f"{self.reference} wants a value for {', '.join(missing)}.",
                param="variables",
                code="missing_variable",
            )
        long = next((name for name, value in values.items() if len(value) > MOST_VALUE_CHARS), None)
        if long is not None:
            raise Invalid(f"{long} has over {MOST_VALUE_CHARS} characters.", param="variables")
        said = {name: default for name, default in known.items() if default is not None} | dict(values)
        if length(self.system, said) + length(self.user, said) > MOST_RENDERED_CHARS:
            raise Invalid(
                f"With these values {self.reference} has over {MOST_RENDERED_CHARS} characters.",
                param="variables",
            )
        return Rendered(filled(self.system, said), filled(self.user, said))


class Rendered(NamedTuple):
    """A version's texts, with values in the place of variables."""

    system: str
    user: str


class Prompt(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """A name for versions, and which of them is meant. Going back to an earlier one is moving a label."""

    name: Name
    description: Line = ""
    labels: Annotated[dict[Name, Number], Meta(max_length=MOST_LABELS)] = {}
    """Label → version."""
    use_cases: Annotated[tuple[UseCase, ...], Meta(max_length=MOST_USE_CASES)] = ()
    """Requests of these are served with it where they name no other one."""


def reference(name: str, version: int) -> str:
    """How a version is named, in requests and in the ledger."""
    return f"{name}{_AT}{version}"


def split(word: str) -> tuple[str, str]:
    """The name that a reference has, and its version or label: that of production where it says none."""
    name, _, which = word.strip().partition(_AT)
    return name, which or PRODUCTION


def prompts_kind() -> RecordKind[Prompt]:
    """The kind `prompts`; its key is the prompt's name."""
    return RecordKind(name="prompts", type=Prompt, key=lambda prompt: prompt.name, check=_check_prompt)


def versions_kind() -> RecordKind[PromptVersion]:
    """The kind `prompt_versions`; its key is `name@version`."""
    return RecordKind(
        name="prompt_versions",
        type=PromptVersion,
        key=lambda version: version.reference,
        check=_check_version,
    )


def _check_prompt(prompt: Prompt) -> None:
    if len(set(prompt.use_cases)) < len(prompt.use_cases):
        raise Invalid("A use case is there twice.", param="useCases")
    if prompt.name == "off":
        raise Invalid("'off' is what requests say that want no prompt.", param="name")


def _check_version(version: PromptVersion) -> None:
    if not version.system.strip() and not version.user.strip():
        raise Invalid("A version says something, to the system or as the user.", param="system")
    declared = [each.name for each in version.variables]
    if len(set(declared)) < len(declared):
        raise Invalid("Two variables have one name.", param="variables")
    for field, text in (("system", version.system), ("user", version.user)):
        strangers = sorted(variables_in(text) - set(declared))
        if strangers:
            raise Invalid(f"{{{{{strangers[0]}}}}} is not among the variables.", param=field)
    idle = sorted(set(declared) - variables_in(version.system) - variables_in(version.user))
    if idle:
        raise Invalid(f"Neither text has {{{{{idle[0]}}}}} in it.", param="variables")
