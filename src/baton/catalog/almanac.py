"""What this version of Baton knows of models besides their rows."""

from msgspec import Struct

from baton.catalog.tokens.families import Calibration, packaged_calibration
from baton.catalog.unlisted import UnlistedPrices, packaged_prices


class Almanac(Struct, frozen=True, kw_only=True):
    """How models count tokens, and what those cost that no row is of."""

    calibration: Calibration
    prices: UnlistedPrices


def packaged_almanac() -> Almanac:
    """The one that this version brings; reads files, so call it at start, not in a request."""
    return Almanac(calibration=packaged_calibration(), prices=packaged_prices())
