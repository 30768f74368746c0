"""Files that a request names by URL and its target cannot fetch: fetched here, and put into the request."""

import asyncio
import base64
from collections.abc import Callable

from msgspec import structs

from baton.core.errors import Invalid
from baton.core.messages import Media, MediaKind, Message, Part, ToolResult
from baton.core.request import ChatRequest
from baton.upstream.outbound.fetcher import Fetched, Fetcher

MOST_FILES = 20
"""Fetched for one request."""

_ACCEPTED: dict[MediaKind, tuple[str, ...]] = {
    MediaKind.IMAGE: ("image/*",),
    MediaKind.AUDIO: ("audio/*",),
    MediaKind.VIDEO: ("video/*",),
    MediaKind.DOCUMENT: ("application/pdf", "text/*"),
}


async def with_files(request: ChatRequest, takes: Callable[[Media], bool], fetcher: Fetcher) -> ChatRequest:
    """The request with the files in it that the target does not take by their URL.

    Raises:
        Invalid: one may not be fetched, or could not be, or there are too many.
    """
    wanted = {
        media.url: (media.kind, f"messages[{at}]")
        for at, message in enumerate(request.messages)
        for media in _named(message)
        if media.url and not takes(media)
    }
    if not wanted:
        return request
    if len(wanted) > MOST_FILES:
        message = f"The model fetches no files, and Baton fetches at most {MOST_FILES} for a request."
        raise Invalid(message, param="messages", code="too_many_files")
    tasks = {
        url: asyncio.create_task(fetcher.fetch(url, param, _ACCEPTED[kind]))
        for url, (kind, param) in wanted.items()
    }
    try:
        await asyncio.gather(*tasks.values())
    finally:  # the first that fails ends the request: the others have no use then
        for task in tasks.values():
            task.cancel()
        await asyncio.gather(*tasks.values(), return_exceptions=True)
    files = {url: task.result() for url, task in tasks.items()}
    messages = tuple(
        structs.replace(message, parts=tuple(_exchanged(part, files) for part in message.parts))
        for message in request.messages
    )
    return structs.replace(request, messages=messages)


def _named(message: Message) -> list[Media]:
    """The files that a message names by URL, those in tool results too."""
    parts: list[Part] = []
    for part in message.parts:
        parts.extend(part.parts if isinstance(part, ToolResult) else (part,))
    return [part for part in parts if isinstance(part, Media) and part.data is None]


def _exchanged(part: Part, files: dict[str, Fetched]) -> Part:
    if isinstance(part, ToolResult):
        return structs.replace(part, parts=tuple(_exchanged(each, files) for each in part.parts))
    if not isinstance(part, Media) or part.url not in files:
        return part
    file = files[part.url]
    data = base64.b64encode(file.data).decode()
    return structs.replace(part, url=None, data=data, media_type=file.media_type)
