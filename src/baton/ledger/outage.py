"""What keeps the ledger's rows from the database, for people who may see neither rows nor statements."""

from sqlalchemy.exc import SQLAlchemyError

from baton.core.errors import Unavailable


def in_words(error: Unavailable | SQLAlchemyError | OSError) -> str:
    """A sentence."""
    if isinstance(error, Unavailable):
        return error.message
    if isinstance(error, TimeoutError):
        return "The database does not answer."
    if isinstance(error, OSError):
        return f"The journal cannot be read back: {error.strerror}."
    return "The database does not take the ledger's rows; the log says why."
