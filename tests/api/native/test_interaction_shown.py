"""How interactions are shown."""

from typing import Any

import msgspec
import pytest

from baton.api.native.interaction_shown import interaction_detail
from baton.ledger.repricings import Repricing
from baton.ledger.stored import AttemptRow, FeedbackRow, InteractionRow, Whole

JSON: dict[str, Any] = {
    "tags": '{"a":"b"}',
    "context": "[1]",
    "scores": '{"final":1,"quality":1,"cost":1,"availability":1,"shift":0}',
    "charges": '{"web_search":1}',
    "routing": '{"source":"score"}',
}
OTHER_JSON: dict[str, Any] = {
    "tags": "{}",
    "context": "[2]",
    "scores": '{"final":1,"quality":1,"cost":1,"availability":1,"shift":1}',
    "charges": '{"web_search":2}',
    "routing": '{"source":"rule"}',
}


def of(kind: type[Any], number: int, text: str) -> dict[str, Any]:
    """A value of its type for each field."""
    found: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        options = getattr(field.type, "__args__", (field.type,))
        found[field.name] = {int: number, bool: bool(number % 2), float: float(number), str: text}[options[0]]
    return found | {name: JSON[name] for name in JSON.keys() & found.keys()}


ROWS = (InteractionRow, AttemptRow, FeedbackRow, Repricing)
WHOLE: dict[type[Any], dict[str, Any]] = {kind: of(kind, 1, "x") for kind in ROWS}
FIELDS = [
    (kind, name)
    for kind in ROWS
    for name in kind.__struct_fields__
    if not (name == "interaction_id" and kind is not InteractionRow)
]


def shown(rows: dict[type[Any], dict[str, Any]]) -> str:
    return interaction_detail(
        Whole(
            interaction=InteractionRow(**rows[InteractionRow]),
            attempts=(AttemptRow(**rows[AttemptRow]),),
            feedback=FeedbackRow(**rows[FeedbackRow]),
            repriced=Repricing(**rows[Repricing]),
        )
    ).model_dump_json(by_alias=True)


@pytest.mark.parametrize(("kind", "name"), FIELDS)
def test_nothing_that_is_recorded_is_kept_back(kind: type[Any], name: str) -> None:
    """Another value in any column is seen in what the API shows, and exports write."""
    other = OTHER_JSON.get(name, of(kind, 2, "y")[name])
    assert shown(WHOLE) != shown(WHOLE | {kind: WHOLE[kind] | {name: other}})
