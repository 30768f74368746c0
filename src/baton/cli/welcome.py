"""What `baton serve` says once it listens."""

import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from baton.api.auth.links import invitation_link
from baton.app import SIMULATED
from baton.settings import Settings
from baton.upstream.directory import Provider


class Start(Struct, frozen=True, kw_only=True):
    """What there is to say of a start."""

    url: str
    """Where clients reach it, e.g. `http://127.0.0.1:8080`."""
    data_dir: Path
    providers: Iterable[Provider]
    first_key: str | None
    """The first admin's key, if this start made it."""
    first_token: str | None = None
    """Of the invitation to choose the first admin's password, if this start made it."""
    public_url: str | None = None
    """Where browsers find it, if not at `url`."""
    auto_answers: bool
    """Whether there is a model to choose from."""
    called: str
    """How this program was called."""


def welcome(start: Start) -> str:
    """Some lines for a person, with a first request to paste."""
    show_key = f"{_command(start.called)} keys show-first{_data_dir(start.data_dir)}"
    if start.first_key is not None:
        key_line = f"{start.first_key}  (later starts keep it to themselves; see it by: {show_key})"
        key = start.first_key
    else:
        key_line = show_key
        key = f"$({show_key})"
    real = [provider.spec.title for provider in start.providers if _real(provider)]
    model, hint = _model(start)
    providers = ", ".join(real) or "none yet, so the simulated one answers; set OPENAI_API_KEY or another's"
    return f"""
Baton listens at {start.url}
  Data       {start.data_dir.resolve()}
  Providers  {providers}
  Admin key  {key_line}
  API pages  {start.url}/docs{_sign_in(start)}

A first request{hint}:

curl {start.url}/v1/chat/completions \\
  -H "Authorization: Bearer {key}" \\
  -H "Content-Type: application/json" \\
  -d '{{"model": "{model}", "messages": [{{"role": "user", "content": "Hello, Baton!"}}]}}'
"""


def _sign_in(start: Start) -> str:
    """The link by which the first admin chooses a password."""
    if start.first_token is None:
        return ""
    link = invitation_link(start.public_url or start.url, start.first_token)
    again = f"{_command(start.called)} users password admin{_data_dir(start.data_dir)}"
    return f"\n  Password   {link}  (POST one to it, once, within three days; or: {again})"


def _model(start: Start) -> tuple[str, str]:
    """A model that answers, and what has to be said of it."""
    real = [provider for provider in start.providers if _real(provider)]
    if start.auto_answers or not real:
        return "auto", ""
    name = real[0].name
    return f"{name}/NAME", f", with one of {name}'s own models for NAME (the catalog knows none of them)"


def _data_dir(folder: Path) -> str:
    """The option, unless the folder is the one that a command in this place looks at anyway."""
    if folder == Settings.model_fields["data_dir"].default:
        return ""
    return f" --data-dir {shlex.quote(str(folder.resolve()))}"


def _real(provider: Provider) -> bool:
    return provider.configured and provider.name != SIMULATED


def _command(called: str) -> str:
    """How this program was called, as it can be called again from the same folder."""
    if Path(called).suffix == ".py":
        return f"{shlex.quote(sys.executable)} -m baton.cli.main"
    return shlex.quote(called)
