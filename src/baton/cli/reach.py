"""Whether the configured providers can be reached, and take their keys."""

import asyncio
import time

from baton.app import SIMULATED, transport
from baton.cli.finding import Finding, State
from baton.core.failures import Kind
from baton.settings import Settings
from baton.upstream.directory import Credential, Directory, Provider, declared
from baton.upstream.http import tls_context
from baton.upstream.listing import can_list, probe
from baton.upstream.route import Route
from baton.upstream.transport import Transport

_OF_THE_KEY = frozenset({Kind.CREDENTIAL, Kind.EXHAUSTED})
PROVIDERS = "providers"
"""The area of all that is found here."""


async def reach(settings: Settings, *, offline: bool) -> list[Finding]:
    """One finding per key of a configured provider, one per provider that is not."""
    directory = Directory(declared(), settings.providers)
    providers = [provider for provider in directory if provider.name != SIMULATED]
    async with transport(settings.http, tls_context(settings.http)) as way:
        asked = [
            _ask(None if offline else way, provider, credential)
            for provider in providers
            if provider.configured
            for credential in provider.credentials or (Credential(""),)
        ]
        found = await asyncio.gather(*asked)
    return [*found, *(_missing(provider) for provider in providers if not provider.configured)]


async def _ask(way: Transport | None, provider: Provider, credential: Credential) -> Finding:
    """Ask for its models, which costs nothing, by the way that requests go too."""
    words = [_shown(credential)]
    if provider.settings.free_tier:
        words.append("free tier")

    def found(state: State, what: str, fix: str | None = None) -> Finding:
        text = ", ".join([*words, what])
        return Finding(area=PROVIDERS, name=provider.name, state=state, what=text, fix=fix)

    if way is None:
        return found(State.OK, "not asked")
    route = Route(provider, credential, "")
    if not can_list(route):
        return found(State.OK, "not asked: its address is of one model")
    began_s = time.monotonic()
    failure = await probe(way, route, time.time())
    if failure is None:
        return found(State.OK, f"reached in {round((time.monotonic() - began_s) * 1000)} ms")
    if failure.status is None:
        said = f"{provider.base_url} cannot be reached: {failure.message}"
        return found(State.BROKEN, said, f"{provider.name.upper()}_BASE_URL, or HTTPS_PROXY")
    if failure.kind in _OF_THE_KEY:
        return found(State.BROKEN, f"refused with {failure.status}", f"{provider.name.upper()}_API_KEY")
    return found(State.WARNING, f"answers {failure.status}")


def _shown(credential: Credential) -> str:
    if not credential.key:
        return "no key needed"
    return f"key …{credential.last4}" if credential.last4 else "a key too short to show any of it"


def _missing(provider: Provider) -> Finding:
    """A provider with a key that still cannot be asked was meant to be used."""
    state, what = State.OFF, "not configured"
    if not provider.settings.enabled:
        what = "switched off"
    elif provider.credentials:
        state, what = State.WARNING, "has a key, and lacks its address"
    return Finding(area=PROVIDERS, name=provider.name, state=state, what=what, fix=provider.missing)
