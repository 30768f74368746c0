"""What images take in tokens."""

import base64
import zlib

import pytest

from baton.catalog.tokens.families import packaged_calibration
from baton.catalog.tokens.images import USUAL, Size, size_of
from baton.catalog.tokens.measure import measure
from baton.core.messages import Media, MediaKind, Message, Role
from baton.core.request import ChatRequest

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (1024).to_bytes(4, "big") + (512).to_bytes(4, "big")
GIF = b"GIF89a" + (300).to_bytes(2, "little") + (20).to_bytes(2, "little")
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF" + b"\0" * 10 + b"\xff\xc2\0\x11\x08" + b"\x01\0" + b"\x02\0" + b"\x03"
TRUNCATED = {"PNG": PNG[:20], "GIF": GIF[:8], "JPEG": JPEG[:20], "other": zlib.compress(b"x"), "none": b""}


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def image_tokens(model: str, data: str | None) -> float:
    url = None if data else "https://example.com/a.png"
    image = Media(kind=MediaKind.IMAGE, data=data, url=url)
    request = ChatRequest(model=model, messages=(Message(role=Role.USER, parts=(image,)),))
    return packaged_calibration().images_of(model, measure(request))


@pytest.mark.parametrize(("data", "size"), [(PNG, (1024, 512)), (GIF, (300, 20)), (JPEG, (512, 256))])
def test_a_size_is_read_from_the_first_bytes(data: bytes, size: Size) -> None:
    """Of the three formats that are sent most; what follows is not looked at."""
    assert size_of(encoded(data + b"\0" * 100)) == size


@pytest.mark.parametrize("data", TRUNCATED.values(), ids=TRUNCATED)
def test_what_is_no_image_has_no_size(data: bytes) -> None:
    """Neither has one whose beginning is missing, nor what is no base64."""
    assert size_of(encoded(data)) is None
    assert size_of("?" + encoded(data)) is None


@pytest.mark.parametrize(
    ("model", "tokens"),
    [
        ("gpt-4o", 85 + 170 * 2),
        ("gpt-4o-mini", 2833 + 5667 * 2),
        ("gpt-4.1-mini", 32 * 16 * 1.62),
        ("claude-sonnet-4-5", 1024 * 512 / 750),
        ("gemini-2.5-pro", 258 * 2),
        ("gemini-3-pro-preview", 1120),
        ("pixtral-12b-latest", 64 * 32 + 32),
    ],
)
def test_images_count_as_the_vendors_say(model: str, tokens: float) -> None:
    """An image of 1024 x 512 pixels, by the rule of its model."""
    assert image_tokens(model, encoded(PNG)) == pytest.approx(tokens)


def test_an_image_elsewhere_is_taken_for_a_usual_one() -> None:
    """Nobody fetches it to count its pixels; large ones never count for more than the model looks at."""
    assert image_tokens("claude-opus-4-5", None) == pytest.approx(USUAL[0] * USUAL[1] / 750)
    huge = PNG[:16] + (60_000).to_bytes(4, "big") * 2
    assert image_tokens("claude-opus-4-5", encoded(huge)) == pytest.approx(1600)
    assert image_tokens("gpt-4o", encoded(huge)) == 85 + 170 * 4
