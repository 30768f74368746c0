"""What somebody who can write the audit's tables may do to them: everything but what needs the keys."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from baton.records.audit.link import GENESIS, SIGNED, Head, sign_head, sign_row

Row = dict[str, Any]

COLUMNS = (*SIGNED, "digest")
_INTEGERS = ("form", "id", "at_ms")
_TEXTS = ("actor_id", "source", "action", "kind", "key", "before", "after", "person")
_REQUIRED = ("id", "at_ms", "actor_id", "source", "action", "kind", "key")


@dataclass
class Tables:
    """What is in the tables."""

    rows: list[Row]
    heads: list[Row]
    persons: list[Row]


def tamper(rng: random.Random, tables: Tables) -> str:
    """Do one thing at random to a copy of the tables; its name."""
    act = rng.choice(ACTS)
    act(rng, tables)
    return act.__name__


def other(rng: random.Random, name: str, value: Any) -> Any:
    """Another value for a column, which may look very like the one that is there."""
    if value is not None and name not in _REQUIRED and rng.random() < 0.2:
        return None
    if name in _INTEGERS or name in ("rows", "last_id", "begun_ms", "older_rows"):
        return (value or 0) + rng.choice((-1, 1, 2, 1000))
    if name in _TEXTS:
        text = value or ""
        place = rng.randrange(len(text) + 1)
        letter = rng.choice("aA0 {}\u00e9")
        longer = text[:place] + letter + text[place:]
        return text[:-1] if text and rng.random() < 0.4 and name not in _REQUIRED else longer
    content = value or b""
    if not content or rng.random() < 0.2:
        return content + b"\0"
    place = rng.randrange(len(content))
    return content[:place] + bytes((content[place] ^ 1 << rng.randrange(8),)) + content[place + 1 :]


def edit(rng: random.Random, tables: Tables) -> None:
    """One column of one row."""
    row = rng.choice(tables.rows)
    name = rng.choice([name for name in COLUMNS if name != "id"])
    row[name] = other(rng, name, row[name])


def number_anew(rng: random.Random, tables: Tables) -> None:
    """Another id, in or out of the order."""
    taken = {row["id"] for row in tables.rows}
    rng.choice(tables.rows)["id"] = rng.choice([n for n in range(-2, 200) if n not in taken])


def borrow(rng: random.Random, tables: Tables) -> None:
    """A column of one row from another, where they differ."""
    one, two = rng.sample(tables.rows, 2)
    name = rng.choice([name for name in COLUMNS if name != "id" and one[name] != two[name]])
    one[name] = two[name]


def delete(rng: random.Random, tables: Tables) -> None:
    """Some rows, anywhere."""
    for row in rng.sample(tables.rows, rng.randint(1, 4)):
        tables.rows.remove(row)


def copy(rng: random.Random, tables: Tables) -> None:
    """A row once more, at the end."""
    tables.rows.append({**rng.choice(tables.rows), "id": tables.rows[-1]["id"] + 1})


def follow(rng: random.Random, tables: Tables) -> None:
    """A row that follows the last one, signed with a key of one's own."""
    last = tables.rows[-1]
    made = {**rng.choice(tables.rows), "id": last["id"] + 1, "previous": last["digest"], "key": "forged"}
    made["digest"] = sign_row(rng.randbytes(32), [made[name] for name in SIGNED])
    tables.rows.append(made)


def exchange(rng: random.Random, tables: Tables) -> None:
    """Two rows, but for their ids; or but for their ids and their links."""
    one, two = rng.sample(tables.rows, 2)
    kept = rng.choice((("id",), ("id", "previous", "digest")))
    for name in COLUMNS:
        if name not in kept:
            one[name], two[name] = two[name], one[name]


def rotate(rng: random.Random, tables: Tables) -> None:
    """The ids of a stretch of rows."""
    begin = rng.randrange(len(tables.rows) - 2)
    stretch = tables.rows[begin : rng.randint(begin + 2, len(tables.rows))]
    ids = [row["id"] for row in stretch]
    for row, number in zip(stretch, [*ids[1:], ids[0]], strict=True):
        row["id"] = number


def truncate(rng: random.Random, tables: Tables) -> None:
    """The newest rows, and the head as it may have been before them, under the seal that is there."""
    del tables.rows[-rng.randint(1, len(tables.rows) - 1) :]
    if rng.random() < 0.7:
        last = tables.rows[-1]
        tables.heads[0] |= {"rows": len(tables.rows), "last_id": last["id"], "digest": last["digest"]}


def edit_head(rng: random.Random, tables: Tables) -> None:
    """One column of the head."""
    name = rng.choice(("rows", "last_id", "digest", "begun_ms", "older_rows", "seal"))
    tables.heads[0][name] = other(rng, name, tables.heads[0][name]) or b""


def drop_head(rng: random.Random, tables: Tables) -> None:
    """The head, with or without the rows."""
    tables.heads.clear()
    if rng.random() < 0.5:
        tables.rows.clear()


def unbegin(rng: random.Random, tables: Tables) -> None:
    """The head says that nothing has begun yet; perhaps nothing is there, either."""
    tables.heads[0] |= {"rows": 0, "last_id": 0, "digest": GENESIS, "seal": None}
    if rng.random() < 0.5:
        tables.rows.clear()


def replace_all(rng: random.Random, tables: Tables) -> None:
    """The whole chain and its head, made anew with all that is known but the key."""
    key = rng.choice((b"", bytes(32), rng.randbytes(32)))
    rng.choice(tables.rows)["actor_id"] = "somebody-else"
    digest = GENESIS
    for row in tables.rows:
        row["previous"] = digest
        digest = row["digest"] = sign_row(key, [row[name] for name in SIGNED])
    last = tables.rows[-1]["id"]
    head = Head(rows=len(tables.rows), last_id=last, digest=digest, begun_ms=1, older_rows=0)
    tables.heads = [
        {
            "id": 1,
            "rows": head.rows,
            "last_id": last,
            "digest": digest,
            "begun_ms": 1,
            "older_rows": 0,
            "seal": sign_head(key, head),
        }
    ]


def take_person(rng: random.Random, tables: Tables) -> None:
    """A person's key: another's, a changed one, or none, also not as one who was erased."""
    living = [row for row in tables.persons if row["wrapped"] is not None]
    one, two = rng.sample(living, 2)
    match rng.randrange(4):
        case 0:
            one["wrapped"] = two["wrapped"]
        case 1:
            one["wrapped"] = other(rng, "digest", one["wrapped"])
        case 2:
            one |= {"wrapped": None, "erased_ms": 1}
        case _:
            tables.persons.remove(one)


ACTS: tuple[Callable[[random.Random, Tables], None], ...] = (
    edit,
    number_anew,
    borrow,
    delete,
    copy,
    follow,
    exchange,
    rotate,
    truncate,
    edit_head,
    drop_head,
    unbegin,
    replace_all,
    take_person,
)
