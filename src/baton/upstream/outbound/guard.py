"""Who may be gone to: the public internet, and what an admin allowed besides."""

from collections.abc import Iterable, Sequence
from typing import NoReturn, Self

from msgspec import Struct

from baton.core.errors import Invalid
from baton.upstream.outbound import allowance, target
from baton.upstream.outbound.addresses import Address, is_public
from baton.upstream.outbound.allowance import AllowedName, AllowedNetwork
from baton.upstream.outbound.hosts import is_local_name
from baton.upstream.outbound.resolver import Resolver
from baton.upstream.outbound.target import BadUrl, BadUrlHost, Target

SETTING = "BATON_ALLOWED_HOSTS"

NOT_ALLOWED = "url_not_allowed"
"""The code of a refusal."""


class Admitted(Struct, frozen=True, kw_only=True):
    """A URL that may be gone to."""

    target: Target
    addresses: tuple[Address, ...]
    """The ones that were judged: a connection goes to one of these and to no other. Empty where the host is
    allowed by its name, wherever that leads."""


class Guard(Struct, frozen=True):
    """Says of a URL from outside whether Baton may go there.

    What the environment or the file names as an address (a provider, a proxy) is allowed thereby, and is not
    asked about here.
    """

    names: tuple[AllowedName, ...] = ()
    networks: tuple[AllowedNetwork, ...] = ()

    @classmethod
    def allowing(cls, entries: Iterable[str]) -> Self:
        """One that allows these besides.

        Raises:
            BadAllowance: an entry allows nothing.
        """
        read = tuple(map(allowance.read, entries))
        return cls(
            tuple(each for each in read if isinstance(each, AllowedName)),
            tuple(each for each in read if isinstance(each, AllowedNetwork)),
        )

    async def admit(self, url: str, resolver: Resolver, param: str | None = None) -> Admitted:
        """Look at a URL, and at every address its host has.

        Raises:
            Invalid: it may not be gone to; `param` is the field it stands in.
        """
        try:
            wanted = target.read(url)
        except BadUrl as error:
            refuse(error, param)
        return await self.admit_target(wanted, resolver, param)

    async def admit_target(self, wanted: Target, resolver: Resolver, param: str | None = None) -> Admitted:
        """The same, of a URL already taken apart.

        Raises:
            Invalid: as `admit`.
        """
        host = wanted.host
        if not isinstance(host, str):
            self._judge(wanted, (host,), "it is no public address", param)
            return Admitted(target=wanted, addresses=(host,))
        if self._allows_name(host, wanted.port):
            return Admitted(target=wanted, addresses=())
        if is_local_name(host) and not self.networks:  # such a name may lead to an allowed address
            _refuse_host(host, "its name is one of private networks", param)
        addresses = tuple(await resolver.resolve(host))
        # One sentence for both, so that nobody learns which names there are in here.
        why = "it does not lead to public addresses"
        if not addresses:
            _refuse_host(host, why, param)
        self._judge(wanted, addresses, why, param)
        return Admitted(target=wanted, addresses=addresses)

    def _judge(self, wanted: Target, addresses: Sequence[Address], why: str, param: str | None) -> None:
        """Refuse unless every address is public, or allowed."""
        strange = [each for each in addresses if not self._allows_address(each, wanted.port)]
        if not all(map(is_public, strange)):
            _refuse_host(str(wanted.host), why, param)
        if strange and not wanted.has_usual_port:
            _refuse_host(wanted.authority, f"port {wanted.port} belongs to other services", param)

    def _allows_name(self, name: str, port: int) -> bool:
        return any(each.covers(name, port) for each in self.names)

    def _allows_address(self, address: Address, port: int) -> bool:
        return any(each.covers(address, port) for each in self.networks)


def refuse(error: BadUrl, param: str | None) -> NoReturn:
    """Say what is wrong with a URL.

    Raises:
        Invalid: always.
    """
    if isinstance(error, BadUrlHost) and error.host:
        _refuse_host(error.host, f"it {error}", param)
    raise Invalid(f"The URL is not allowed: it {error}.", code=NOT_ALLOWED, param=param) from None


def _refuse_host(host: str, why: str, param: str | None) -> NoReturn:
    message = f"The host '{host}' is not allowed: {why}. An admin can allow hosts in {SETTING}."
    raise Invalid(message, code=NOT_ALLOWED, param=param)
