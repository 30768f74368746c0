"""An entry of the audit as it is shown and given out."""

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

import msgspec
from msgspec import Raw

from baton.access.identity.entities import ApiKey, User
from baton.api.admin import keys, users
from baton.api.bodies import Shown, moment
from baton.catalog import admin_body
from baton.catalog.model import Model
from baton.records.audit.entry import AuditEntry


class EntryShown(Shown):
    """One change; `before` null: it was not there, `after` null: it is gone.

    Both are written as the routes of their kind show them; secrets and people's names are masked.
    """

    id: int
    at: datetime
    actor_id: str
    source: str
    action: str
    kind: str
    key: str
    before: Any
    after: Any


def entry_shown(entry: AuditEntry) -> EntryShown:
    """An entry as it is shown."""
    return EntryShown(
        id=entry.id,
        at=moment(entry.at_ms),
        actor_id=entry.actor_id,
        source=entry.source,
        action=entry.action,
        kind=entry.kind,
        key=entry.key,
        before=_value(entry.kind, entry.before),
        after=_value(entry.kind, entry.after),
    )


def _model(text: Raw) -> dict[str, object]:
    model = msgspec.json.decode(text, type=Model)
    return {"id": model.id, **admin_body.write(model)}


def _key(text: Raw) -> dict[str, object]:
    return keys.key_shown(msgspec.json.decode(text, type=ApiKey)).model_dump(mode="json", by_alias=True)


def _user(text: Raw) -> dict[str, object]:
    return users.user_shown(msgspec.json.decode(text, type=User)).model_dump(mode="json", by_alias=True)


_SHOWN: Mapping[str, Callable[[Raw], dict[str, object]]] = MappingProxyType(
    {"model": _model, "api_key": _key, "user": _user}
)
"""How the value of an entry is shown, by its kind: as that kind's own routes show it."""


def _value(kind: str, text: Raw | None) -> object:
    """A stored value as it is shown; one that an older version wrote in another form, as it is stored.

    What somebody has put there instead of JSON is shown, too: who looks for what was done must see it.
    """
    if text is None:
        return None
    try:
        return _SHOWN[kind](text)
    except (KeyError, msgspec.DecodeError):
        pass
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return bytes(text).decode()
