"""Who may sign in, and who has. Times are whole milliseconds since the Unix epoch."""

from msgspec import Struct

from baton.access.identity.entities import User


class Visitor(Struct, frozen=True, kw_only=True):
    """Somebody at the door, as their request shows them."""

    address: str
    agent: str = ""
    """What their browser calls itself."""
    device: str | None = None
    """The mark that a browser carries after a sign-in."""


class Login(Struct, frozen=True, kw_only=True):
    """By which name and password a user signs in."""

    user_id: str
    name: str
    password_hash: str | None
    """None: invited, and no password chosen yet."""
    changed_at_ms: int
    lifted_at_ms: int
    """Failures before this moment are forgiven."""


class Seen(Struct, frozen=True):
    """Where a session was begun."""

    address: str
    agent: str


class Session(Struct, frozen=True, kw_only=True):
    """One browser that is signed in, or, while not `complete`, owes its second factor."""

    id: str
    user_id: str
    digest: bytes
    """Of its token, which nobody but the browser has."""
    complete: bool
    created_at_ms: int
    used_at_ms: int
    """Behind by up to a minute."""
    expires_at_ms: int
    """The end, however much it is used."""
    factor_at_ms: int | None
    """When the second factor was last shown."""
    seen: Seen


class Present(Struct, frozen=True):
    """A session and whose it is."""

    session: Session
    user: User


class Opened(Struct, frozen=True, kw_only=True):
    """A session with its token, for the browser alone."""

    session: Session
    token: str
    device: str | None = None
    """The mark of a browser that has signed in; None: it keeps the one it has."""


class Invitation(Struct, frozen=True, kw_only=True):
    """Leave to choose a password, once."""

    user_id: str
    name: str
    """What they will sign in with."""
    expires_at_ms: int


class Invited(Struct, frozen=True, kw_only=True):
    """An invitation with its token, shown once."""

    invitation: Invitation
    token: str


class FactorState(Struct, frozen=True, kw_only=True):
    """How a user's second factor stands."""

    enrolled_at_ms: int | None
    recovery_codes: int
    """How many are left."""


class Enrolment(Struct, frozen=True, kw_only=True):
    """A second factor that waits for its first code; `secret` and `uri` are shown once."""

    secret: str
    uri: str
