"""What can be a record: a declaration per kind, and the typed value it yields."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

import msgspec
from msgspec import Struct

from baton.core.errors import Invalid

T = TypeVar("T", bound=Struct)

_ENCODER = msgspec.json.Encoder(order="deterministic")
_KEY = re.compile(r"\S(?:[^\x00-\x1f\x7f]{0,253}\S)?")
_PATH = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")  # how msgspec ends its messages

MASK = "***"
"""What stands in the audit in place of a secret."""


class Origin(StrEnum):
    """Who changed a record last; a seed never touches what an admin changed."""

    SEED = "seed"
    ADMIN = "admin"


class Record(Struct, Generic[T], frozen=True, kw_only=True):
    """One revision of a record. `revision` counts from 1 and never comes back, also after a deletion."""

    key: str
    value: T
    revision: int
    origin: Origin
    changed_at_ms: int
    changed_by: str
    deleted: bool = False

    @property
    def etag(self) -> str:
        """The revision as an HTTP entity tag."""
        return f'"{self.revision}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordKind(Generic[T]):
    """A kind of record: its name, its type, what its key is, and what must hold besides the type.

    `check` raises `Invalid` for a value that is well typed and still wrong; it sees nothing but the value.
    `secrets` are the names of fields (of the value itself) that the audit must not show.
    """

    name: str
    type: type[T]
    key: Callable[[T], str]
    check: Callable[[T], None] | None = None
    secrets: frozenset[str] = frozenset()

    def encode(self, value: T) -> str:
        """The value's JSON; the same for equal values."""
        return _ENCODER.encode(value).decode()

    def decode(self, body: str | bytes) -> T:
        """The value of a JSON text.

        Raises:
            Invalid: not JSON, or not of the type; `param` is the path of the field.
        """
        try:
            return msgspec.json.decode(body, type=self.type)
        except msgspec.DecodeError as error:
            raise _invalid(error) from error

    def decode_all(self, body: bytes) -> tuple[T, ...]:
        """The values of a JSON array.

        Raises:
            Invalid: as `decode`; `param` begins with the index, `[3].price`.
        """
        try:
            return tuple(msgspec.json.decode(body, type=list[self.type]))
        except msgspec.DecodeError as error:
            raise _invalid(error) from error

    def checked_key(self, value: T) -> str:
        """The key of a value that may be stored.

        Raises:
            Invalid: a field breaks its own constraints, `check` refuses it, or its key is not 1-255
                printable characters without blanks around.
        """
        self.decode(self.encode(value))  # a Struct made in code was never held against its constraints
        if self.check is not None:
            self.check(value)
        key = self.key(value)
        if _KEY.fullmatch(key) is None:
            raise Invalid(
                "A key has 1 to 255 printable characters, no blanks around.",
                code="invalid_record",
                param="key",
            )
        return key

    def masked(self, body: str) -> str:
        """The body as the audit may show it."""
        if not self.secrets:
            return body
        fields = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        mask = msgspec.Raw(msgspec.json.encode(MASK))
        shown = {
            name: mask if name in self._secret_names() and bytes(raw) != b"null" else raw
            for name, raw in fields.items()
        }
        return msgspec.json.encode(shown).decode()

    def _secret_names(self) -> frozenset[str]:
        """The secrets' names as they stand in JSON, where a type may rename its fields."""
        fields = msgspec.structs.fields(self.type)
        return frozenset(field.encode_name for field in fields if field.name in self.secrets)


def _invalid(error: msgspec.DecodeError) -> Invalid:
    message = str(error)
    found = _PATH.search(message)
    path = found["path"] if found is not None else ""
    text = message if found is None else message[: found.start()]
    return Invalid(f"{text}.", code="invalid_record", param=path or None)
