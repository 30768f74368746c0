"""The outside of a request: what is needed to route, admit and record it. The path says model and stream."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct, structs

from baton.core.dialect import Dialect
from baton.core.errors import Invalid
from baton.core.estimate import weight_of, weight_of_tools
from baton.core.request import MAX_MODEL_CHARS, ChatRequest, Envelope, Options
from baton.upstream.dialects.google.answers import write_answer
from baton.upstream.dialects.google.array import ArrayWriter
from baton.upstream.dialects.google.contents import ROLES
from baton.upstream.dialects.google.passing import ARRAY
from baton.upstream.dialects.google.requests import read_request
from baton.upstream.dialects.google.streams import StreamWriter
from baton.upstream.dialects.wire import UNREADABLE, invalid, no_json, number

_ABSENT = Raw(b"null")
_EMPTY = (b"null", b"[]", b"{}")
_KEEP_ALIVE = b"\r\n"
"""A blank line: Google's own SDK takes a comment for half a JSON."""


class Asked(Struct, frozen=True):
    """What the path says."""

    model: str
    stream: bool = False
    array: bool = False
    """Whether the stream is one array, and no events."""


class _Blob(Struct):
    mimeType: str | None = None
    mime_type: str | None = None


class _Part(Struct):
    text: str | None = None
    inlineData: _Blob | None = None
    inline_data: _Blob | None = None
    fileData: _Blob | None = None
    file_data: _Blob | None = None
    functionResponse: Raw = _ABSENT
    function_response: Raw = _ABSENT


class _Content(Struct):
    role: str | None = None
    parts: list[_Part] | _Part | None = None


class _Config(Struct):
    temperature: Any = None
    candidateCount: int | None = None
    candidate_count: int | None = None
    maxOutputTokens: int | None = None
    max_output_tokens: int | None = None
    responseMimeType: str | None = None
    response_mime_type: str | None = None


class _Body(Struct):
    contents: list[_Content] | _Content | None = None
    systemInstruction: _Content | str | None = None
    system_instruction: _Content | str | None = None
    generationConfig: _Config | None = None
    generation_config: _Config | None = None
    tools: Raw = _ABSENT
    baton: Raw = _ABSENT


_DECODER = msgspec.json.Decoder(_Body)


def read_envelope(
    body: bytes,
    asked: Asked,
    read_options: Callable[[bytes | None], Options],
    headers: Mapping[str, str],
) -> Envelope:
    """The outside of a request in Google's dialect; its `baton` object is for `read_options`.

    Raises:
        Invalid: no JSON, a field of the wrong kind, no contents, an unknown role.
    """
    if not 0 < len(asked.model) <= MAX_MODEL_CHARS:
        raise Invalid(f"model: expected 1 to {MAX_MODEL_CHARS} characters", param="model")
    try:
        outside = _DECODER.decode(body)
    except msgspec.ValidationError as error:
        raise invalid(error) from None
    except UNREADABLE as error:
        raise no_json(error) from None
    needs: set[str] = set()
    chars = _check_contents(outside.contents, needs)
    for system in (outside.systemInstruction, outside.system_instruction):
        chars += weight_of(system) if isinstance(system, str) else _look(system, needs)
    if asked.stream:
        needs.add("streaming")
    if bytes(outside.tools) not in _EMPTY:
        needs.add("tools")
        chars += weight_of_tools(bytes(outside.tools))
    config = outside.generationConfig or outside.generation_config or _Config()
    media_type = config.responseMimeType or config.response_mime_type
    if media_type is not None and media_type != "text/plain":
        needs.add("json")
    limit = config.maxOutputTokens
    envelope = Envelope(
        dialect=Dialect.GOOGLE,
        model=asked.model,
        body=body,
        stream=asked.stream,
        include_usage=False,  # it comes at the end of every stream, asked for or not
        max_tokens=config.max_output_tokens if limit is None else limit,
        needs=frozenset(needs),
        input_chars=chars,
        answers=max(1, config.candidateCount or config.candidate_count or 1),
        temperature=number(config.temperature),
        options=read_options(inside if (inside := bytes(outside.baton)) != b"null" else None),
        headers=headers,
        read=_reader(asked),
        write=write_answer,
        writer=StreamWriter,
        keep_alive=_KEEP_ALIVE,
    )
    if not asked.array:
        return envelope
    return structs.replace(envelope, writer=ArrayWriter, stream_type=ARRAY, opening=b"[")


def _reader(asked: Asked) -> Callable[[bytes], ChatRequest]:
    def read(body: bytes) -> ChatRequest:
        return read_request(body, asked.model, stream=asked.stream)

    return read


def _check_contents(contents: list[_Content] | _Content | None, needs: set[str]) -> int:
    """Refuse what no provider could mean; collect what the parts need; return the characters of text."""
    if not contents:
        raise Invalid("contents: contents is not specified", param="contents")
    chars = 0
    for at, content in enumerate(contents if isinstance(contents, list) else [contents]):
        if content.role and content.role.lower() not in ROLES:
            raise Invalid("Please use a valid role: user, model.", param=f"contents[{at}].role")
        chars += _look(content, needs)
    return chars


def _look(content: _Content | None, needs: set[str]) -> int:
    if content is None or content.parts is None:
        return 0
    chars = 0
    for part in content.parts if isinstance(content.parts, list) else [content.parts]:
        if part.text is not None:
            chars += weight_of(part.text)
        else:
            _need(part, needs)
            chars += len(bytes(part.functionResponse)) + len(bytes(part.function_response)) - 8
    return chars


def _need(part: _Part, needs: set[str]) -> None:
    blob = part.inlineData or part.inline_data or part.fileData or part.file_data
    if blob is None:
        return
    media_type = blob.mimeType or blob.mime_type or ""
    if media_type.startswith("image/"):
        needs.add("vision")
    elif media_type.startswith("audio/"):
        needs.add("audio")
