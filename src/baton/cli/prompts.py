"""`baton prompts`: what models are told, in versions that stay as they are, by a running Baton."""

import asyncio
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any, cast
from urllib.parse import quote, urlencode

import typer
from msgspec import Struct

from baton.cli.line import Line, Reach, ask, line_to, parsed
from baton.cli.stop import MISUSED, Stop
from baton.cli.terminal import AsJson, Column, note, print_json, print_table

_PROMPTS = "/api/admin/ai/prompts"
_ANY = {"If-Match": "*"}
_TEXTS = ("system", "user")
_TOLD = frozenset({"name", "version", "labels", "madeAt", "madeBy", "served"})
"""What `show` tells of a version, and nobody says."""


Name = Annotated[str, typer.Argument(metavar="name", help="The prompt's.")]
Reference = Annotated[
    str,
    typer.Argument(metavar="name[@version]", help="A prompt; with a version or a label, else production."),
]
Which = Annotated[str, typer.Argument(metavar="version", help="A number, or a label.")]
Said = Annotated[
    list[str] | None, typer.Option("--var", help="name=value; may be repeated. Left out: its sample.")
]
Sheet = Annotated[Path, typer.Argument(help="TOML or JSON as the API takes it; - for what is piped in.")]


class PromptView(Struct, frozen=True, kw_only=True, rename="camel"):
    """A prompt, as the API tells it."""

    name: str
    description: str
    labels: dict[str, int]
    use_cases: tuple[str, ...]
    latest: int | None
    revision: int


class ServedView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of a version in the last 30 days."""

    requests: int
    failed: int
    cost_usd: str
    tokens: int
    latency_ms: float | None
    score: float | None
    judged: int
    quality: float | None
    assessed: int


class VersionView(Struct, frozen=True, kw_only=True, rename="camel"):
    """One version."""

    name: str
    version: int
    labels: tuple[str, ...]
    system: str
    user: str
    variables: tuple[dict[str, Any], ...]
    model: str | None
    temperature: float | None
    max_tokens: int | None
    notes: str
    made_at: str
    made_by: str
    served: ServedView | None


class DetailView(PromptView, frozen=True, kw_only=True, rename="camel"):
    """A prompt with its versions."""

    versions: tuple[VersionView, ...]


class RenderedView(Struct, frozen=True, kw_only=True):
    """Both texts with values in the place of variables."""

    prompt: str
    system: str
    user: str


class ChangedView(Struct, frozen=True, kw_only=True):
    """A field that is different."""

    field: str
    before: str
    after: str


class DifferenceView(Struct, frozen=True, kw_only=True):
    """What is different between two versions."""

    before: int
    after: int
    system: tuple[str, ...]
    user: tuple[str, ...]
    fields: tuple[ChangedView, ...]


class FailureView(Struct, frozen=True, kw_only=True):
    """How a provider failed."""

    message: str


class TrialView(Struct, frozen=True, kw_only=True, rename="camel"):
    """What came of a try."""

    ok: bool
    interaction_id: str
    provider: str | None
    model_name: str | None
    content: str | None
    cost_usd: str | None
    response_time_ms: int | None
    error: FailureView | None


class _Listed(Struct, frozen=True):
    prompts: tuple[PromptView, ...]


def list_prompts(as_json: AsJson = False, *, reach: Reach) -> None:
    """All prompts with their labels; requests name one by `x-baton-prompt`."""
    found = parsed(asyncio.run(ask(line_to(reach), _PROMPTS)), _Listed).prompts
    if as_json:
        print_json(found)
        return
    columns = (
        Column("prompt", whole=True),
        Column("versions", right=True),
        Column("labels", folded=True),
        Column("use cases", folded=True),
        Column("what it is for"),
    )
    print_table(
        columns,
        [
            (each.name, str(each.latest or 0), _labels(each), ", ".join(each.use_cases), each.description)
            for each in found
        ],
    )


def show(reference: Reference, as_json: AsJson = False, *, reach: Reach) -> None:
    """A prompt with its versions and what came of each; or, with a version, all that it says."""
    name, which = _split(reference)
    answer = asyncio.run(ask(line_to(reach), _path(name) if which is None else _version(name, which)))
    if which is not None:
        version = parsed(answer, VersionView)
        if as_json:
            print_json(version)
        else:
            _print_version(version)
        return
    found = parsed(answer, DetailView)
    if as_json:
        print_json(found)
    else:
        _print_detail(found)


def set_prompt(
    name: Name,
    description: Annotated[str | None, typer.Option(help="What it is for.")] = None,
    use_case: Annotated[
        list[str] | None,
        typer.Option(help="Whose requests are served with it; may be repeated. `none`: nobody's."),
    ] = None,
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Make a prompt, or say what it is for; its texts come with `new`."""
    done = asyncio.run(_set(line_to(reach), name, description, use_case))
    _tell(done, f"{done.name}: {_labels(done) or 'no version has a label yet'}.", as_json)


