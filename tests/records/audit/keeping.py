"""The audit of tests: its keys, and who writes it."""

from baton.records.audit.keys import AuditKeys
from baton.records.audit.scribe import Scribe

KEYS = AuditKeys(chain=b"c" * 32, persons=b"p" * 32)
SCRIBE = Scribe(KEYS)
