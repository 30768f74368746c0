"""Money as exact integers.

An amount is an `int` of nano-USD (10⁻⁹ USD). A price is an `int` of nano-USD per one million tokens, so
that every published price (2.50 USD per 1M) is a whole number and no float ever touches money.
"""

from decimal import ROUND_HALF_EVEN, Decimal

NANOS_PER_USD = 1_000_000_000
TOKENS_PER_PRICE = 1_000_000


def cost_nanos(count: int, price_nanos: int, per: int = TOKENS_PER_PRICE) -> int:
    """The cost of `count` at so many nano-USD for each `per`, rounded half even to the nano-dollar."""
    whole, rest = divmod(count * price_nanos, per)
    if rest * 2 < per:
        return whole
    return whole + 1 if rest * 2 > per or whole & 1 else whole


def nanos_from_usd(amount: Decimal | str | int) -> int:
    """Nano-USD of a USD amount such as `Decimal("2.50")`, rounded half even.

    Raises:
        decimal.InvalidOperation: the text is not a number.
        ValueError: the amount is not finite.
    """
    value = Decimal(amount)
    if not value.is_finite():
        raise ValueError(f"not an amount of money: {amount}")
    return int((value * NANOS_PER_USD).to_integral_value(rounding=ROUND_HALF_EVEN))


def usd_text(nanos: int) -> str:
    """A plain decimal string in USD, e.g. `0.000154`; `0` for nothing; no exponent, no trailing zeros."""
    sign = "-" if nanos < 0 else ""
    whole, rest = divmod(abs(nanos), NANOS_PER_USD)
    if not rest:
        return f"{sign}{whole}"
    return f"{sign}{whole}.{rest:09d}".rstrip("0")
