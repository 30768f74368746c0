"""How health is judged, and how it is found out when nobody asks."""

from msgspec import Struct


class HealthSettings(Struct, frozen=True, kw_only=True):
    """The settings of health."""

    window_s: float = 600.0
    """Over how long the status looks back; 60 to 3600, in steps of a minute."""
    probe_every_s: float = 120.0
    """After how long unasked a provider is probed; 0: never."""
    save_every_s: float = 30.0
    """How often sums go to the database."""
    closing_s: float = 5.0
    """How long closing waits for the database."""
