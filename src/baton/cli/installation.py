"""Which installation a command is about: its settings, from options, environment and file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from baton.catalog.seed import packaged_models
from baton.catalog.tiers import DEFAULT_TIERS
from baton.cli.oversights import Oversight, oversights
from baton.cli.stop import MISUSED, Stop
from baton.settings import Misconfigured, Settings, load
from baton.upstream.directory import declared

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", help="Folder of database, journal and keys. [env: BATON_DATA_DIR; .baton]"),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", help="Settings as a TOML file. [env: BATON_CONFIG]")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The options that say which installation is meant."""

    data_dir: DataDir = None
    config: ConfigFile = None


def read_settings(
    config: Path | None, data_dir: Path | None = None, overrides: Mapping[str, Any] | None = None
) -> Settings:
    """The settings: `overrides` and `data_dir` (options) before the environment before the file.

    Raises:
        Stop: they cannot be used; every problem with the name of what to set, exit code 2.
    """
    config = config_file(config)
    try:
        return load(os.environ, declared(), config, {**(overrides or {}), "data_dir": data_dir})
    except Misconfigured as error:
        lines = [f"  {problem}" for problem in error.problems]
        raise Stop("\n".join(["the settings cannot be used:", *lines]), MISUSED) from error


def existing(config: Path | None, data_dir: Path | None) -> Settings:
    """The settings of an installation that has been started before: looking at one must not make it.

    Raises:
        Stop: there is no data folder, or the settings cannot be used.
    """
    settings = read_settings(config, data_dir)
    if not settings.data_dir.exists():
        raise Stop(f"there is no data folder {settings.data_dir.resolve()}; the first start makes it.")
    return settings


def overlooked() -> tuple[Oversight, ...]:
    """What the environment of this process says in vain."""
    models = (f"{model.provider}/{model.name}" for model in packaged_models(DEFAULT_TIERS))
    return oversights(os.environ, declared(), models)


def config_file(option: Path | None) -> Path | None:
    """The TOML file, if one was named."""
    named = os.environ.get("BATON_CONFIG")
    return option or (Path(named) if named else None)
