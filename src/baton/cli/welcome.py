"""What `baton serve` says once it listens."""

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from baton.app import SIMULATED
from baton.upstream.directory import Provider


class Start(Struct, frozen=True, kw_only=True):
    """What there is to say of a start."""

    url: str
    """Where clients reach it, e.g. `http://127.0.0.1:8080`."""
    data_dir: Path
    providers: Iterable[Provider]
    first_key: str | None
    """The first admin's key, if this start made it."""


def welcome(start: Start) -> str:
    """Some lines for a person, with a first request to paste."""
    show_key = f"{_command()} keys show-first --data-dir {shlex.quote(str(start.data_dir.resolve()))}"
    if start.first_key is not None:
        key_line = f"{start.first_key}  (shown once; later: {show_key})"
        key = start.first_key
    else:
        key_line = show_key
        key = f"$({show_key})"
    real = [provider.spec.title for provider in start.providers if _real(provider)]
    providers = ", ".join(real) or "none yet, so the simulated one answers; set OPENAI_API_KEY or another's"
    return f"""
Baton listens at {start.url}
  Data       {start.data_dir.resolve()}
  Providers  {providers}
  Admin key  {key_line}
  API pages  {start.url}/docs

A first request:

curl {start.url}/v1/chat/completions \\
  -H "Authorization: Bearer {key}" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "auto", "messages": [{{"role": "user", "content": "Hello, who are you?"}}]}}'
"""


def _real(provider: Provider) -> bool:
    return provider.configured and provider.name != SIMULATED


def _command() -> str:
    """How this program was called, as it can be called again from the same folder."""
    called = sys.argv[0]
    if Path(called).suffix == ".py":
        return f"{shlex.quote(sys.executable)} -m baton.cli.main"
    return shlex.quote(called)
