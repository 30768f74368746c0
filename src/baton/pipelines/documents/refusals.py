"""Why a document is not read, for the person who sent it."""

from baton.core.errors import Invalid, Refused, TooLarge, Unavailable
from baton.pipelines.documents.limits import Limits
from baton.pipelines.documents.words import Reason

_READABLE = "PDF, Markdown and plain text can be read."
_MIB = 2**20
_BUSY_S = 5.0
"""After which a turn may have come."""


def refused(reason: Reason, name: str, limits: Limits) -> Refused:
    """What the child found."""
    match reason:
        case Reason.BROKEN:
            return Invalid(f"{name} is damaged: it begins as a PDF does, and cannot be opened.", code=_BROKEN)
        case Reason.LOCKED:
            return Invalid(
                f"{name} is locked by a password. Save it without one and send it again.",
                code="document_encrypted",
            )
        case Reason.MEMORY:
            return TooLarge(
                f"{name} takes more than {limits.memory_bytes // _MIB} MiB of memory to read, as "
                "damaged files may.",
                code=_TOO_LARGE,
            )
        case Reason.EMPTY:
            return empty(name)
        case Reason.NOT_TEXT:
            return Invalid(f"{name} is no text in UTF-8, UTF-16 or Windows-1252. {_READABLE}", code=_UNKNOWN)


def empty(name: str) -> Refused:
    """Nothing is in it."""
    return Invalid(f"{name} is empty: there is no text in it.", code="document_empty")


def unknown(name: str, format_: str) -> Refused:
    """`format_`: what it seems to be, with its article."""
    return Invalid(f"{name} seems to be {format_}. {_READABLE}", code=_UNKNOWN)


def too_large(name: str, size: int, limits: Limits) -> Refused:
    """`size`: of the file, bytes."""
    return TooLarge(
        f"{name} has {size / _MIB:.1f} MiB; at most {limits.file_bytes / _MIB:g} MiB are read.",
        code=_TOO_LARGE,
    )


def too_slow(name: str, limits: Limits) -> Refused:
    """It was given up."""
    return Invalid(
        f"{name} could not be read within {limits.seconds:g} seconds and was given up.",
        code="document_too_slow",
    )


def died(name: str) -> Refused:
    """The child ended without a last word, or with one that makes no sense."""
    return Invalid(
        f"{name} could not be read: the process that opened it broke down. Damaged files do that.",
        code=_BROKEN,
    )


def busy() -> Refused:
    """Too many are being read."""
    return Unavailable(
        "Too many documents are being read; try again.", code="documents_busy", retry_after_s=_BUSY_S
    )


def unstartable() -> Refused:
    """The system gives no process."""
    return Unavailable("No process could be started to read the document; try again.", code="documents_busy")


def closing() -> Refused:
    """Baton is shutting down."""
    return Unavailable("Baton is shutting down and reads no more documents.", code="shutting_down")


_UNKNOWN = "document_kind_unknown"
_BROKEN = "document_unreadable"
_TOO_LARGE = "document_too_large"
