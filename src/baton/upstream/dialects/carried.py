"""Signatures that travel through another dialect: put where it keeps its own, marked with their origin.

A caller who speaks one dialect to a model of another gets the signature in the field that its dialect has for
such things, and sends it back there on the next turn. The mark tells then whose it is. Nothing is kept here.
"""

import base64
import binascii
import re

from baton.core.dialect import Dialect
from baton.core.messages import Signature

_MARK = "baton."
_MARKED = re.compile(rb'(?<!\\)"baton\.[a-z-]+\.')
_IN_BASE64 = b'"YmF0b24u'
"""How a value in base64 begins that is marked."""

_STANDARD = str.maketrans("-_", "+/")
"""Some clients write such fields anew, in the URL-safe alphabet (RFC 4648, section 5)."""

_ORIGINS = {dialect.value: dialect for dialect in Dialect}


def mark(signature: Signature, speaking: Dialect) -> str:
    """The signature as text for a field of the dialect `speaking`: as it is at home, marked abroad."""
    if signature.origin is speaking:
        return signature.value
    return f"{_MARK}{signature.origin.value}.{signature.value}"


def unmark(text: str, speaking: Dialect) -> Signature:
    """The signature in a field of the dialect `speaking`, and whose it is."""
    if text.startswith(_MARK):
        origin, dot, value = text.removeprefix(_MARK).partition(".")
        if dot and origin in _ORIGINS:
            return Signature(origin=_ORIGINS[origin], value=value)
    return Signature(origin=speaking, value=text)


def holds_marked(body: bytes) -> bool:
    """Whether a request may hold a signature that is marked: a provider of the very dialect that it travelled
    in must not see it either. Told by a glance at the bytes, for most requests hold none."""
    return _IN_BASE64 in body or (b'"baton.' in body and _MARKED.search(body) is not None)


def mark_base64(signature: Signature, speaking: Dialect) -> str:
    """As `mark`, for a field whose values are base64: what is abroad there is encoded once more."""
    text = mark(signature, speaking)
    return text if signature.origin is speaking else base64.b64encode(text.encode()).decode()


def unmark_base64(text: str, speaking: Dialect) -> Signature:
    """As `unmark`, for a field whose values are base64."""
    try:
        inside = base64.b64decode(text.translate(_STANDARD), validate=True)
        if inside.startswith(_MARK.encode()):
            return unmark(inside.decode(), speaking)
    except (binascii.Error, ValueError):  # no base64, or no text in it: somebody's own affair
        pass
    return Signature(origin=speaking, value=text)
