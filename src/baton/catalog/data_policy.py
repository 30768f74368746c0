"""What becomes of what a provider is sent, as admins state it; edited at run time, as models are."""

from collections.abc import Iterable, Mapping
from typing import Annotated

from msgspec import Meta, Struct

from baton.catalog.model import ProviderName
from baton.core.data_needs import LOCAL, NO_TRAINING, REGION, REGION_PATTERN, DataNeeds
from baton.records.kind import RecordKind

MOST_DAYS = 36_500
"""For which anything is kept: beyond it somebody means for ever."""


class DataPolicy(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """One provider's, by contract or by where it runs. None: nobody has stated it, so nobody relies on it."""

    provider: ProviderName
    local: bool = False
    """Whether it runs on machines of the house."""
    trains_on_data: bool | None = None
    """Whether models are trained on what it is sent."""
    retention_days: Annotated[int, Meta(ge=0, le=MOST_DAYS)] | None = None
    """How long it keeps what it is sent; 0: not at all."""
    agreement_signed: bool = False
    """Whether a data processing agreement is signed with it."""
    region: Annotated[str, Meta(pattern=f"^{REGION_PATTERN}$")] | None = None
    """Where all of it is processed and kept."""


Policies = Mapping[str, DataPolicy]
"""By the provider's name; who is not in it has stated nothing."""

NO_POLICIES: Policies = {}


def data_policies_kind() -> RecordKind[DataPolicy]:
    """The kind `data_policies`; its key is the provider's name."""
    return RecordKind(name="data_policies", type=DataPolicy, key=lambda policy: policy.provider)


class DataPolicies:
    """Those in force: what admins state, and of a part of this process that nobody else has its data."""

    def __init__(self, inside: Iterable[str]) -> None:
        """`inside`: names of providers that live in this process."""
        self._usual = {name: DataPolicy(provider=name, local=True, trains_on_data=False) for name in inside}
        self._current: Policies = self._usual

    def follow(self, stated: Iterable[DataPolicy]) -> None:
        """Have these in force from now on."""
        self._current = self._usual | {policy.provider: policy for policy in stated}

    def current(self) -> Policies:
        """The same object until something is different."""
        return self._current

    def of(self, provider: str) -> DataPolicy:
        """One provider's."""
        return self._current.get(provider) or DataPolicy(provider=provider)


def reason_against_policy(policies: Policies, provider: str, needs: DataNeeds) -> str | None:
    """Why a provider must not be sent what requires this, in words; None: it may."""
    policy = policies.get(provider) or DataPolicy(provider=provider)
    for need in sorted(needs):
        reason = _reason(policy, need)
        if reason is not None:
            return reason
    return None


def _reason(policy: DataPolicy, need: str) -> str | None:
    name = policy.provider
    if need == LOCAL:
        return None if policy.local else f"{name} is not local, as the data policy requires"
    if need == NO_TRAINING:
        if policy.trains_on_data is None:
            return f"nobody has stated that {name} does not train on data, as the data policy requires"
        return f"{name} trains on data, which the data policy rules out" if policy.trains_on_data else None
    wanted = need.removeprefix(REGION)
    if policy.region is None:
        return f"nobody has stated that the data of {name} stays in {wanted}, as the data policy requires"
    if policy.region == wanted or policy.region.startswith(f"{wanted}-"):
        return None
    return f"the data of {name} stays in {policy.region}, not in {wanted}, as the data policy requires"
