"""Personal values in the audit, sealed under a key of each person's own, so that they can be erased.

The chain hashes what is stored. Where a person is erased the key goes and the rows stay, so the chain holds.
"""

import secrets
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import RowMapping, insert, literal_column, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.types import NullType

from baton.records.audit.tables import AUDIT_PERSONS

ERASED = "erased"
"""What a reader sees in place of the values of a person who was erased."""

UNREADABLE = "unreadable"
"""What a reader sees where the key is another one: somebody has tampered with it."""

_KEY_BYTES = 32
_NONCE_BYTES = 12  # of AES-GCM, NIST SP 800-38D; random, and a person has far fewer values than 2**32
_C = AUDIT_PERSONS.c
_KEYS = select(_C.id, literal_column("wrapped", NullType())).select_from(AUDIT_PERSONS)
"""Past the column's type, which could not convert just anything that somebody has put there."""


class Part(StrEnum):
    """What is sealed; one cannot be put in another's place."""

    KEY = "key"
    ADDRESS = "address"
    PERSONAL = "personal"


class PersonKey:
    """Seals and opens what belongs to one person. `key` None: the person was erased."""

    def __init__(self, person: str, key: bytes | None, random_bytes: Callable[[int], bytes]) -> None:
        self._person = person
        self._cipher = None if key is None else AESGCM(key)
        self._random_bytes = random_bytes

    @property
    def is_erased(self) -> bool:
        """Whether there is no key any more."""
        return self._cipher is None

    def seal(self, part: Part, plain: bytes) -> bytes:
        """The value as it is stored: nothing at all, if there is no key any more."""
        if self._cipher is None:
            return b""
        nonce = self._random_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, plain, _owner(part, self._person))

    def open(self, part: Part, sealed: bytes) -> bytes | None:
        """The value; None: the person was erased.

        Raises:
            InvalidTag: it was not sealed so.
        """
        if self._cipher is None:
            return None
        if not sealed:
            raise InvalidTag
        return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _owner(part, self._person))


class Persons:
    """The keys in the database, wrapped (AES-GCM, bound to their person) under one that is not there."""

    def __init__(self, key: bytes, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._wrapping = AESGCM(key)
        self._random_bytes = random_bytes

    async def key(self, connection: AsyncConnection, person: str, at_ms: int) -> PersonKey:
        """The person's key, made where there is none. Nobody else may write meanwhile.

        Where what is stored is no key of ours, values are kept as little as those of the erased.
        """
        known = await self.keys(connection, (person,))
        if person in known:
            return known[person] or PersonKey(person, None, self._random_bytes)
        fresh = self._random_bytes(_KEY_BYTES)
        nonce = self._random_bytes(_NONCE_BYTES)
        wrapped = nonce + self._wrapping.encrypt(nonce, fresh, _owner(Part.KEY, person))
        values = {"id": person, "wrapped": wrapped, "made_ms": at_ms}
        await connection.execute(insert(AUDIT_PERSONS).values(values))
        return PersonKey(person, fresh, self._random_bytes)

    async def keys(
        self, connection: AsyncConnection, persons: Collection[str]
    ) -> Mapping[str, PersonKey | None]:
        """The keys of those who have one or had one; None: what is stored is no key of ours."""
        if not persons:
            return {}
        rows = (await connection.execute(_KEYS.where(_C.id.in_(sorted(persons))))).mappings()
        return {row["id"]: self._unwrapped(row) for row in rows}

    async def all(self, connection: AsyncConnection) -> Mapping[str, PersonKey | None]:
        """The keys of everybody, as `keys`."""
        return {row["id"]: self._unwrapped(row) for row in (await connection.execute(_KEYS)).mappings()}

    async def erase(self, connection: AsyncConnection, person: str, at_ms: int) -> bool:
        """Destroy the person's key; whether that was still to be done. Values written later are not kept."""
        if person not in await self.keys(connection, (person,)):
            values = {"id": person, "made_ms": at_ms, "erased_ms": at_ms}
            await connection.execute(insert(AUDIT_PERSONS).values(values))
            return True
        gone = update(AUDIT_PERSONS).where(_C.id == person, _C.wrapped.is_not(None))
        done = await connection.execute(gone.values(wrapped=None, erased_ms=at_ms))
        return done.rowcount > 0

    def _unwrapped(self, row: RowMapping) -> PersonKey | None:
        wrapped: object = row["wrapped"]
        person: str = row["id"]
        if wrapped is None:
            return PersonKey(person, None, self._random_bytes)
        if not isinstance(wrapped, bytes):
            return None
        try:
            key = self._wrapping.decrypt(
                wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], _owner(Part.KEY, person)
            )
        except (InvalidTag, ValueError):
            return None
        return PersonKey(person, key, self._random_bytes)


def _owner(part: Part, person: str) -> bytes:
    return f"baton audit 1\0{part.value}\0{person}".encode()
