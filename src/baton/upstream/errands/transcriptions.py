"""Transcriptions: a recording in a form, its words in any of several formats."""

from functools import partial

from baton.core.dialect import Dialect
from baton.core.provider import ProviderSpec, Service
from baton.core.usage import Charge, Usage
from baton.upstream.dialects.codec import Glance
from baton.upstream.dialects.wire import as_object, checked_model, missing
from baton.upstream.errands.errand import Answer, Errand, Letter, Task
from baton.upstream.errands.form import Form, Part, read_form
from baton.upstream.errands.outside import Told, malformed, read_told, tokens_in, unstreamed
from baton.upstream.errands.sound import HEAD_BYTES, most_seconds

_JSON = ("application/json", "text/json")
_PAGE = "text/html"
_TOKENS_PER_S = 10
"""What a second of sound has (OpenAI's price page, from its figures by the token and by the minute); nobody
says as many words."""

_MOST_S = 10_000_000.0
"""Some months: beyond it a figure is a mistake."""


def _read(letter: Letter) -> Errand:
    form = read_form(letter.body, letter.content_type)
    model = checked_model(form.text("model"))
    recording = form.file("file")
    if recording is None:
        raise missing("file")
    if (form.text("stream") or "false").strip().lower() in ("true", "1"):
        raise unstreamed()
    wishes = form.text("baton")
    prompt = form.text("prompt") or ""
    return Errand(
        dialect=Dialect.OPENAI,
        model=model,
        stream=False,
        max_tokens=None,
        needs=frozenset({Service.TRANSCRIPTIONS.value}),
        input_chars=len(prompt),
        options=letter.read_options(None if wishes is None else wishes.encode()),
        service=Service.TRANSCRIPTIONS,
        content_type=letter.content_type,
        body_for=partial(_body_for, form),
        headers=letter.headers,
        most=_most(prompt, form, recording),
    )


def _most(prompt: str, form: Form, recording: Part) -> Usage:
    """Both of what recordings are paid by: their length, and tokens of sound and of words."""
    seconds = most_seconds(form.beginning(recording, HEAD_BYTES), recording.end - recording.value)
    return Usage(
        prompt=len(prompt.encode()) + seconds * _TOKENS_PER_S,
        audio_in=seconds * _TOKENS_PER_S,
        completion=seconds * _TOKENS_PER_S,
        charges=((Charge.SOUND, seconds * 1000),),
        estimated=True,
    )


def _body_for(form: Form, model: str) -> bytes:
    return form.written(without="baton", name="model", value=model)


def _glance(answer: Answer, spec: ProviderSpec) -> Glance:
    """Some models are paid by tokens, which they report; the others by seconds. Subtitles report nothing."""
    if not answer.content_type.startswith(_JSON):
        if answer.content_type.startswith(_PAGE):
            raise malformed("it is HTML")
        chars = len(answer.body.decode("utf-8", "replace"))
        return Glance(id="", model="", usage=None, finish=None, chars=chars, in_tokens=False)
    told = read_told(answer.body, spec)
    if not isinstance(told.text, str):
        raise malformed("there is no text in it")
    usage, seconds = tokens_in(told.usage), _seconds(told)
    return Glance(
        id=told.name,
        model=told.version,
        usage=usage or _heard(seconds, spec),
        finish=None,
        chars=len(told.text),
        in_tokens=usage is not None,
        audio_seconds=seconds,
    )


def _heard(seconds: float | None, spec: ProviderSpec) -> Usage | None:
    """What is paid for by its length."""
    if not seconds:
        return None
    billed_s = max(seconds, spec.quirks.least_sound_s)
    return Usage(charges=((Charge.SOUND, round(billed_s * 1000)),))


def _seconds(told: Told) -> float | None:
    """The length that was billed, else that of the recording; nothing that cannot be one."""
    for seconds in (as_object(told.usage).get("seconds"), told.duration):
        if isinstance(seconds, int | float) and not isinstance(seconds, bool) and 0 <= seconds <= _MOST_S:
            return float(seconds)
    return None


TRANSCRIPTIONS = Task(
    service=Service.TRANSCRIPTIONS, path="/audio/transcriptions", read=_read, glance=_glance
)
