"""What an archive says of itself, in its last member: without that it is not whole."""

from msgspec import Struct

FORMAT = 1
"""Archives of a higher one are not read."""

MANIFEST = "manifest.json"


class Member(Struct, frozen=True, kw_only=True, rename="camel"):
    """One file in an archive."""

    name: str
    size: int
    """Bytes, before they were compressed."""
    sha256: str


class StoredTable(Struct, frozen=True, kw_only=True, rename="camel"):
    """A table; its rows lie in `tables/<name>/`, each a JSON array of the columns in this order."""

    name: str
    columns: tuple[str, ...]
    rows: int


class Origin(Struct, frozen=True, kw_only=True, rename="camel"):
    """Where an archive comes from."""

    version: str
    """Of the Baton that made it."""
    made_at: str
    """ISO 8601, UTC."""
    database: str
    """Its kind."""
    revision: str
    """The version of its tables."""
    secret_held: bool
    """Whether the root of all hashes is among the files."""
    secret_check: str
    """Tells whether a root is the one that was in use, and nothing else of it."""


class Manifest(Struct, frozen=True, kw_only=True, rename="camel"):
    """Everything that is in an archive."""

    format: int = FORMAT
    origin: Origin
    tables: tuple[StoredTable, ...]
    members: tuple[Member, ...]

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(table.rows for table in self.tables)
