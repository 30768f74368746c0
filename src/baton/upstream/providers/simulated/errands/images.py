"""Images: a small picture of coloured squares, drawn from the prompt's digest."""

import base64
import hashlib
import struct
import zlib
from typing import Any, Literal

import msgspec
from msgspec import Struct

from baton.core.usage import Usage
from baton.upstream.providers.simulated.errands.deed import Deed, Deeds, Request, read, refuse
from baton.upstream.providers.simulated.words import tokens

_SQUARES = 4
_SQUARE_PX = 8
_SIDE_PX = _SQUARES * _SQUARE_PX
_MOST_IMAGES = 10
_TOKENS_PER_IMAGE = 64
_RGB_OF_8_BITS = b"\x08\x02\x00\x00\x00"


class _Body(Struct):
    model: str
    prompt: str
    n: int | None = None
    response_format: Literal["url", "b64_json"] | None = None


def _do(request: Request) -> Deed:
    asked = read(request, _Body)
    wanted = 1 if asked.n is None else asked.n
    if not 1 <= wanted <= _MOST_IMAGES:
        raise refuse("n", f"expected 1 to {_MOST_IMAGES}")
    pictures = [base64.b64encode(_picture(f"{number}:{asked.prompt}")).decode() for number in range(wanted)]
    usage = Usage(prompt=len(tokens(asked.prompt)), completion=_TOKENS_PER_IMAGE * wanted)
    body = {
        "created": 0,
        "data": [_shown(picture, asked.response_format) for picture in pictures],
        "output_format": "png",
        "usage": {
            "input_tokens": usage.prompt,
            "input_tokens_details": {"text_tokens": usage.prompt, "image_tokens": 0},
            "output_tokens": usage.completion,
            "total_tokens": usage.total,
        },
    }
    return Deed(model=asked.model, body=msgspec.json.encode(body), usage=usage)


def _shown(picture: str, form: str | None) -> dict[str, Any]:
    return {"url": f"data:image/png;base64,{picture}"} if form == "url" else {"b64_json": picture}


def _picture(seed: str) -> bytes:
    """A PNG (its specification, sections 5 and 11)."""
    colours = hashlib.shake_256(seed.encode("utf-8", "surrogatepass")).digest(3 * _SQUARES * _SQUARES)
    rows: list[bytes] = []
    for row in range(_SIDE_PX):
        first = row // _SQUARE_PX * _SQUARES
        squares = [colours[3 * (first + at) : 3 * (first + at + 1)] for at in range(_SQUARES)]
        rows.append(b"\x00" + b"".join(colour * _SQUARE_PX for colour in squares))
    head = struct.pack(">II", _SIDE_PX, _SIDE_PX) + _RGB_OF_8_BITS
    chunks = (_chunk(b"IHDR", head), _chunk(b"IDAT", zlib.compress(b"".join(rows))), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


IMAGES = Deeds(path_end="/images/generations", do=_do)
