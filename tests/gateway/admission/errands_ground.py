"""Errands that tests of budgets hold money for: a picture, a recording, a text."""

import json
from typing import Any

from baton.core.provider import Service
from baton.core.request import Options
from baton.upstream.errands.errand import Errand, Letter
from baton.upstream.errands.registry import TASKS


def an_errand(service: Service, **fields: Any) -> Errand:
    """Of a JSON body."""
    letter = Letter(
        body=json.dumps({"model": "acme/large-1"} | fields).encode(),
        content_type="application/json",
        headers={},
        read_options=lambda _: Options(),
    )
    return TASKS[service].read(letter)


def a_recording(sound: bytes, **fields: str) -> Errand:
    """To be written down."""
    parts = "".join(
        f'--XX\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in ({"model": "acme/large-1"} | fields).items()
    )
    file = '--XX\r\nContent-Disposition: form-data; name="file"; filename="a.mp3"\r\n\r\n'
    letter = Letter(
        body=parts.encode() + file.encode() + sound + b"\r\n--XX--\r\n",
        content_type="multipart/form-data; boundary=XX",
        headers={},
        read_options=lambda _: Options(),
    )
    return TASKS[Service.TRANSCRIPTIONS].read(letter)
