"""What needs no provider, opened and closed together."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from baton.access.identity.editing import Editing
from baton.access.identity.identities import Identities
from baton.access.identity.mint import KeyMint
from baton.access.identity.projects import Projects
from baton.access.identity.secret import SecretRoot, load_secret
from baton.access.signin.ground import Ground
from baton.access.signin.seal import Seal
from baton.access.signin.sessions import show_out
from baton.access.signin.tokens import Tokens as SignInTokens
from baton.app.kept import refuse_unfinished
from baton.core.clock import Clock, SystemClock
from baton.core.errors import Unavailable
from baton.core.ids import UuidV7
from baton.records.audit.keys import AuditKeys
from baton.records.audit.scribe import Scribe
from baton.records.audit.vigil import Vigil
from baton.records.audit.witness import Witness
from baton.settings import Settings
from baton.storage.database import Database
from baton.storage.notices import Notices
from baton.storage.schema import upgrade
from baton.storage.settings import StorageSettings

DATABASE_FILE = "baton.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Storehouse:
    """What needs no provider: the database, who may use Baton, and what admins edit."""

    settings: Settings
    clock: Clock
    new_id: UuidV7
    database: Database
    notices: Notices
    identities: Identities
    projects: Projects
    mint: KeyMint
    secret: SecretRoot
    scribe: Scribe
    audit_holds: bool
    """As far as a start can tell, which looks at its end only."""


@asynccontextmanager
async def open_store(settings: Settings, clock: Clock | None = None) -> AsyncGenerator[Storehouse]:
    """Open the database, bring its tables up to date, and load what identities need.

    Raises:
        Unavailable: the data folder or the database cannot be used, or a restore of them was cut off.
    """
    clock = clock or SystemClock()
    new_id = UuidV7()
    _make_data_dir(settings.data_dir)
    refuse_unfinished(settings.data_dir)
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(StorageSettings(url=database_url(settings))))
        await upgrade(database)
        notices = await stack.enter_async_context(Notices(database))
        secret = await load_secret(settings.data_dir, settings.secret_key)
        mint = KeyMint(secret)
        scribe = Scribe(AuditKeys.derived(secret.derive))
        witness = Witness(settings.data_dir)
        audit_holds = await witness.begin(scribe, database, int(clock.wall() * 1000))
        await stack.enter_async_context(Vigil(scribe, witness, database))
        editing = Editing(database, notices, clock, scribe)
        yield Storehouse(
            settings=settings,
            clock=clock,
            new_id=new_id,
            database=database,
            notices=notices,
            identities=Identities(editing, mint, new_id, show_out),
            projects=Projects(editing, new_id),
            mint=mint,
            secret=secret,
            scribe=scribe,
            audit_holds=audit_holds,
        )


def ground(store: Storehouse) -> Ground:
    """What signing in stands on."""
    return Ground(
        database=store.database,
        scribe=store.scribe,
        clock=store.clock,
        new_id=store.new_id,
        tokens=SignInTokens(store.secret),
        seal=Seal(store.secret.derive("sign-in seal v1")),
    )


def database_url(settings: Settings) -> str:
    """The database's URL; a SQLite file in the data folder where none was said."""
    if settings.database_url is not None:
        return settings.database_url
    return f"sqlite:///{Path(settings.data_dir).resolve() / DATABASE_FILE}"


def _make_data_dir(path: Path) -> None:
    """For its owner only: the keys' hashes and what was said lie in it."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"The data folder {path} cannot be made: {error.strerror}; set BATON_DATA_DIR.",
            code="data_dir_unusable",
        ) from error
