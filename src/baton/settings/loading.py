"""Reading all settings: the environment over one TOML file, checked whole before anything starts."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

from msgspec import Struct
from msgspec.structs import replace
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from baton.core.provider import ProviderSpec
from baton.gateway.cache.provider import CacheProvider
from baton.settings.chain import CHAIN, with_agents, with_chain
from baton.settings.flags import FLAGS, read_flags
from baton.settings.problems import Misconfigured, Problem, hint
from baton.settings.providers import SECTION, read_providers
from baton.settings.values import Settings
from baton.upstream.outbound import allowance

PREFIX = "BATON_"
_CUSTOMARY = {
    "DATABASE_URL": "database_url",
    "KV_URL": "redis_url",
    "REDIS_URL": "redis_url",
    "FALLBACK_CHAIN": "fallback_chain",
    "RESEARCH_PROVIDER": "research_provider",
    "STRATEGY_PROVIDER": "strategy_provider",
    "CRITIQUE_PROVIDER": "critique_provider",
    "ENABLE_CACHE": "enable_cache",
    "CACHE_PROVIDER": "cache_provider",
    "CACHE_TTL": "cache_ttl",
    "CACHE_MAX_SIZE": "cache_max_size",
    "MAX_PROJECT_BUDGET": "max_project_budget",
    "MAX_USER_BUDGET": "max_user_budget",
    "MAX_DAILY_BUDGET": "max_daily_budget",
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

_OUTBOUND, _ALLOWED = "outbound", "allowed_hosts"
"""The file's other section, and what it holds."""


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
    values["providers"] = read_providers(environment, sections, specs, problems)
    values[FLAGS] = read_flags(environment, problems)
    settings: Settings | None = None
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        problems.extend(sources.problem(str(detail["loc"][0]), _plain(detail)) for detail in error.errors())
    if settings is not None:
        problems.extend(sources.problem(name, what) for name, what in _check_files(settings))
        problems.extend(sources.problem("workers", what) for what in _check_workers(settings))
        problems.extend(sources.problem(_ALLOWED, what) for what in _check_hosts(settings))
        problems.extend(sources.problem("cache_provider", what) for what in _check_cache(settings))
        settings, wrong = with_chain(settings, specs)
        problems.extend(sources.problem(CHAIN, what) for what in wrong)
        settings, mistaken = with_agents(settings, specs)
        problems.extend(sources.problem(name, what) for name, what in mistaken)
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
    if FLAGS in values:
        del values[FLAGS]
        problems.append(
            Problem(FLAGS, "stand in the environment, or are set while Baton runs: `baton flags`")
        )
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
            what = f"is no setting of Baton{hint(name, [_ALLOWED], _OUTBOUND + '.{}')}"
            problems.append(Problem(f"{_OUTBOUND}.{name}", what))


def _read_environment(environment: Mapping[str, str], problems: list[Problem]) -> dict[str, Any]:
    values: dict[str, Any] = {
        setting: environment[name] for name, setting in _CUSTOMARY.items() if environment.get(name)
    }
    known = set(Settings.model_fields) - {"providers", FLAGS}
    for name, value in environment.items():
        if not name.startswith(PREFIX) or name in _ELSEWHERE:
            continue
        setting = name.removeprefix(PREFIX).lower()
        if setting in known:
            if value != "":
                values[setting] = value
            continue
        near = hint(setting.upper(), (each.upper() for each in known), PREFIX + "{}")
        problems.append(Problem(name, f"is no setting of Baton{near}"))
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
        if problem.file is None and problem.name.partition(".")[0] in (SECTION, _OUTBOUND):
            return replace(problem, file=str(self.config))
        return problem


def _plain(detail: ErrorDetails) -> str:
    """What a setting must be, for somebody who never heard of the library that checks it."""
    kind, setting = detail["type"], str(detail["loc"][0])
    if kind == "extra_forbidden":
        return f"is no setting of Baton{hint(setting, Settings.model_fields)}"
    if kind == "string_too_short":
        return f"must have at least {detail.get('ctx', {})['min_length']} characters"
    field = Settings.model_fields[setting]
    wanted: Any = field.annotation
    if kind == "literal_error":
        return f"must be one of {', '.join(get_args(wanted))}"
    if kind == "enum":
        words: Any = next(iter(get_args(wanted)), wanted)  # one that may be unset is a union with None
        return f"must be one of {', '.join(words)}"
    if kind == "value_error" and setting == "redis_url":
        return str(detail.get("ctx", {})["error"])
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


def _check_files(settings: Settings) -> Iterator[tuple[str, str]]:
    for name in ("ca_file", "client_certificate"):
        path: Path | None = getattr(settings, name)
        if path is not None and not path.is_file():
            yield name, f"there is no file {path}"
    if settings.data_dir.exists() and not settings.data_dir.is_dir():
        yield "data_dir", f"{settings.data_dir} is not a folder"


def _check_workers(settings: Settings) -> Iterator[str]:
    """What several processes need, and a single one does not."""
    if settings.workers == 1:
        return
    if settings.redis_url is None:
        yield (
            f"{settings.workers} processes need a Redis, set REDIS_URL: each would count limits and budgets "
            f"for itself, so that {settings.workers} times as much could be used and spent"
        )
    if not (settings.database_url or "").startswith("postgres"):
        yield (
            f"{settings.workers} processes need PostgreSQL, set DATABASE_URL: a SQLite file lets one of them "
            "write at a time"
        )


def _check_cache(settings: Settings) -> Iterator[str]:
    if settings.cache_provider is CacheProvider.REDIS and settings.redis_url is None:
        yield "there is no Redis, set REDIS_URL"


def _check_hosts(settings: Settings) -> Iterator[str]:
    for host in settings.allowed_hosts:
        try:
            allowance.read(host)
        except allowance.BadAllowance as error:
            yield f"'{host}' {error}"
