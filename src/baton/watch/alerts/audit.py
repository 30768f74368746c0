"""What an examination of the audit means to those who have to act."""

from baton.records.audit.verdict import Anchor, Break, Flaw, Verdict
from baton.watch.alerts.alert import AlertKind, Key

SUBJECT = "audit"
SUSPICION = "Its end is not the one that was seen last; `baton audit verify` says more."


def findings(verdict: Verdict, anchor: Anchor | None) -> tuple[tuple[Key, str | None], ...]:
    """What is to be said of the audit, and of the anchor if there was one; None: it holds.

    They are two subjects, since an examination without the anchor says nothing of what the anchor told.
    """
    inner = [each for each in verdict.breaks if each.flaw is not Flaw.ANCHOR]
    found = [(Key(AlertKind.AUDIT_BROKEN, SUBJECT), _words(inner, verdict.more))]
    if anchor is not None:
        lost = [each for each in verdict.breaks if each.flaw is Flaw.ANCHOR]
        found.append((Key(AlertKind.AUDIT_BROKEN, f"{SUBJECT}, anchor of {anchor.rows}"), _words(lost, 0)))
    return tuple(found)


def _words(breaks: list[Break], more: int) -> str | None:
    if not breaks:
        return None
    first = breaks[0]
    place = f" at row {first.row}" if first.row is not None else ""
    place = f" of person {first.person}" if first.person is not None else place
    further = len(breaks) - 1 + more
    return f"It does not verify: {first.flaw}{place}" + (f", and {further} more." if further else ".")
