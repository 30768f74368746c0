"""All prompts and personas at hand: which of them a request is served with, and what that says."""

from collections.abc import Callable, Iterable, Mapping

from msgspec.structs import replace

from baton.core.errors import NotFound
from baton.core.preface import Preface
from baton.core.request import Options
from baton.prompts.persona import Persona
from baton.prompts.prompt import PRODUCTION, Prompt, PromptVersion, reference, split

Tried = Callable[[str], str | None]
"""Which version of a prompt is tried, `name@version`, by the prompt's name; None: the usual one."""

OFF = "off"
"""What a request says that wants none."""

_SHOWN_CHARS = 80
_KEPT = 1024  # use cases whose persona is known; callers choose the words


def nothing_tried(name: str) -> str | None:
    """Where no versions are compared."""
    del name
    return None


class Library:
    """Finds and renders: nothing is waited for."""

    def __init__(self) -> None:
        self._prompts: Mapping[str, Prompt] = {}
        self._versions: Mapping[str, PromptVersion] = {}
        self._bound: Mapping[str, Prompt] = {}
        self._personas: Mapping[str, Persona] = {}
        self._voices: dict[str, Persona | None] = {}

    def follow_prompts(self, prompts: Iterable[Prompt], versions: Iterable[PromptVersion]) -> None:
        """Have these in force from now on."""
        self._versions = {each.reference: each for each in versions}
        before = self._prompts
        self._prompts = {each.name: self._known(each, before.get(each.name)) for each in prompts}
        self._bound = {
            use_case: prompt
            for prompt in reversed(self._prompts.values())  # of two that are bound to one the first counts
            for use_case in prompt.use_cases
        }

    def follow_personas(self, personas: Iterable[Persona]) -> None:
        """Have these in force from now on."""
        self._personas = {each.name: each for each in personas}
        self._voices = {}

    def _known(self, prompt: Prompt, before: Prompt | None) -> Prompt:
        """The prompt without news of versions that have not arrived yet: labels and versions come apart."""
        if before is None or all(
            reference(prompt.name, each) in self._versions for each in prompt.labels.values()
        ):
            return prompt
        labels = {
            label: number
            if reference(prompt.name, number) in self._versions
            else before.labels.get(label, number)
            for label, number in prompt.labels.items()
        }
        return replace(prompt, labels=labels)

    def version(self, word: str) -> PromptVersion:
        """The version that a reference means: `name`, `name@3`, `name@staging`.

        Raises:
            NotFound: there is none; `prompt_not_found`.
        """
        name, which = split(word)
        prompt = self._prompts.get(name)
        if prompt is None:
            raise _no_prompt(f"There is no prompt {name[:_SHOWN_CHARS]!r}.")
        number = int(which) if which.isdecimal() and which.isascii() else prompt.labels.get(which)
        if number is None:
            there = ", ".join(sorted(prompt.labels)) or "none"
            raise _no_prompt(
                f"No version of the prompt {name} has the label {which[:_SHOWN_CHARS]!r}. There are: {there}."
            )
        found = self._versions.get(reference(name, number))
        if found is None:
            raise _no_prompt(f"The prompt {name} has no version {number}.")
        return found

    def preface(self, options: Options, tried: Tried = nothing_tried) -> Preface | None:
        """What a request is served with; None: nothing. `tried`: which version is tried on it.

        Raises:
            NotFound: it names a prompt or a persona that there is not.
            Invalid: a variable of its prompt is not said, or one that it has not is.
        """
        use_case = options.use_case
        if use_case is None and options.prompt is None and options.persona is None:
            return None
        persona = self._persona(options.persona, use_case)
        version, left = self._asked(options.prompt, use_case, tried)
        if version is None:
            return None if persona is None else Preface(system=persona.told, persona=persona.name)
        rendered = version.rendered(options.variables)
        told = () if persona is None else (persona.told,)
        return Preface(
            system="\n\n".join(filter(None, (*told, rendered.system.strip()))),
            user=rendered.user.strip(),
            model=version.model,
            temperature=version.temperature,
            max_tokens=version.max_tokens,
            prompt=version.reference,
            tried=version.name if left else None,
            persona=None if persona is None else persona.name,
        )

    def _asked(
        self, word: str | None, use_case: str | None, tried: Tried
    ) -> tuple[PromptVersion | None, bool]:
        """The version that a request is served with, and whether which one was left to Baton."""
        if word is None:
            bound = None if use_case is None else self._bound.get(use_case)
            word = None if bound is None else bound.name
        if word is None or word == OFF:
            return None, False
        name, which = split(word)
        usual = self.version(word)
        if which != PRODUCTION:
            return usual, False
        instead = tried(name)
        return (usual if instead is None else self._versions.get(instead, usual)), True

    def _persona(self, word: str | None, use_case: str | None) -> Persona | None:
        if word is not None:
            return None if word == OFF else self._named(word)
        if use_case is None:
            return None
        if use_case not in self._voices:
            if len(self._voices) >= _KEPT:
                self._voices.clear()
            self._voices[use_case] = self._closest(use_case)
        return self._voices[use_case]

    def _named(self, name: str) -> Persona:
        found = self._personas.get(name)
        if found is None or not found.is_enabled:
            there = ", ".join(sorted(each.name for each in self._personas.values() if each.is_enabled))
            raise NotFound(
                f"There is no persona {name[:_SHOWN_CHARS]!r}. There are: {there or 'none'}.",
                code="persona_not_found",
                param="persona",
            )
        return found

    def _closest(self, use_case: str) -> Persona | None:
        bound = [each for each in self._personas.values() if each.is_enabled and each.closeness(use_case) > 0]
        return max(bound, key=lambda each: each.closeness(use_case), default=None)


def _no_prompt(message: str) -> NotFound:
    return NotFound(message, code="prompt_not_found", param="prompt")
