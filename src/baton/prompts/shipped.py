"""The prompts and personas that a new installation begins with: each a file that can be read."""

import tomllib
from importlib.resources import files
from typing import Any

import msgspec
from msgspec import Struct

from baton.prompts.persona import Persona
from baton.prompts.prompt import PRODUCTION, Prompt, PromptVersion


class _PromptFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A prompt with its newest version; a file that is changed gets the next number."""

    name: str
    description: str
    number: int = 1
    version: dict[str, Any]


def shipped_prompts() -> tuple[tuple[Prompt, PromptVersion], ...]:
    """Each with its version in production; reads files, so call it at start."""
    return tuple(_prompt(text) for text in _files("prompts"))


def shipped_personas() -> tuple[Persona, ...]:
    """All of them; reads files, so call it at start."""
    return tuple(msgspec.convert(tomllib.loads(text), Persona) for text in _files("personas"))


def _prompt(text: str) -> tuple[Prompt, PromptVersion]:
    read = msgspec.convert(tomllib.loads(text), _PromptFile)
    prompt = Prompt(name=read.name, description=read.description, labels={PRODUCTION: read.number})
    version = msgspec.convert({**read.version, "name": read.name, "version": read.number}, PromptVersion)
    return prompt, version


def _files(folder: str) -> list[str]:
    found = files("baton.prompts").joinpath("data", folder)
    return [each.read_text("utf-8") for each in sorted(found.iterdir(), key=lambda each: each.name)]
