"""What came of each version of a prompt: how often it was served, what it cost, what was thought of it."""

from collections.abc import Awaitable, Callable, Mapping

from msgspec import Struct
from sqlalchemy import func, select

from baton.ledger.moments import id_from
from baton.ledger.rows import Status
from baton.ledger.tables import FEEDBACK, INTERACTIONS
from baton.storage.database import Database

_LAST = chr(0x10FFFF)


class Served(Struct, frozen=True, kw_only=True):
    """What came of one version."""

    requests: int
    failed: int
    """Ended otherwise than `ok`."""
    cost_nanos: int
    """Over all attempts, nano-USD."""
    tokens: int
    """Prompt and completion together, of the answers that were delivered."""
    latency_ms: float | None
    """The mean; None: nobody was answered."""
    score: float | None
    """The mean of feedback, 1-5; None: nobody gave any."""
    judged: int
    """How many did."""


class Wordings:
    """Adds them up; `Interactions` says how fresh it is."""

    def __init__(self, database: Database, flush: Callable[[], Awaitable[object]]) -> None:
        self._database = database
        self._flush = flush

    async def of(self, name: str, since_ms: int) -> Mapping[str, Served]:
        """By `name@version`, those of a prompt that were served since then (Unix milliseconds).

        Raises:
            Unavailable: the database is away.
        """
        await self._flush()
        columns = INTERACTIONS.c
        tokens = columns.prompt_tokens + columns.completion_tokens
        query = (
            select(
                columns.prompt,
                func.count(),
                func.count().filter(columns.status != Status.OK),
                func.coalesce(func.sum(columns.cost_nanos), 0),
                func.coalesce(func.sum(tokens), 0),
                func.avg(columns.latency_ms).filter(columns.status == Status.OK),
                func.avg(FEEDBACK.c.score),
                func.count(FEEDBACK.c.score),
            )
            .outerjoin_from(INTERACTIONS, FEEDBACK, FEEDBACK.c.interaction_id == columns.id)
            .where(
                columns.prompt >= f"{name}@",
                columns.prompt <= f"{name}@{_LAST}",
                columns.id >= id_from(since_ms),
                columns.route.not_like("/api/admin/%"),  # admins' own tries say nothing of it
            )
            .group_by(columns.prompt)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {
            prompt: Served(
                requests=requests,
                failed=failed,
                cost_nanos=int(cost),
                tokens=int(total),
                latency_ms=None if latency is None else float(latency),
                score=None if score is None else float(score),
                judged=judged,
            )
            for prompt, requests, failed, cost, total, latency, score, judged in rows
        }
