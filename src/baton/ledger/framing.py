"""How a record lies in a file: length, checksum, payload.

    frame    = length · checksum · payload
    length   = of the payload in bytes, more than 0 (uint32, little endian)
    checksum = CRC-32 of the payload, begun with the length (uint32, little endian)
    payload  = one `Record` as MessagePack

A file is filled with zeros before it is written, so a length of 0 is the end. A frame that does not fit or
whose checksum is wrong was being written when the process died: it, and whatever follows, never counted.
"""

import struct
import zlib
from collections.abc import Iterator

import msgspec

from baton.ledger.rows import Opened, Record, Settled

MAGIC = b"BATONJ1\n"
"""What a journal's file begins with; the digit is the format's version."""

MAX_OPENED_BYTES = 256 << 10
"""A beginning carries what a caller sent along; more than this is not metadata."""

_PREFIX = struct.Struct("<II")
packed = msgspec.msgpack.Encoder().encode
"""A record as a payload."""
_decode = msgspec.msgpack.Decoder(Opened | Settled).decode


class Unreadable(Exception):
    """A whole record that this version does not understand; a newer one wrote it."""


def framed(record: Record) -> bytes:
    """One record, ready to be appended."""
    payload = packed(record)
    length = len(payload)
    return _PREFIX.pack(length, zlib.crc32(payload, length)) + payload


def payloads(data: bytes | memoryview, start: int = 0) -> Iterator[tuple[int, memoryview]]:
    """Every whole frame from `start` on, in order: where it ends, and its payload."""
    view = memoryview(data)
    at = start
    while at + _PREFIX.size <= len(view):
        length, checksum = _PREFIX.unpack_from(view, at)
        begin, end = at + _PREFIX.size, at + _PREFIX.size + length
        if not length or end > len(view) or zlib.crc32(view[begin:end], length) != checksum:
            return
        yield end, view[begin:end]
        at = end


def unframed(payload: bytes | memoryview) -> Record:
    """The record in a payload.

    Raises:
        Unreadable: a field is of another shape.
    """
    try:
        return _decode(payload)
    except msgspec.DecodeError as error:
        raise Unreadable(str(error)) from error
