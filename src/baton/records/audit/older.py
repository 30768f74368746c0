"""Rows that were written before there was a chain: hung in once, in the order of their ids."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.records.audit.entry import ADDRESS, CHANNELS
from baton.records.audit.link import FORM, GENESIS, SIGNED, Head, sign_row
from baton.records.audit.persons import Part, PersonKey, Persons
from baton.records.audit.tables import AUDIT_ENTRIES

_BATCH = 1000
_C = AUDIT_ENTRIES.c
_HANG = (
    update(AUDIT_ENTRIES)
    .where(_C.id == bindparam("row_id"))
    .values({name: bindparam(name) for name in ("source", "address", "form", "previous", "digest")})
)


async def any_chained(connection: AsyncConnection) -> bool:
    """Whether some row says that it hangs in a chain already."""
    query = select(exists(select(_C.id).where(_C.digest.is_not(None))))
    return bool((await connection.execute(query)).scalar_one())


async def hang_in(connection: AsyncConnection, key: bytes, persons: Persons, at_ms: int) -> Head:
    """Hang all rows in, their addresses sealed; gives the head, which is not stored yet."""
    count, last_id, digest = 0, 0, GENESIS
    keys: dict[str, PersonKey] = {}
    while True:
        query = select(AUDIT_ENTRIES).where(_C.id > last_id).order_by(_C.id).limit(_BATCH)
        found = (await connection.execute(query)).mappings().all()
        if not found:
            return Head(rows=count, last_id=last_id, digest=digest, begun_ms=at_ms, older_rows=count)
        changed: list[Mapping[str, Any]] = []
        for row in found:
            values: dict[str, Any] = {**row, "form": FORM, "previous": digest}
            if row["source"] not in CHANNELS:
                actor: str = row["actor_id"]
                if actor not in keys:
                    keys[actor] = await persons.key(connection, actor, at_ms)
                values["address"] = keys[actor].seal(Part.ADDRESS, row["source"].encode())
                values["source"] = ADDRESS
            digest = sign_row(key, _signed(values))
            last_id = row["id"]
            changed.append({**_of(values), "digest": digest, "row_id": last_id})
        await connection.execute(_HANG, changed)
        count += len(found)


def _signed(values: Mapping[str, Any]) -> Sequence[Any]:
    return [values[name] for name in SIGNED]


def _of(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in ("source", "address", "form", "previous")}
