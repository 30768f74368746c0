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
                f"{name} takes more than {limits.memory_bytes // _MIB} MiB of memory to read.",
                code=_TOO_LARGE,
            )
        case Reason.EMPTY:
            return empty(name)
        case Reason.NOT_TEXT:
            return unknown(name)


def empty(name: str) -> Refused:
    """Nothing is in it."""
    return Invalid(f"{name} is empty: there is no text in it.", code="document_empty")


def unknown(name: str, format_: str | None = None) -> Refused:
    """`format_`: what it seems to be, with its article."""
    seems = "is of no kind that is known here" if format_ is None else f"seems to be {format_}"
    return Invalid(f"{name} {seems}. {_READABLE}", code="document_kind_unknown")


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


def died(name: str, limits: Limits) -> Refused:
    """The child ended without a last word, or with one that makes no sense."""
    return Invalid(
        f"{name} could not be read: the process that opened it broke down. Damaged files do that, and "
        f"files that take more than {limits.memory_bytes // _MIB} MiB of memory.",
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


_BROKEN = "document_unreadable"
_TOO_LARGE = "document_too_large"
