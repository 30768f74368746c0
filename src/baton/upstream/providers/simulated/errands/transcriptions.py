"""Transcriptions: says how long the recording is, and its name."""

from typing import Any

import msgspec

from baton.core.usage import Usage
from baton.upstream.dialects.wire import missing
from baton.upstream.errands.form import read_form
from baton.upstream.providers.simulated.errands.deed import Deed, Deeds, Request, refuse
from baton.upstream.providers.simulated.words import tokens

_BYTES_PER_S = 32_000  # 16 bits, 16 kHz, one channel
_TOKENS_PER_S = 10
_PLAIN = "text/plain; charset=utf-8"


def _do(request: Request) -> Deed:
    form = read_form(request.body, request.content_type)
    model, file = form.text("model"), form.file("file")
    if model is None or file is None:
        raise missing("model" if model is None else "file")
    seconds = len(form.content(file)) / _BYTES_PER_S
    text = f'A recording of {len(form.content(file))} bytes, called "{file.filename}".'
    shown = form.text("response_format") or "json"
    usage = Usage(prompt=round(seconds * _TOKENS_PER_S), completion=len(tokens(text)))
    match shown:
        case "json":
            return Deed(model=model, body=_encoded({"text": text, "usage": _tokens(usage)}), usage=usage)
        case "verbose_json":
            return Deed(model=model, body=_encoded(_verbose(text, seconds)), usage=Usage())
        case "text":
            said = text
        case "srt":
            said = f"1\n{_clock(0, ',')} --> {_clock(seconds, ',')}\n{text}\n"
        case "vtt":
            said = f"WEBVTT\n\n{_clock(0, '.')} --> {_clock(seconds, '.')}\n{text}\n"
        case _:
            raise refuse("response_format", "expected json, text, srt, verbose_json or vtt")
    return Deed(model=model, body=f"{said}\n".encode(), usage=Usage(), content_type=_PLAIN)


def _tokens(usage: Usage) -> dict[str, Any]:
    return {
        "type": "tokens",
        "input_tokens": usage.prompt,
        "input_token_details": {"text_tokens": 0, "audio_tokens": usage.prompt},
        "output_tokens": usage.completion,
        "total_tokens": usage.total,
    }


def _verbose(text: str, seconds: float) -> dict[str, Any]:
    return {
        "task": "transcribe",
        "language": "english",
        "duration": seconds,
        "text": text,
        "usage": {"type": "duration", "seconds": seconds},
    }


def _clock(seconds: float, mark: str) -> str:
    """`00:01:02,500`."""
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{mark}{ms % 1000:03}"


def _encoded(body: dict[str, Any]) -> bytes:
    return msgspec.json.encode(body)


TRANSCRIPTIONS = Deeds(path_end="/audio/transcriptions", do=_do)
