"""Alembic, run on a connection of ours. Imported by `schema` only when there is something to migrate."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from baton.core.errors import Unavailable

_PACKAGE = Path(__file__).parents[1]
_INSTALLED = _PACKAGE / "migrations"
_CHECKOUT = _PACKAGE.parents[1] / "migrations"
MIGRATIONS = _INSTALLED if _INSTALLED.is_dir() else _CHECKOUT
"""The wheel carries the migrations inside the package; a checkout has them at its root."""


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's settings, for `connection` where something shall be run."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def newest() -> str | None:
    """The newest revision that the files know."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def revisions() -> list[str]:
    """Every revision that the files know, the oldest first."""
    scripts = ScriptDirectory.from_config(configuration())
    return [script.revision for script in scripts.walk_revisions()][::-1]


def migrate(connection: Connection, to: str = "head") -> None:
    """Run every migration that is missing up to a revision, in the connection's own transaction.

    Raises:
        Unavailable: the database has a revision that these files do not know; code `schema_unknown`.
    """
    try:
        command.upgrade(configuration(connection), to)
    except CommandError as error:
        raise Unavailable(
            "The database was made by a newer Baton than this one; start that version, or restore a backup.",
            code="schema_unknown",
        ) from error
