"""What several processes count, as one."""

from collections.abc import Callable, Iterable
from fractions import Fraction

from baton.api.fleet.exposition import Family, Sample

Addition = Callable[[Iterable[Fraction]], Fraction]
"""Makes one value of several; at least one is given."""


def total(values: Iterable[Fraction]) -> Fraction:
    """All together."""
    return sum(values, Fraction())


GAUGES: dict[str, Addition] = {
    # Each process has its own, and they add up.
    "baton_requests_under_way": total,
    "baton_ledger_waiting_rows": total,
    "baton_queue_depth": total,
    "process_virtual_memory_bytes": total,
    "process_resident_memory_bytes": total,
    "process_open_fds": total,
    "process_max_fds": total,  # like the open ones, with which it is compared
    # All know the same; a sum would say it several times over.
    "baton_build": max,
    "baton_alerts_open": max,
    "baton_provider_configured": max,
    "python_info": max,
    # Each sees a part of it. What is told is the worst that any of them has seen.
    "baton_ledger_trouble": max,
    "baton_counts_alone": max,
    "baton_provider_credentials_marked": max,
    "baton_breaker_state": max,
    "baton_health_error_rate": max,
    "baton_health_latency_seconds": max,
    "baton_health_first_token_seconds": max,
    "baton_health": min,
    "baton_health_uptime": min,
    # When all of it began.
    "process_start_time_seconds": min,
}
"""How the values of several processes become one, for each metric that is not counted upwards."""


def summed(expositions: Iterable[Iterable[Family]]) -> tuple[Family, ...]:
    """All of them as one: counted things are added, the others as `GAUGES` has it, or else added, too."""
    found: dict[str, tuple[Family, dict[tuple[str, tuple[tuple[str, str], ...]], list[Fraction]]]] = {}
    for families in expositions:
        for family in families:
            _, values = found.setdefault(family.name, (family, {}))
            for sample in family.samples:
                values.setdefault((sample.name, sample.labels), []).append(sample.value)
    return tuple(
        Family(
            family.name,
            family.text,
            family.kind,
            tuple(Sample(*key, GAUGES.get(family.name, total)(each)) for key, each in values.items()),
        )
        for family, values in found.values()
    )
