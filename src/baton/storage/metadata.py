"""The one collection of tables, and how their constraints are named."""

from sqlalchemy import BigInteger, Integer, MetaData

METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""Every room declares its tables on this. SQLite can only alter a constraint that has a name."""

PASSING = "passing"
"""In a table's `info`: what it holds is worth nothing in a backup."""

SEQUENCE = BigInteger().with_variant(Integer, "sqlite")
"""The type of a key that the database counts up; SQLite counts only where it reads INTEGER."""
