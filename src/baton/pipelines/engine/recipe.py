"""What a pipeline is: a plain async function of steps, under a name and a version."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from msgspec import Raw

from baton.core.errors import Invalid, NotFound
from baton.pipelines.engine.running import Running


def anything(given: Raw) -> None:
    """For recipes that take whatever they are given."""
    del given


@dataclass(frozen=True, slots=True)
class Recipe:
    """A pipeline. Its function must begin the same steps when it is given the same results: it is run again
    from its beginning after a crash, and steps that are done give what they gave."""

    name: str
    version: int
    function: Callable[[Running, Raw], Awaitable[Any]]
    check: Callable[[Raw], None] = anything
    """Looks at what is asked for, before a run is begun. Raises Invalid."""
    for_project: bool = False
    """Whether what it writes is a project's, so that one must be named."""


class Cookbook:
    """The recipes that this process knows, old versions among them: runs end on the version they began on."""

    def __init__(self, recipes: Iterable[Recipe]) -> None:
        """Raises:
        Invalid: two have the same name and version.
        """
        self._recipes: dict[tuple[str, int], Recipe] = {}
        self._newest: dict[str, int] = {}
        for recipe in recipes:
            if (recipe.name, recipe.version) in self._recipes:
                raise Invalid(f"There are two recipes {recipe.name}, version {recipe.version}.")
            self._recipes[recipe.name, recipe.version] = recipe
            self._newest[recipe.name] = max(recipe.version, self._newest.get(recipe.name, 0))

    def __contains__(self, key: tuple[str, int]) -> bool:
        return key in self._recipes

    def get(self, name: str, version: int | None = None) -> Recipe:
        """A recipe; its newest version where none is said.

        Raises:
            NotFound: there is none; code `recipe_unknown`.
        """
        try:
            return self._recipes[name, self._newest[name] if version is None else version]
        except KeyError:
            raise NotFound(
                f"There is no recipe {name}, version {version or 'any'}.", code="recipe_unknown"
            ) from None

    def labels(self) -> frozenset[str]:
        """All of them, as `name@version`."""
        return frozenset(label(name, version) for name, version in self._recipes)


def label(name: str, version: int) -> str:
    """What a recipe's version is called among workers."""
    return f"{name}@{version}"
