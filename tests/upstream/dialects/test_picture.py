"""The types of pictures."""

import msgspec
import pytest

from baton.core.losses import Losses
from baton.upstream.dialects.google import codec as google
from baton.upstream.dialects.openai.requests import read_request
from baton.upstream.dialects.picture import picture_type
from baton.upstream.providers.google import SPEC


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("image/jpg", "image/jpeg"),
        ("IMAGE/JPG; charset=utf-8", "image/jpeg"),
        ("image/png", "image/png"),
        ("image/heic", "image/heic"),
        ("text/plain; charset=utf-8", "text/plain; charset=utf-8"),
    ],
)
def test_a_picture_is_called_by_its_registered_name(said: str, meant: str) -> None:
    """APIs refuse the slips that browsers and people write; other kinds of files keep their parameters."""
    assert picture_type(said) == meant


def test_google_is_told_the_registered_name() -> None:
    """A chat's `data:image/jpg` is a JPEG."""
    part = {"type": "image_url", "image_url": {"url": "data:image/jpg;base64,aGk="}}
    body = {"model": "m", "messages": [{"role": "user", "content": [part]}]}
    written = google.CODEC.write_request(
        read_request(msgspec.json.encode(body)), "gemini-2.5-flash", SPEC, Losses()
    )
    [content] = msgspec.json.decode(written)["contents"]
    assert content["parts"] == [{"inlineData": {"mimeType": "image/jpeg", "data": "aGk="}}]
