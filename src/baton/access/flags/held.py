"""What the environment says of flags: it wins over the records while it says it."""

from collections.abc import Mapping

from msgspec import Struct, structs

from baton.access.flags.flag import MULTI_LLM, ROUTER_V2, Flag
from baton.core.errors import Conflict


class HeldFlags(Struct, frozen=True, kw_only=True):
    """What is said there; None, or a tier that is not in it: nothing."""

    multi_llm: bool | None = None
    """`ENABLE_MULTI_LLM`."""
    multi_llm_tiers: Mapping[str, bool] = {}
    """`MULTI_LLM_<TIER>_TIER`, by the tier's own name."""
    router_v2: bool | None = None
    """`LLM_ROUTER_VERSION`: `v2` is on."""

    def over(self, flag: Flag) -> Flag:
        """The flag with what is held of it."""
        enabled = {MULTI_LLM: self.multi_llm, ROUTER_V2: self.router_v2}.get(flag.name)
        if enabled is not None:
            flag = structs.replace(flag, enabled=enabled)
        if flag.name == MULTI_LLM and self.multi_llm_tiers:
            off = {tier for tier, on in self.multi_llm_tiers.items() if not on}
            kept = flag.off_for_tiers - self.multi_llm_tiers.keys()
            flag = structs.replace(flag, off_for_tiers=kept | off)
        return flag

    def variables(self, name: str) -> tuple[str, ...]:
        """The variables that hold something of a flag."""
        if name == ROUTER_V2:
            return () if self.router_v2 is None else ("LLM_ROUTER_VERSION",)
        if name != MULTI_LLM:
            return ()
        whole = () if self.multi_llm is None else ("ENABLE_MULTI_LLM",)
        return (*whole, *(f"MULTI_LLM_{tier.upper()}_TIER" for tier in sorted(self.multi_llm_tiers)))

    def check(self, wanted: Flag) -> None:
        """Refuse what would not come to pass.

        Raises:
            Conflict: the environment says otherwise (code `held_by_environment`).
        """
        if self.over(wanted) != wanted:
            raise Conflict(
                f"The environment holds the flag '{wanted.name}' ({', '.join(self.variables(wanted.name))});"
                " unset it there and start Baton anew to change this here.",
                code="held_by_environment",
            )


NOTHING_HELD = HeldFlags()
