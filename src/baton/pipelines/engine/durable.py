"""The durable engine, DBOS: queues, ownership, recovery and the checkpoints of steps, in tables of its own.

It is a singleton of its process; nobody else touches it. Its tables hold ids and states, as JSON. What is
known of it here was read in its source, version 3.4.
"""

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import structlog
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, SetWorkflowID, StepReservation, error
from msgspec import Struct
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from baton.pipelines.engine.holding import Superseded
from baton.pipelines.engine.running import Places
from baton.pipelines.engine.workers import connections_of
from baton.storage.engine import database_url, sqlite_file
from baton.storage.faults import away

QUEUE = "runs"
_WORKFLOW = "run"
_APPLICATION = "baton"
_VERSION = "1"
"""The same for every Baton: which version of a recipe a run follows is Baton's own business, and the engine
recovers only what has the version of whoever asks."""

_THREADS = {"sqlite": 2, "postgresql": 8}
"""In which it talks to its database; each call is a few milliseconds. SQLite has one writer at a time, and
threads that cannot write wait by trying again: with 8 of them 20 busy runs took half as long again."""

_ENDED = frozenset({"SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"})
_TRIES = 5
_EXPECTED = "Asyncio task cancelled"
"""What it says of each run and step that was stopped."""

logger: structlog.typing.FilteringBoundLogger = structlog.get_logger(__name__)


class Pending(Struct, frozen=True):
    """A run that some executor has."""

    run_id: str
    executor: str


class Durable:
    """Opened once, inside the loop on which runs are carried out; its coroutines belong to that loop.

    They raise `Unavailable` while the database is away.
    """

    def __init__(self, url: str, executor: str, most_at_once: int, poll_s: float) -> None:
        """`url`: as of Baton's own database; SQLite gets a file beside it. `executor`: unique to this life of
        the process: another with the same would take over runs that live."""
        self._url = _beside(database_url(url))
        self.executor = executor
        """The one that this is."""
        self._most_at_once = most_at_once
        self._poll_s = poll_s
        self._engine = _make_engine(self._url, executor)

    async def open(self, carry_out: Callable[[str], Awaitable[str]]) -> None:
        """Begin to take runs; each is carried out by calling with its id, and ends with a word.

        A call that is cancelled leaves the run as it is: in the hands of this executor. Where it fails,
        `close` has it begin anew.
        """
        _quieten()
        self._dbos = DBOS(
            config=DBOSConfig(
                name=_APPLICATION,
                system_database_url=self._url.render_as_string(hide_password=False),
                system_database_engine=self._engine,
                executor_id=self.executor,
                application_version=_VERSION,
                serializer=DBOSPortableJSONSerializer(),
                max_executor_threads=_THREADS[self._url.get_backend_name()],
                use_listen_notify=False,
                log_level="WARNING",
            )
        )

        async def run(run_id: str) -> str:
            return await carry_out(run_id)

        self._workflow = DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=None)(run)
        with _reached():
            DBOS.launch()  # here: coroutines that it starts run on the loop that it was launched in
            await DBOS.register_queue_async(
                QUEUE,
                worker_concurrency=self._most_at_once,
                polling_interval_sec=self._poll_s,
                on_conflict="always_update",
            )

    async def close(self) -> None:
        """Take no more runs; those that are not finished stay in this executor's hands."""
        # In a thread of its own: its pool, which is this loop's by now, ends with it.
        with ThreadPoolExecutor(1) as aside:
            end = functools.partial(DBOS.destroy, destroy_registry=True)
            await asyncio.get_running_loop().run_in_executor(aside, end)
        self._engine.dispose()

    async def enqueue(self, run_id: str) -> None:
        """Have a run carried out from its beginning, by anybody; nothing happens if that was said before."""
        with _reached(), SetWorkflowID(run_id):
            await DBOS.enqueue_workflow_async(QUEUE, self._workflow, run_id)

    async def cancel(self, run_id: str) -> None:
        """Nobody carries it out any more; who does learns of it at the next step."""
        with _reached():
            await DBOS.cancel_workflow_async(run_id)

    async def again(self, run_id: str) -> None:
        """Have a run carried out once more, wherever it stands; steps are asked again what they came to."""
        for _ in range(_TRIES):
            with _reached():
                if await DBOS.get_workflow_status_async(run_id) is None:
                    return await self.enqueue(run_id)
                await self.cancel(run_id)
                try:
                    await DBOS.rewind_workflow_async(run_id, start_step=1, queue_name=QUEUE)
                except error.DBOSException:  # somebody else was quicker, and has it carried out
                    continue
            return None
        return None

    async def pending(self) -> list[Pending]:
        """The runs that executors have, living or dead."""
        with _reached():
            found = await DBOS.list_workflows_async(status="PENDING", load_input=False, load_output=False)
        return [Pending(each.workflow_id, each.executor_id or "") for each in found]

    async def ended(self, run_ids: Iterable[str]) -> set[str]:
        """Which of them nobody has and nobody will take."""
        wanted = list(run_ids)
        if not wanted:
            return set()
        with _reached():
            found = await DBOS.list_workflows_async(workflow_ids=wanted, load_input=False, load_output=False)
        return set(wanted) - {each.workflow_id for each in found if each.status not in _ENDED}

    async def take_from(self, pending: Pending) -> bool:
        """Give a run of a dead executor, or of this one, to whoever is next; False: it was not theirs."""
        # The public way, `resume_workflow`, does not ask whose it is, and would take it from a living one.
        database = self._dbos._sys_db  # pyright: ignore[reportPrivateUsage]
        take = database.reenqueue_for_recovery
        with _reached():
            return await asyncio.to_thread(take, pending.run_id, [pending.executor], QUEUE)

    def places(self, known: Mapping[str, int]) -> Places:
        """Those of the run that is being carried out in this context, with the steps that have begun."""
        return _Places(known)


