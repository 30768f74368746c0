"""What an installation says: the environment over one TOML file, checked whole before anything starts."""

import difflib
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args
from urllib.parse import urlsplit

from msgspec import Struct
from msgspec.structs import replace
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from baton.core.dialect import Dialect
from baton.core.provider import ProviderSpec
from baton.upstream.directory import ProviderSettings
from baton.upstream.http import HttpSettings
from baton.upstream.outbound import allowance
from baton.upstream.outbound.guard import Guard

PREFIX = "BATON_"
_CUSTOMARY = {
    "DATABASE_URL": "database_url",
    "HTTPS_PROXY": "https_proxy",
    "https_proxy": "https_proxy",
    "HTTP_PROXY": "http_proxy",
    "http_proxy": "http_proxy",
    "NO_PROXY": "no_proxy",
    "no_proxy": "no_proxy",
}
"""Names that many programs honour, and the setting each of them means."""

_ELSEWHERE = frozenset({"BATON_CONFIG", "BATON_URL", "BATON_API_KEY", "BATON_TEST_DATA"})
"""Names of our own that other parts read: the command line and the tests."""

_PROVIDERS = "providers"
_OUTBOUND, _ALLOWED = "outbound", "allowed_hosts"
"""The file's other section, and what it holds."""

_FIELDS = ("api_key", "base_url", "dialect", "enabled", "free_tier")
"""What the file may say of a provider."""

_DIALECTS = tuple(dialect.value for dialect in Dialect if dialect is not Dialect.NATIVE)
"""In which a provider can be asked."""

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


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


def _split(value: object) -> object:
    """Several things in one text, at its commas; anything else as it is."""
    if not isinstance(value, str):
        return value
    return tuple(word for each in value.split(",") if (word := each.strip()))


class Settings(BaseModel):
    """All settings. Each is `BATON_<NAME>` in the environment, or `<name>` in the TOML file.

    `allowed_hosts` stands under `[outbound]` there.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    host: str = "127.0.0.1"
    """Address to listen at."""
    port: Annotated[int, Field(ge=0, le=65535)] = 8080
    """Port to listen at; 0 takes a free one."""
    data_dir: Path = Path(".baton")
    """Folder of the database, the journal and the keys; must outlive the process."""
    database_url: Annotated[str | None, Field(repr=False)] = None
    """SQLAlchemy URL; a SQLite file in the data folder where unset. Also `DATABASE_URL`."""
    master_key: Annotated[Annotated[str, Field(min_length=16)] | None, Field(repr=False)] = None
    """An API key of the first admin, for automation."""
    secret_key: Annotated[Annotated[str, Field(min_length=16)] | None, Field(repr=False)] = None
    """Root of all hashes; a key file is made where unset."""
    retries: Annotated[int, Field(ge=0, le=10)] = 2
    """How often a failed call is made again."""
    strict_models: bool = False
    """Refuse models that the catalog does not know, instead of passing them on unpriced."""
    max_body_mib: Annotated[float, Field(gt=0, le=1024)] = 20
    """Longest request body, MiB."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """How much is logged."""
    https_proxy: Annotated[str | None, Field(repr=False)] = None
    """Proxy for providers at https addresses. Also `HTTPS_PROXY`."""
    http_proxy: Annotated[str | None, Field(repr=False)] = None
    """Proxy for providers at http addresses. Also `HTTP_PROXY`."""
    no_proxy: str = ""
    """Hosts reached without the proxy, comma-separated. Also `NO_PROXY`."""
    ca_file: Path | None = None
    """Further certificate authorities (PEM)."""
    client_certificate: Path | None = None
    """Client certificate and key (PEM)."""
    allowed_hosts: Annotated[tuple[str, ...], BeforeValidator(_split)] = ()
    """Hosts that URLs of requests may lead to although they are not public, comma-separated."""
    providers: dict[str, ProviderSettings] = {}
    """Filled from `<NAME>_API_KEY` and its kin, or `[providers.<name>]`."""

    @property
    def http(self) -> HttpSettings:
        """How to reach providers."""
        return HttpSettings(
            https_proxy=self.https_proxy,
            http_proxy=self.http_proxy,
            no_proxy=self.no_proxy,
            ca_file=str(self.ca_file) if self.ca_file else None,
            client_certificate=str(self.client_certificate) if self.client_certificate else None,
        )

    @property
    def guard(self) -> Guard:
        """Where URLs from outside may lead."""
        return Guard.allowing(self.allowed_hosts)


def load(
    environment: Mapping[str, str],
    specs: Sequence[ProviderSpec],
    config: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Read and check all settings; `overrides` (the command line) beat the environment, which beats the file.

    Raises:
        Misconfigured: with every problem at once.
    """
    problems: list[Problem] = []
    in_file: dict[str, Any] = {}
    sections: Mapping[str, Any] = {}
    if config is not None:
        in_file, sections = _read_file(config, problems)
    options = {name: value for name, value in (overrides or {}).items() if value is not None}
    spoken = _read_environment(environment, problems)
    sources = _Sources(frozenset(options), environment, config)
    values = {**in_file, **spoken, **options}
    values["providers"] = _read_providers(environment, sections, specs, problems)
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems.extend(sources.problem(str(detail["loc"][0]), _plain(detail)) for detail in error.errors())
    if settings is not None:
        problems.extend(sources.problem(name, what) for name, what in _check_files(settings))
        problems.extend(sources.problem(_ALLOWED, what) for what in _check_hosts(settings))
    if problems or settings is None:
        raise Misconfigured([sources.located(problem) for problem in problems])
    return settings