def new(name: Name, file: Sheet, as_json: AsJson = False, *, reach: Reach) -> None:
    """Make the next version of a prompt. Nobody is served with it until a label means it."""
    answer = asyncio.run(ask(line_to(reach), _path(name) + "/versions", method="POST", body=_sheet(file)))
    made = parsed(answer, VersionView)
    if as_json:
        print_json(made)
    else:
        print(f"{name}@{made.version} is made. `baton prompts label` has requests served with it.")


def label(
    name: Name,
    word: Annotated[str, typer.Argument(metavar="label", help="Such as production or staging.")],
    version: Annotated[int, typer.Argument(metavar="version", help="Its number.", min=1)],
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Have a label mean a version, from the next request on; going back is moving it back."""
    path = f"{_path(name)}/labels/{quote(word, safe='')}"
    answer = asyncio.run(ask(line_to(reach), path, method="PUT", body={"version": version}, headers=_ANY))
    _tell(parsed(answer, PromptView), f"{word} of {name} is version {version} now.", as_json)


def unlabel(
    name: Name,
    word: Annotated[str, typer.Argument(metavar="label", help="Such as staging.")],
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Take a label away; who asks for it is refused from then on."""
    path = f"{_path(name)}/labels/{quote(word, safe='')}"
    answer = asyncio.run(ask(line_to(reach), path, method="DELETE", headers=_ANY))
    _tell(parsed(answer, PromptView), f"{name} has no label {word} any more.", as_json)


def remove(name: Name, as_json: AsJson = False, *, reach: Reach) -> None:
    """Take a prompt away; its versions are kept, and `undo` brings it back."""
    was = asyncio.run(_remove(line_to(reach), name))
    _tell(was, f"{name} serves nobody any more; its versions are kept.", as_json)


def undo(name: Name, as_json: AsJson = False, *, reach: Reach) -> None:
    """Go back to how a prompt was before its last change, labels too; undoing twice does it again."""
    answer = asyncio.run(ask(line_to(reach), _path(name) + "/undo", method="POST", headers=_ANY))
    done = parsed(answer, PromptView)
    _tell(done, f"{name}: {_labels(done) or 'no version has a label'}.", as_json)


def diff(name: Name, before: Which, after: Which, as_json: AsJson = False, *, reach: Reach) -> None:
    """What is different between two versions."""
    words = urlencode({"before": before, "after": after})
    found = parsed(asyncio.run(ask(line_to(reach), f"{_path(name)}/diff?{words}")), DifferenceView)
    if as_json:
        print_json(found)
        return
    lines = [
        *found.system,
        *found.user,
        *(f"{each.field}: {each.before or 'none'} → {each.after or 'none'}" for each in found.fields),
    ]
    if not lines:
        note(f"Versions {found.before} and {found.after} say the same.")
    for line in lines:
        print(line)


def render(reference: Reference, var: Said = None, as_json: AsJson = False, *, reach: Reach) -> None:
    """Both texts as a model would be told them; asks no model."""
    answer = asyncio.run(_post(line_to(reach), reference, "render", {"variables": _values(var)}))
    found = parsed(answer, RenderedView)
    if as_json:
        print_json(found)
        return
    for title, text in (("system", found.system), ("user", found.user)):
        if text:
            print(f"{title}:\n\n{text.strip()}\n")


def try_it(
    reference: Reference,
    var: Said = None,
    said: Annotated[str, typer.Option("--input", help="What the user says to it.")] = "",
    model: Annotated[str, typer.Option(help="Which model; a real one costs money.")] = "simulated/echo",
    as_json: AsJson = False,
    *,
    reach: Reach,
) -> None:
    """Ask a model once with it."""
    body = {"variables": _values(var), "input": said, "model": model}
    found = parsed(asyncio.run(_post(line_to(reach), reference, "test", body)), TrialView)
    if as_json:
        print_json(found)
    elif found.error is not None:
        raise Stop(found.error.message)
    else:
        print(found.content or "")
        note(f"{found.provider}/{found.model_name}, {found.cost_usd} USD, {found.response_time_ms} ms.")


async def _set(line: Line, name: str, description: str | None, use_cases: list[str] | None) -> PromptView:
    there = {each.name: each for each in parsed(await ask(line, _PROMPTS), _Listed).prompts}
    found = there.get(name)
    body: dict[str, Any] = {}
    if found is not None:
        body = {
            "description": found.description,
            "labels": found.labels,
            "useCases": list(found.use_cases),
        }
    if description is not None:
        body["description"] = description
    if use_cases is not None:
        body["useCases"] = [] if use_cases == ["none"] else use_cases
    match = {} if found is None else {"If-Match": f'"{found.revision}"'}
    return parsed(await ask(line, _path(name), method="PUT", body=body, headers=match), PromptView)


async def _remove(line: Line, name: str) -> PromptView:
    """As it was."""
    found = parsed(await ask(line, _path(name)), DetailView)
    await ask(line, _path(name), method="DELETE", headers={"If-Match": f'"{found.revision}"'})
    return PromptView(
        name=found.name,
        description=found.description,
        labels=found.labels,
        use_cases=found.use_cases,
        latest=found.latest,
        revision=found.revision,
    )


async def _post(line: Line, reference: str, what: str, body: dict[str, Any]) -> bytes:
    name, which = _split(reference)
    return await ask(line, f"{_version(name, which or 'production')}/{what}", method="POST", body=body)


def sheet(file: Path, what: str) -> dict[str, Any]:
    """What a file holds, in TOML (JSON that is no TOML is taken as well).

    Raises:
        Stop: it cannot be read, or is neither.
    """
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Stop(f"{file} cannot be read.") from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        if text.lstrip().startswith("{"):
            return parsed(text.encode(), dict[str, Any])
        raise Stop(f"{file} holds no {what} in TOML: {error}.") from error


def _sheet(file: Path) -> dict[str, Any]:
    """A version; of a file as Baton ships them the version in it."""
    read = sheet(file, "version of a prompt")
    inside: Any = read.get("version")
    said = cast("dict[str, Any]", inside) if isinstance(inside, dict) else read
    return {name: value for name, value in said.items() if name not in _TOLD}


def _split(reference: str) -> tuple[str, str | None]:
    name, at, which = reference.partition("@")
    return name, which if at else None


def _values(pairs: list[str] | None) -> dict[str, str]:
    values: dict[str, str] = {}
    for pair in pairs or ():
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise Stop(f"--var: write name=value, not {pair!r}.", MISUSED)
        values[name] = value
    return values


def _labels(prompt: PromptView) -> str:
    return ", ".join(f"{word}: {version}" for word, version in prompt.labels.items())


def _tell(prompt: PromptView, sentence: str, as_json: bool) -> None:
    if as_json:
        print_json(prompt)
    else:
        print(sentence)


def _print_detail(found: DetailView) -> None:
    print(f"{found.name}: {found.description}".rstrip(": "))
    if found.use_cases:
        print(f"Serves {', '.join(found.use_cases)}.")
    columns = (
        Column("version", right=True),
        Column("labels"),
        Column("made", whole=True),
        Column("requests", right=True),
        Column("USD", right=True),
        Column("score", right=True),
        Column("quality", right=True),
        Column("notes"),
    )
    rows: list[tuple[str, ...]] = []
    for each in found.versions:
        served = each.served
        rows.append(
            (
                str(each.version),
                ", ".join(each.labels),
                each.made_at[:10],
                "0" if served is None else str(served.requests),
                "0" if served is None else served.cost_usd,
                "–" if served is None or served.score is None else f"{served.score:.2f} ({served.judged})",
                "–"
                if served is None or served.quality is None
                else f"{served.quality:.0f} ({served.assessed})",
                each.notes,
            )
        )
    print_table(columns, rows)


def _print_version(version: VersionView) -> None:
    labels = f" ({', '.join(version.labels)})" if version.labels else ""
    print(f"{version.name}@{version.version}{labels}")
    carried = {"model": version.model, "temperature": version.temperature, "max tokens": version.max_tokens}
    said = [f"{name} {value}" for name, value in carried.items() if value is not None]
    if said:
        print(", ".join(said))
    for each in version.variables:
        default = each.get("default")
        print(f"{{{{{each['name']}}}}}: {each.get('description') or 'no description'}", end="")
        print("" if default is None else f" (else {default!r})")
    for title in _TEXTS:
        text: str = getattr(version, title)
        if text.strip():
            print(f"\n{title}:\n\n{text.strip()}")


def _path(name: str) -> str:
    return f"{_PROMPTS}/{quote(name, safe='')}"


def _version(name: str, which: str) -> str:
    return f"{_path(name)}/versions/{quote(which, safe='')}"


COMMANDS = {
    "list": list_prompts,
    "show": show,
    "set": set_prompt,
    "new": new,
    "label": label,
    "unlabel": unlabel,
    "remove": remove,
    "undo": undo,
    "diff": diff,
    "render": render,
    "test": try_it,
}
