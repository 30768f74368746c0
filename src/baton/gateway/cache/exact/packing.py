"""An answer as bytes that somebody else keeps: nobody who has these alone can read or move them."""

from base64 import b64decode, b64encode
from typing import Any

import msgspec

from baton.access.signin.seal import Seal
from baton.core.answer import ChatResponse
from baton.core.errors import Unavailable
from baton.core.losses import Feature, Losses
from baton.gateway.cache.exact.kept import Kept


def _plain(value: Any) -> Any:
    """What MessagePack has no word for: what was lost, and an answer taken apart (its raw parts are JSON)."""
    if isinstance(value, Losses):
        return [list(value.dropped), list(value.adjusted), sorted(value.features)]
    raise TypeError(type(value).__name__)


def _losses(kind: type, value: Any) -> Any:
    if kind is not Losses:
        raise TypeError(kind.__name__)
    losses = Losses()
    dropped, adjusted, features = value
    losses.dropped = dict.fromkeys(dropped)
    losses.adjusted = dict.fromkeys(adjusted)
    losses.features = {Feature(each) for each in features}
    return losses


_encode = msgspec.msgpack.Encoder(enc_hook=_plain).encode
_decode = msgspec.msgpack.Decoder(Kept, dec_hook=_losses).decode
_write = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(ChatResponse).decode


class Packing:
    """Packs answers and opens them, under one secret; each belongs to a key."""

    def __init__(self, seal: Seal) -> None:
        self._seal = seal

    def close(self, kept: Kept, key: str) -> bytes:
        """An answer as bytes."""
        apart = b"" if kept.response is None else _write(kept.response)
        whole = msgspec.structs.replace(kept, response=None)
        return self._seal.close(msgspec.msgpack.encode((_encode(whole), apart)), key)

    def open(self, sealed: bytes, key: str) -> Kept | None:
        """The answer of a key; None: it cannot be read: of another secret, another version, or changed."""
        try:
            packed, apart = msgspec.msgpack.decode(self._seal.open(sealed, key), type=tuple[bytes, bytes])
            kept = _decode(packed)
            response = _read(apart) if apart else None
        except (Unavailable, msgspec.MsgspecError, ValueError):
            return None
        return msgspec.structs.replace(kept, response=response)

    def close_text(self, kept: Kept, key: str) -> str:
        """As `close`, in ASCII."""
        return b64encode(self.close(kept, key)).decode()

    def open_text(self, sealed: str, key: str) -> Kept | None:
        """As `open`."""
        try:
            return self.open(b64decode(sealed, validate=True), key)
        except ValueError:
            return None
