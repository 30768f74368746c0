"""What a browser, a link or a sheet of paper carries, and the digests under which the database knows it."""

import hashlib
import hmac
import secrets
import unicodedata
from base64 import b32encode, urlsafe_b64encode
from collections.abc import Callable

from baton.access.identity.secret import SecretRoot

_RANDOM_BYTES = 32
_DIGEST_BYTES = 32
_DEVICE_BYTES = 16
_CODE_BYTES = 10  # 80 bits: nobody guesses one, also where a copy of the digests and the key were known
_FACTOR_BYTES = 20  # 160 bits, as RFC 4226, section 4, has it
_GROUP = 4  # letters of a recovery code that stand together
_LONGEST = 512  # characters; more is nothing of ours


class Tokens:
    """Makes random tokens and knows their digests, each purpose under a key of its own."""

    def __init__(self, root: SecretRoot, random_bytes: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._sessions = root.derive("sessions v1")
        self._invitations = root.derive("invitations v1")
        self._codes = root.derive("recovery-codes v1")
        self._forgery = root.derive("csrf v1")
        self._devices = root.derive("devices v1")
        self._names = root.derive("sign-in names v1")
        self._random_bytes = random_bytes

    def make(self) -> str:
        """43 url-safe random characters, 256 bits."""
        return _text(self._random_bytes(_RANDOM_BYTES))

    def session(self, token: str) -> bytes:
        """The digest of a session's token."""
        return _digest(self._sessions, token)

    def invitation(self, token: str) -> bytes:
        """The digest of an invitation's token."""
        return _digest(self._invitations, token)

    def forgery(self, session: bytes) -> str:
        """What a page that may act for the session (known by its digest) can tell, and no other page."""
        return hmac.new(self._forgery, session, "sha256").hexdigest()

    def make_device(self, user_id: str) -> str:
        """A mark for a browser that this user has signed in with."""
        nonce = self._random_bytes(_DEVICE_BYTES).hex()
        return f"{nonce}.{self._signature(nonce, user_id)}"

    def fresh_device(self, mark: str | None, user_id: str) -> str | None:
        """A mark for the browser of who has just come in; None: it carries one of this user already."""
        return self.make_device(user_id) if self.device(mark, user_id) is None else None

    def device(self, mark: str | None, user_id: str) -> str | None:
        """The browser that carries this mark; None: it is not one that this user has signed in with."""
        nonce, _, signature = (mark or "").partition(".")
        good = hmac.compare_digest(signature.encode(), self._signature(nonce, user_id).encode())
        return nonce if good else None

    def make_secret(self) -> str:
        """The secret of a second factor, in base32."""
        return b32encode(self._random_bytes(_FACTOR_BYTES)).decode()

    def make_code(self) -> str:
        """A recovery code as it is shown: four groups of four letters and digits."""
        letters = b32encode(self._random_bytes(_CODE_BYTES)).decode().lower()
        return "-".join(letters[at : at + _GROUP] for at in range(0, len(letters), _GROUP))

    def code(self, written: str, user_id: str) -> bytes:
        """The digest of a recovery code, however its groups and letters are written."""
        plain = "".join(each for each in written.lower() if each.isalnum())
        return _digest(self._codes, f"{user_id} {plain}")

    def name(self, folded: str) -> str:
        """Stands for a name where failures are counted: people type their passwords into that field, too."""
        return _digest(self._names, folded).hex()

    def _signature(self, nonce: str, user_id: str) -> str:
        return hmac.new(self._devices, f"{nonce} {user_id}".encode(), "sha256").hexdigest()


def folded(name: str) -> str:
    """The name by which somebody is found, however it is written."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).strip()


def _text(random: bytes) -> str:
    return urlsafe_b64encode(random).decode().rstrip("=")


def _digest(key: bytes, text: str) -> bytes:
    """Keyed BLAKE2b (RFC 7693)."""
    shown = text[:_LONGEST].encode("utf-8", "surrogatepass")
    return hashlib.blake2b(shown, key=key, digest_size=_DIGEST_BYTES).digest()
