"""Hosts as URLs and settings write them, brought to the one form that is looked up and compared."""

import re

from yarl import URL

from baton.upstream.outbound.addresses import Address, parse

Host = str | Address
"""A name in lower case, ASCII, without a dot at its end; or an address."""

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_LONGEST_NAME = 253

_LOCAL_TOPS = frozenset(
    {"localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp", "private", "arpa"}
)
"""Last labels that mean something else in every network (RFC 6761, 6762, 8375; `internal`; custom)."""


class BadHost(Exception):
    """A text that is no host; says why, to follow on "it"."""


def read(text: str) -> Host:
    """The host that a text means; an IPv6 address stands in brackets.

    Only the plain forms are taken. What some resolvers read as an address besides (`2130706433`, `0x7f.1`,
    `0177.0.0.1`, `127.1`) is refused: nobody needs it, and two programs seldom read it alike.

    Raises:
        BadHost: it is none.
    """
    if not text:
        raise BadHost("names no host")
    if text.startswith("["):
        return _in_brackets(text)
    name = _ascii(text).removesuffix(".")
    address = parse(name)
    if address is not None and ":" not in name:
        return address
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        raise BadHost("is an address in another form than four numbers with dots")
    if len(name) > _LONGEST_NAME or not all(_LABEL.fullmatch(label) for label in labels):
        raise BadHost("is no host name")
    return name


def is_local_name(name: str) -> bool:
    """Whether a name can only mean something inside somebody's own network: one word, or `….internal`."""
    labels = name.split(".")
    return len(labels) == 1 or labels[-1] in _LOCAL_TOPS


def _in_brackets(text: str) -> Address:
    inside = text[1:-1]
    if "%" in inside:
        raise BadHost("is an address of one network interface")
    address = parse(inside)
    if not text.endswith("]") or address is None or ":" not in inside:
        raise BadHost("is no address in brackets")
    return address


def _ascii(text: str) -> str:
    """Lower case; international names in their ASCII form, which makes digits and dots of look-alikes."""
    if text.isascii():
        return text.lower()
    try:
        return (URL.build(scheme="http", host=text).raw_host or "").lower()
    except ValueError:  # UnicodeError is one
        raise BadHost("is no host name") from None
