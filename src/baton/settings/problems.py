"""What is wrong with the settings: all of it at once, named as it was written."""

import difflib
from collections.abc import Iterable, Sequence

from msgspec import Struct


class Problem(Struct, frozen=True):
    """One thing that is wrong, and the name of what to set."""

    name: str
    """As it is written where it was said: a variable, an option, or a name in the file."""
    what: str
    file: str | None = None
    """Where it was said, if in a file."""

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.what}" if self.file is None else f"{self.name} in {self.file}: {self.what}"
        )


class Misconfigured(Exception):
    """The settings cannot be used; carries every problem, not only the first."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


def hint(word: str, known: Iterable[str], form: str = "{}") -> str:
    """The end of a sentence on an unknown word: the known one that is like it, if any, in this form."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {form.format(near[0])}?" if near else ""
