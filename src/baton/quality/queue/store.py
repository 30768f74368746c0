"""Scores and reviews in the database."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import ColumnElement, RowMapping, and_, exists, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from baton.access.signin.seal import Seal
from baton.core.errors import Invalid, NotFound
from baton.quality.agreement import GRADES, Agreement, agreement
from baton.quality.objection import Kind
from baton.quality.queue.item import (
    LOOKED_AT,
    Examined,
    Item,
    Opinion,
    Review,
    Said,
    State,
    checked,
)
from baton.quality.queue.tables import REVIEWS, SCORES
from baton.quality.scores import Scores
from baton.quality.verdict import Verdict
from baton.records.audit.entry import Actor, Change
from baton.records.audit.scribe import Scribe
from baton.storage.database import Database

PURPOSE = "quality content v1"
"""What the key for what was said is derived for."""

MAX_PAGE = 500
"""Also how many interactions are looked up at once: SQLite takes no more than 999 values."""

AUDITED = "quality_review"
"""What the audit calls a review."""

_C = SCORES.c
_R = REVIEWS.c
_LAST = chr(0x10FFFF)
_CURSOR = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_REVIEWED = exists(select(_R.score_id).where(_R.score_id == _C.id))
_WANTED = or_(
    _C.verdict.in_([verdict.value for verdict, wanted in LOOKED_AT.items() if wanted]),
    and_(_C.verdict == Verdict.UNSCORED.value, _C.run_id.is_not(None)),
)
_STATES: dict[State, ColumnElement[bool]] = {
    State.WAITING: and_(_WANTED, ~_REVIEWED),
    State.REVIEWED: _REVIEWED,
    State.NONE: and_(~_WANTED, ~_REVIEWED),
}


class Wanted(Struct, frozen=True, kw_only=True):
    """Which outputs; None: all of them. Times in Unix milliseconds."""

    verdict: Verdict | None = None
    state: State | None = None
    use_case: str | None = None
    model: str | None = None
    """`provider/name`."""
    prompt: str | None = None
    """By its name, whatever version."""
    since_ms: int | None = None
    """Inclusive."""


class Page(Struct, frozen=True):
    """Some outputs, those assessed last first, without what was said of them in words."""

    items: tuple[Item, ...]
    next: str | None


class Queue:
    """Reads and writes them. Everything here raises `Unavailable` while the database is away."""

    def __init__(self, database: Database, scribe: Scribe, seal: Seal) -> None:
        """`seal`: of `PURPOSE`."""
        self._database = database
        self._scribe = scribe
        self._seal = seal

    async def add(self, item: Item) -> None:
        """Keep what was said of an output.

        Raises:
            Conflict: of that interaction something is kept already; `duplicate`.
        """
        async with self._database.write() as connection:
            await connection.execute(insert(SCORES).values(self._row(item)))

    async def page(self, wanted: Wanted, *, limit: int = 50, cursor: str | None = None) -> Page:
        """At most `limit` outputs. `cursor` is a page's `next`.

        Raises:
            Invalid: a cursor that is not ours.
        """
        limit = min(max(limit, 1), MAX_PAGE)
        query = select(SCORES).where(*conditions(wanted)).order_by(_C.id.desc()).limit(limit + 1)
        if cursor is not None:
            if not _CURSOR.fullmatch(cursor):
                raise Invalid("The cursor is not one that this list gave.", param="cursor")
            query = query.where(cursor > _C.id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
            items = await self._items(connection, rows[:limit])
        return Page(items, items[-1].id if len(rows) > limit else None)

    async def one(self, item_id: str) -> Item:
        """One of them with all that was said.

        Raises:
            NotFound: there is none.
            Unavailable: also where it was sealed under another secret; code `unreadable_secret`.
        """
        async with self._database.read() as connection:
            return await self._one(connection, item_id)

    async def of_interactions(self, ids: Sequence[str]) -> dict[str, Item]:
        """What was said of these interactions' answers, by their ids; at most `MAX_PAGE`."""
        if not ids:
            return {}
        query = select(SCORES).where(_C.interaction_id.in_(ids))
        async with self._database.read() as connection:
            items = await self._items(connection, (await connection.execute(query)).mappings().all())
        return {each.examined.interaction_id or "": each for each in items}

    async def review(self, item_id: str, review: Review, actor: Actor) -> Item:
        """Keep what somebody says of it, in the place of what they said before.

        Raises:
            NotFound: there is none.
            Invalid: its score says the other thing than its verdict.
        """
        checked(review)
        key = and_(_R.score_id == item_id, _R.reviewer == review.reviewer)
        notes = None if review.notes is None else self._closed(review, item_id)
        values = {
            "at_ms": review.at_ms,
            "verdict": review.verdict.value,
            "score": review.score,
            "notes": notes,
        }
        async with self._database.write() as connection:
            found = await connection.execute(select(_C.id).where(_C.id == item_id))
            if found.scalar_one_or_none() is None:
                raise _absent()
            before = (await connection.execute(select(_R.verdict, _R.score).where(key))).one_or_none()
            if before is None:
                row = {"score_id": item_id, "reviewer": review.reviewer, **values}
                await connection.execute(insert(REVIEWS).values(row))
            else:
                await connection.execute(update(REVIEWS).where(key).values(values))
            change = Change(
                action="create" if before is None else "update",
                kind=AUDITED,
                key=f"{item_id}/{review.reviewer}",
                before=None if before is None else _audited(*before),
                after=_audited(review.verdict.value, review.score),
            )
            await self._scribe.append(connection, actor, review.at_ms, [change])
            return await self._one(connection, item_id)

    async def agreement(self, wanted: Wanted) -> Agreement:
        """How far scorers and reviewers agree, over all outputs that both have graded; of two reviewers of
        one output each counts."""
        query = (
            select(_C.verdict, REVIEWS)
            .join_from(REVIEWS, SCORES, _R.score_id == _C.id)
            .where(*conditions(wanted), _C.verdict != Verdict.UNSCORED.value)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return agreement(
            (
                GRADES[Verdict(row[0])],
                Review(reviewer=row.reviewer, at_ms=0, verdict=Opinion(row[4]), score=row.score).grade,
            )
            for row in rows
        )

    async def _one(self, connection: AsyncConnection, item_id: str) -> Item:
        query = select(SCORES).where(_C.id == item_id)
        rows = (await connection.execute(query)).mappings().all()
        if not rows:
            raise _absent()
        [item] = await self._items(connection, rows, said=True)
        return item

    async def _items(
        self, connection: AsyncConnection, rows: Sequence[RowMapping], *, said: bool = False
    ) -> tuple[Item, ...]:
        """With their reviews; `said`: also with what was said in words."""
        if not rows:
            return ()
        query = select(REVIEWS).where(_R.score_id.in_([row["id"] for row in rows])).order_by(_R.at_ms)
        reviews: dict[str, list[Review]] = defaultdict(list)
        for row in (await connection.execute(query)).mappings():
            notes = row["notes"] if said else None
            reviews[row["score_id"]].append(
                Review(
                    reviewer=row["reviewer"],
                    at_ms=row["at_ms"],
                    verdict=Opinion(row["verdict"]),
                    score=row["score"],
                    notes=None if notes is None else self._seal.open(notes, _place(row)).decode(),
                )
            )
        return tuple(self._item(row, reviews.get(row["id"], ()), said=said) for row in rows)

    def _item(self, row: RowMapping, reviews: Iterable[Review], *, said: bool) -> Item:
        scored = row["completeness"] is not None
        return Item(
            id=row["id"],
            at_ms=row["at_ms"],
            examined=msgspec.convert({name: row[name] for name in Examined.__struct_fields__}, Examined),
            verdict=Verdict(row["verdict"]),
            score=row["score"],
            scores=Scores(**{name: row[name] for name in Scores.__struct_fields__}) if scored else None,
            objections=msgspec.json.decode(row["objections"], type=tuple[Kind, ...]),
            judge=row["judge"],
            judge_prompt=row["judge_prompt"],
            asked=row["asked"],
            left_out=row["left_out"],
            cost_nanos=row["cost_nanos"],
            unpriced=row["unpriced"],
            said=msgspec.json.decode(self._seal.open(row["said"], row["id"]), type=Said) if said else None,
            reviews=tuple(reviews),
        )

    def _row(self, item: Item) -> dict[str, Any]:
        scores = item.scores
        return {
            "id": item.id,
            "at_ms": item.at_ms,
            **msgspec.structs.asdict(item.examined),
            "verdict": item.verdict.value,
            "score": item.score,
            **({} if scores is None else msgspec.structs.asdict(scores)),
            "objections": msgspec.json.encode(item.objections).decode(),
            "judge": item.judge,
            "judge_prompt": item.judge_prompt,
            "asked": item.asked,
            "left_out": item.left_out,
            "cost_nanos": item.cost_nanos,
            "unpriced": item.unpriced,
            "said": self._seal.close(msgspec.json.encode(item.said or Said()), item.id),
        }

    def _closed(self, review: Review, item_id: str) -> bytes:
        place = _place({"score_id": item_id, "reviewer": review.reviewer})
        return self._seal.close((review.notes or "").encode(), place)


def conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    """Them as SQL, on `SCORES`."""
    found: list[ColumnElement[bool]] = []
    if wanted.verdict is not None:
        found.append(_C.verdict == wanted.verdict.value)
    if wanted.state is not None:
        found.append(_STATES[wanted.state])
    if wanted.use_case is not None:
        found.append(_C.use_case == wanted.use_case)
    if wanted.model is not None:
        found.append(_C.provider + "/" + _C.model == wanted.model)
    if wanted.prompt is not None:
        found += [_C.prompt >= f"{wanted.prompt}@", _C.prompt <= f"{wanted.prompt}@{_LAST}"]
    if wanted.since_ms is not None:
        found.append(_C.at_ms >= wanted.since_ms)
    return found


def _place(row: Any) -> str:
    """Where notes belong: they open nowhere else."""
    return f"{row['score_id']}/{row['reviewer']}"


def _audited(verdict: str, score: int | None) -> str:
    """Without the notes: the audit cannot be made to forget."""
    return msgspec.json.encode({"verdict": verdict, "score": score}).decode()


def _absent() -> NotFound:
    return NotFound("There is no such assessment.", code="assessment_not_found")
