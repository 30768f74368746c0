"""What other dialects' thoughts, calls and texts have and this one has no place for: it rides along.

A call's signature rides as the signature of an empty thought before the call, a text's as a thought in cipher
behind the text. A thought's id rides before its signature or cipher; a cipher that belongs to the thought
before it says so. All are marked as what they are and come home with the client's next request; no model sees
them.
"""

from msgspec import Struct

from baton.core.dialect import Dialect
from baton.core.messages import Signature
from baton.upstream.dialects.carried import mark, unmark

_OWN = Dialect.ANTHROPIC
_CALL = "baton.call."
_TEXT = "baton.text."
_SAME = "baton.same."
_ID = "baton.id."
_UNSIGNED = "baton.unsigned."
"""Of a thought that nobody signed: the API must not see it, and an empty signature would not tell."""

_ORIGINS = {dialect.value: dialect for dialect in Dialect}


class Sealed(Struct, frozen=True, kw_only=True):
    """What a thought's signature or cipher says."""

    signature: Signature | None
    id: str | None = None
    same: bool = False
    """Whether it belongs to the thought before."""


def seal(signature: Signature | None, thought_id: str | None, *, same: bool = False) -> str:
    """A thought's signature or cipher, and its id."""
    if signature is None and thought_id is None:
        return _UNSIGNED
    text = "" if signature is None else mark(signature, _OWN)
    if thought_id is not None:
        text = f"{_ID}{thought_id}.{text}"
    return _SAME + text if same else text


def unseal(text: str) -> Sealed:
    """What `seal` has put together; whatever it has not is the API's own."""
    same, text = text.startswith(_SAME), text.removeprefix(_SAME).removeprefix(_UNSIGNED)
    thought_id: str | None = None
    if text.startswith(_ID):
        thought_id, _, text = text.removeprefix(_ID).partition(".")
    return Sealed(signature=unmark(text, _OWN) if text else None, id=thought_id, same=same)


def beside_call(signature: Signature) -> str:
    """What stands as the signature of the thought before a call."""
    return f"{_CALL}{signature.origin.value}.{signature.value}"


def beside_text(signature: Signature) -> str:
    """What stands as the cipher behind a text."""
    return f"{_TEXT}{signature.origin.value}.{signature.value}"


def of_call(signature: str) -> Signature | None:
    """The call's signature in a thought's; None: it is the thought's own."""
    return _read(signature, _CALL)


def of_text(cipher: str) -> Signature | None:
    """The text's signature in a cipher; None: it is a thought."""
    return _read(cipher, _TEXT)


def _read(text: str, rider: str) -> Signature | None:
    origin, dot, value = text.removeprefix(rider).partition(".")
    if not text.startswith(rider) or not dot or origin not in _ORIGINS:
        return None
    return Signature(origin=_ORIGINS[origin], value=value)