class _Places:
    """`Places` in one execution. Steps that have begun keep their numbers, whatever their order now."""

    def __init__(self, known: Mapping[str, int]) -> None:
        self._positions = dict(known)
        self._reserved: dict[int, StepReservation] = {}
        highest = max(known.values(), default=0)
        while len(self._reserved) < highest:
            self._reserve()

    def position(self, name: str) -> int:
        """As `Places`."""
        if name not in self._positions:
            self._positions[name] = self._reserve()
        return self._positions[name]

    async def keep(self, name: str, body: Callable[[], Coroutine[Any, Any, str]]) -> str:
        """As `Places`."""
        place = self._reserved[self._positions[name]]
        try:
            return await place.run_async({"name": name}, body)
        except (error.DBOSWorkflowConflictIDError, error.DBOSWorkflowCancelledError) as lost:
            raise Superseded from lost

    def _reserve(self) -> int:
        place = DBOS.reserve_step()
        self._reserved[place.step_id] = place
        return place.step_id


@contextmanager
def _reached() -> Generator[None]:
    """Its database's errors are Baton's."""
    try:
        yield
    except SQLAlchemyError as failed:
        raise away("the durable engine cannot reach its tables") from failed


class _Forward(logging.Handler):
    """What the engine has to say goes where Baton's own log goes."""

    def emit(self, record: logging.LogRecord) -> None:
        """As `logging.Handler`."""
        said = record.getMessage()
        if not said.startswith(_EXPECTED):
            logger.warning("durable_engine", message=said)


def _quieten() -> None:
    """It would write to the console by itself if nobody else listened."""
    its = logging.getLogger("dbos")
    if not its.handlers:
        its.addHandler(_Forward())
        its.propagate = False


def _beside(url: URL) -> URL:
    """Where the engine's tables are: SQLite has one writer at a time, so they get a file of their own; a
    server takes them into a schema of theirs."""
    file = sqlite_file(url)
    if file is None:
        return url.set(drivername="postgresql+psycopg")
    return URL.create("sqlite", database=str(file.with_name("runs.db")))


def _make_engine(url: URL, executor: str) -> Engine:
    """As the engine would make it, but for SQLite in WAL mode: readers and the writer do not wait for each
    other, and no commit waits for the disk."""
    if url.get_backend_name() != "sqlite":
        return create_engine(
            url,
            pool_size=_THREADS["postgresql"],
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={"application_name": connections_of(executor)},
        )
    engine = create_engine(url, hide_parameters=True)

    def on_connect(connection: Any, record: object) -> None:  # noqa: ARG001  the event's shape
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("busy_timeout=30000", "journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    event.listen(engine, "connect", on_connect)
    return engine
