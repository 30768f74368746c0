"""Where an attempt goes."""

from collections.abc import Mapping

from msgspec import Struct

from baton.upstream.credential import Credential
from baton.upstream.directory import Provider


class Route(Struct, frozen=True):
    """Where an attempt goes: a provider, one of its keys, and its own word for the model."""

    provider: Provider
    credential: Credential
    model: str

    @property
    def name(self) -> str:
        """`provider/model`."""
        return f"{self.provider.name}/{self.model}"

    def headers(self, callers: Mapping[str, str]) -> dict[str, str]:
        """What a JSON request to it carries; `callers`: those of the caller's own that it may see."""
        headers = {"content-type": "application/json", **self.provider.spec.headers, **callers}
        auth = self.provider.spec.auth
        if self.credential.key:
            headers[auth.header] = f"{auth.scheme} {self.credential.key}".lstrip()
        return headers
