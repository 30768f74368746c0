"""Options that belong together as one value, which typer knows nothing of (its issue 264)."""

from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import wraps
from inspect import Parameter, Signature, signature
from typing import Any, get_type_hints


def gathered(command: Callable[..., None]) -> Callable[..., None]:
    """The command as typer can read it: each field of a dataclass among its parameters is an option."""
    own = list(signature(command, eval_str=True).parameters.values())
    options = {each.name: list(_options(each)) for each in own}
    kinds: dict[str, Callable[..., object]] = {
        each.name: each.annotation
        for each in own
        if isinstance(each.annotation, type) and is_dataclass(each.annotation)
    }

    @wraps(command)
    def run(**said: Any) -> None:
        values = {
            name: kind(**{option.name: said.pop(option.name) for option in options[name]})
            for name, kind in kinds.items()
        }
        command(**said, **values)

    told = [option for each in options.values() for option in each]
    vars(run)["__signature__"] = Signature(told)
    run.__annotations__ = {option.name: option.annotation for option in told}
    return run


def _options(parameter: Parameter) -> Iterator[Parameter]:
    """The fields of a dataclass; anything else is an option, or an argument, itself."""
    kind = parameter.annotation
    if not is_dataclass(kind):
        yield parameter.replace(kind=Parameter.KEYWORD_ONLY)
        return
    hints = get_type_hints(kind, include_extras=True)
    for field in fields(kind):
        default = Parameter.empty if field.default is MISSING else field.default
        yield Parameter(field.name, Parameter.KEYWORD_ONLY, default=default, annotation=hints[field.name])