def _read_file(path: Path, problems: list[Problem]) -> tuple[dict[str, Any], Mapping[str, Any]]:
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        problems.append(Problem(str(path), f"cannot be read ({error.strerror})"))
        return {}, {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.append(Problem(str(path), f"is not TOML: {error}"))
        return {}, {}
    _take_outbound(values, problems)
    sections: Any = values.pop("providers", {})
    tables = cast("dict[str, Any]", sections) if isinstance(sections, dict) else {"": None}
    if not all(isinstance(table, dict) for table in tables.values()):
        problems.append(Problem("providers", "must hold tables, e.g. [providers.openai]"))
        return values, {}
    return values, tables


def _take_outbound(values: dict[str, Any], problems: list[Problem]) -> None:
    """Put what stands under `[outbound]` beside the rest."""
    if _ALLOWED in values:
        problems.append(Problem(f"{_OUTBOUND}.{_ALLOWED}", f"must stand under [{_OUTBOUND}]"))
    section: Any = values.pop(_OUTBOUND, {})
    if not isinstance(section, dict):
        problems.append(Problem(_OUTBOUND, f"must be a table, [{_OUTBOUND}]"))
        return
    for name, value in cast("dict[str, Any]", section).items():
        if name == _ALLOWED:
            values[name] = value
        else:
            what = f"is no setting of Baton{_hint(name, [_ALLOWED], _OUTBOUND + '.{}')}"
            problems.append(Problem(f"{_OUTBOUND}.{name}", what))


def _read_environment(environment: Mapping[str, str], problems: list[Problem]) -> dict[str, Any]:
    values: dict[str, Any] = {
        setting: environment[name] for name, setting in _CUSTOMARY.items() if environment.get(name)
    }
    known = set(Settings.model_fields) - {"providers"}
    for name, value in environment.items():
        if not name.startswith(PREFIX) or name in _ELSEWHERE:
            continue
        setting = name.removeprefix(PREFIX).lower()
        if setting in known:
            if value != "":
                values[setting] = value
            continue
        hint = _hint(setting.upper(), (each.upper() for each in known), PREFIX + "{}")
        problems.append(Problem(name, f"is no setting of Baton{hint}"))
    return values


class _Sources(Struct, frozen=True):
    """Who said what, so that a mistake is named as it was written."""

    options: frozenset[str]
    environment: Mapping[str, str]
    config: Path | None

    def problem(self, setting: str, what: str) -> Problem:
        """What is wrong with the value of a setting."""
        own = f"{PREFIX}{setting.upper()}"
        if setting in self.options:
            return Problem(f"--{setting.replace('_', '-')}", what)
        if self.environment.get(own):
            return Problem(own, what)
        for alias, meant in _CUSTOMARY.items():
            if meant == setting and self.environment.get(alias):
                return Problem(alias, what)
        name = f"{_OUTBOUND}.{setting}" if setting == _ALLOWED else setting
        return Problem(name, what, str(self.config))

    def located(self, problem: Problem) -> Problem:
        """The same with the file, where the name is one of the file's."""
        if problem.file is None and problem.name.partition(".")[0] in (_PROVIDERS, _OUTBOUND):
            return replace(problem, file=str(self.config))
        return problem


def _plain(detail: ErrorDetails) -> str:
    """What a setting must be, for somebody who never heard of the library that checks it."""
    kind, setting = detail["type"], str(detail["loc"][0])
    if kind == "extra_forbidden":
        return f"is no setting of Baton{_hint(setting, Settings.model_fields)}"
    if kind == "string_too_short":
        return f"must have at least {detail.get('ctx', {})['min_length']} characters"
    field = Settings.model_fields[setting]
    wanted: Any = field.annotation
    if kind == "literal_error":
        return f"must be one of {', '.join(get_args(wanted))}"
    if setting == _ALLOWED:
        return "must be a list of texts"
    if wanted is bool:
        return "must be true or false"
    if wanted in (int, float):
        return f"must be a {'whole ' if wanted is int else ''}number{_bounds(field.metadata)}"
    return "must be a text"


def _bounds(metadata: Sequence[Any]) -> str:
    said = {
        name: getattr(each, name) for each in metadata for name in ("gt", "ge", "le") if hasattr(each, name)
    }
    least = f"from {said['ge']}" if "ge" in said else f"over {said['gt']}, up"
    return f" {least} to {said['le']}"


def _hint(word: str, known: Iterable[str], form: str = "{}") -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {form.format(near[0])}?" if near else ""


def _check_files(settings: Settings) -> Iterator[tuple[str, str]]:
    for name in ("ca_file", "client_certificate"):
        path: Path | None = getattr(settings, name)
        if path is not None and not path.is_file():
            yield name, f"there is no file {path}"
    if settings.data_dir.exists() and not settings.data_dir.is_dir():
        yield "data_dir", f"{settings.data_dir} is not a folder"


def _check_hosts(settings: Settings) -> Iterator[str]:
    for host in settings.allowed_hosts:
        try:
            allowance.read(host)
        except allowance.BadAllowance as error:
            yield f"'{host}' {error}"


def _read_providers(
    environment: Mapping[str, str],
    sections: Mapping[str, Any],
    specs: Sequence[ProviderSpec],
    problems: list[Problem],
) -> dict[str, ProviderSettings]:
    names = {spec.name for spec in specs}
    problems.extend(
        Problem(f"{_PROVIDERS}.{name}", f"is no provider of Baton{_nearest_provider(name, specs)}")
        for name in sections
        if name not in names
    )
    return {
        spec.name: _ProviderReader(spec, environment, sections.get(spec.name, {}), problems).read()
        for spec in specs
    }


def _nearest_provider(word: str, specs: Sequence[ProviderSpec]) -> str:
    """Its name, by a name or an alias like the word; all names where none is."""
    words = {other: spec.name for spec in specs for other in (spec.name, *spec.aliases)}
    near = difflib.get_close_matches(word.lower(), list(words), n=1)
    if near:
        return f"; did you mean {_PROVIDERS}.{words[near[0]]}?"
    return f"; there are {', '.join(sorted(set(words.values())))}"


def _leads_somewhere(url: str) -> bool:
    """Whether it can be the address of a provider; braces hold a place for the model."""
    if not url.isascii() or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an address in brackets that is none
        return False


class _ProviderReader:
    """Reads one provider's settings from both sources."""

    def __init__(
        self,
        spec: ProviderSpec,
        environment: Mapping[str, str],
        section: Mapping[str, Any],
        problems: list[Problem],
    ) -> None:
        self._spec = spec
        self._environment = environment
        self._section = section
        self._problems = problems
        self._words = [word.upper() for word in (spec.name, *spec.aliases)]

    def read(self) -> ProviderSettings:
        """What is said of the provider; problems are noted, not raised."""
        for field in self._section:
            if field not in _FIELDS:
                what = f"is no setting of a provider{_hint(field, _FIELDS)}"
                self._problems.append(Problem(f"{_PROVIDERS}.{self._spec.name}.{field}", what))
        return ProviderSettings(
            keys=self._keys(),
            base_url=self._base_url(),
            enabled=self._flag("ENABLE_{}", "enabled", default=True),
            free_tier=self._flag("{}_FREE_TIER", "free_tier", default=False),
            dialect=self._dialect(),
        )

    def _find(self, pattern: str, field: str, *others: str) -> tuple[str, str] | None:
        """(name, text) of the first source that says something."""
        for name in (*(pattern.format(word) for word in self._words), *others):
            if self._environment.get(name, "").strip():
                return name, self._environment[name].strip()
        return self._find_in_section(field) if field in self._section else None

    def _find_in_section(self, field: str) -> tuple[str, str] | None:
        name, value = f"providers.{self._spec.name}.{field}", self._section[field]
        if isinstance(value, list):
            value = ",".join(map(str, cast("list[Any]", value)))
        if isinstance(value, str | bool):
            return name, str(value).strip()
        self._problems.append(Problem(name, "must be a text"))
        return None

    def _keys(self) -> tuple[str, ...]:
        found = self._find("{}_API_KEY", "api_key", *self._spec.key_names)
        if found is None:
            return ()
        keys = tuple(key.strip() for key in found[1].split(","))
        if any(not key or not key.isascii() or not key.isprintable() or " " in key for key in keys):
            self._problems.append(Problem(found[0], "holds an empty key, or odd characters"))
            return ()
        if len(set(keys)) != len(keys):
            self._problems.append(Problem(found[0], "names the same key twice"))
        return keys

    def _base_url(self) -> str | None:
        found = self._find("{}_BASE_URL", "base_url")
        if found is None:
            return None
        if not _leads_somewhere(found[1]):
            self._problems.append(Problem(found[0], "must be a URL such as https://host/v1"))
            return None
        return found[1]

    def _dialect(self) -> Dialect | None:
        found = self._find("{}_DIALECT", "dialect")
        if found is None:
            return None
        word = found[1].lower()
        if word not in _DIALECTS:
            what = f"must be one of {', '.join(_DIALECTS)}{_hint(word, _DIALECTS)}"
            self._problems.append(Problem(found[0], what))
            return None
        return Dialect(word)

    def _flag(self, pattern: str, field: str, *, default: bool) -> bool:
        found = self._find(pattern, field)
        if found is None:
            return default
        word = found[1].lower()
        if word not in _TRUE | _FALSE:
            self._problems.append(Problem(found[0], "must be true or false"))
            return default
        return word in _TRUE
