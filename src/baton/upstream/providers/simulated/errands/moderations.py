"""Moderations: a text that names a category is flagged in it."""

import hashlib
from typing import Any

import msgspec
from msgspec import Struct

from baton.core.usage import Usage
from baton.upstream.dialects.wire import as_object, as_text
from baton.upstream.providers.simulated.errands.deed import Deed, Deeds, Request, read
from baton.upstream.providers.simulated.words import tokens

_CATEGORIES = (
    "harassment",
    "harassment/threatening",
    "hate",
    "hate/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/instructions",
    "self-harm/intent",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)
_SURE = 0.97
_UNSURE = 0.01
_ID_DIGITS = 12


class _Body(Struct):
    input: str | list[str | dict[str, Any]]
    model: str = "moderation"


def _do(request: Request) -> Deed:
    asked = read(request, _Body)
    said = [asked.input] if isinstance(asked.input, str) else asked.input
    texts = [each for each in said if isinstance(each, str)]
    parts = [each for each in said if not isinstance(each, str)]
    if parts:  # all parts together are one thing to judge
        texts.append(" ".join(as_text(as_object(part).get("text")) or "" for part in parts))
    digest = hashlib.sha256(request.body).hexdigest()[:_ID_DIGITS]
    body = {"id": f"modr-{digest}", "model": asked.model, "results": [_judged(text) for text in texts]}
    count = sum(len(tokens(text)) for text in texts)
    return Deed(model=asked.model, body=msgspec.json.encode(body), usage=Usage(prompt=count))


def _judged(text: str) -> dict[str, Any]:
    lower = text.lower()
    flags = {category: category in lower for category in _CATEGORIES}
    return {
        "flagged": any(flags.values()),
        "categories": flags,
        "category_scores": {category: _SURE if flag else _UNSURE for category, flag in flags.items()},
        "category_applied_input_types": {category: ["text"] for category in _CATEGORIES},
    }


MODERATIONS = Deeds(path_end="/moderations", do=_do)
